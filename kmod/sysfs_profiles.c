// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/mm/weir/profiles
 */
#include <linux/init.h>
#include <linux/sysfs.h>

#include "limits.h"
#include "profiles.h"
#include "sysfs.h"

struct kobject *weir_profiles;

static struct weir_profile *weir_profile_of(struct kobject *kobj)
{
	return container_of(kobj, struct weir_profile, kobj);
}

static ssize_t weir_profile_knob_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	unsigned int knob = weir_attribute_index(attr);
	s64 value;
	u8 source;

	if (!weir_knob_layer_read(&weir_profile_of(kobj)->knobs, knob, &value, &source))
		return sysfs_emit(buf, "default\n");
	return weir_knob_emit(knob, weir_limits_clamp(knob, value), buf);
}

static ssize_t weir_profile_knob_store(struct kobject *kobj, struct kobj_attribute *attr,
				       const char *buf, size_t count)
{
	int ret = weir_profile_store_knob(weir_profile_of(kobj), weir_attribute_index(attr), buf,
					  count);

	return ret ?: count;
}

static ssize_t match_comm_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	const struct weir_match *match;
	ssize_t ret;

	rcu_read_lock();
	match = rcu_dereference(weir_profile_of(kobj)->match);
	ret = sysfs_emit(buf, "%s\n", match ? match->comm : "");
	rcu_read_unlock();
	return ret;
}

static ssize_t match_comm_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf,
				size_t count)
{
	int ret = weir_profile_store_match(weir_profile_of(kobj), buf, count,
					   weir_match_parse_comm);

	return ret ?: count;
}

static ssize_t match_cgroup_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	const struct weir_match *match;
	ssize_t ret;

	rcu_read_lock();
	match = rcu_dereference(weir_profile_of(kobj)->match);
	ret = sysfs_emit(buf, "%s\n", match ? match->cgroup : "");
	rcu_read_unlock();
	return ret;
}

static ssize_t match_cgroup_store(struct kobject *kobj, struct kobj_attribute *attr,
				  const char *buf, size_t count)
{
	int ret = weir_profile_store_match(weir_profile_of(kobj), buf, count,
					   weir_match_parse_cgroup);

	return ret ?: count;
}

static ssize_t create_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf,
			    size_t count)
{
	int ret = weir_profiles_create(buf, count);

	return ret ?: count;
}

static ssize_t remove_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf,
			    size_t count)
{
	int ret = weir_profiles_remove(buf, count);

	return ret ?: count;
}

static struct kobj_attribute weir_match_comm_attr = __ATTR_RW(match_comm);
static struct kobj_attribute weir_match_cgroup_attr = __ATTR_RW(match_cgroup);
static struct kobj_attribute weir_create_attr = __ATTR(create, 0200, NULL, create_store);
static struct kobj_attribute weir_remove_attr = __ATTR(remove, 0200, NULL, remove_store);

static struct weir_attribute weir_profile_attrs[WEIR_KNOB_NR];
static struct attribute *weir_profile_list[WEIR_KNOB_NR + 3];

static const struct attribute_group weir_profile_group = {
	.attrs = weir_profile_list,
};

static const struct attribute_group *weir_profile_groups[] = {
	&weir_profile_group,
	NULL,
};

struct kobj_type weir_profile_ktype = {
	.release = weir_profile_release,
	.sysfs_ops = &kobj_sysfs_ops,
	.default_groups = weir_profile_groups,
};

static const struct attribute *weir_profiles_files[] = {
	&weir_create_attr.attr,
	&weir_remove_attr.attr,
	NULL,
};

int __init weir_sysfs_profiles_init(struct kobject *parent)
{
	int ret;

	weir_attributes_init_knobs(weir_profile_attrs, weir_profile_list, weir_profile_knob_show,
				   weir_profile_knob_store);
	weir_profile_list[WEIR_KNOB_NR] = &weir_match_comm_attr.attr;
	weir_profile_list[WEIR_KNOB_NR + 1] = &weir_match_cgroup_attr.attr;
	weir_profiles = kobject_create_and_add("profiles", parent);
	if (!weir_profiles)
		return -ENOMEM;
	ret = sysfs_create_files(weir_profiles, weir_profiles_files);
	if (ret)
		kobject_put(weir_profiles);
	return ret;
}

/* Whoever is making or removing a profile is waited for. */
void weir_sysfs_profiles_exit(void)
{
	sysfs_remove_files(weir_profiles, weir_profiles_files);
	weir_profiles_exit();
	kobject_put(weir_profiles);
}
