// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/mm/weir: the system defaults, the totals, and the directories of other files.
 */
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/sysfs.h>

#include "defaults.h"
#include "registry.h"
#include "sysfs.h"

static struct kobject *weir_kobj;
struct kobject *weir_processes;

static const char * const weir_counter_names[WEIR_COUNTER_NR] = {
	[WEIR_COUNTER_MINFLT] = "minflt",
	[WEIR_COUNTER_MAJFLT] = "majflt",
	[WEIR_COUNTER_HEAP_MINFLT] = "heap_minflt",
	[WEIR_COUNTER_HEAP_MAJFLT] = "heap_majflt",
	[WEIR_COUNTER_MMAP_MINFLT] = "mmap_minflt",
	[WEIR_COUNTER_MMAP_MAJFLT] = "mmap_majflt",
};

/* @store may be NULL: a file to read. */
void __init weir_attribute_init(struct weir_attribute *attr, const char *name, unsigned int index,
				weir_show_t show, weir_store_t store)
{
	attr->kobj_attr.attr.name = name;
	attr->kobj_attr.attr.mode = store ? 0644 : 0444;
	attr->kobj_attr.show = show;
	attr->kobj_attr.store = store;
	attr->index = index;
}

/* A file for each knob: WEIR_KNOB_NR attributes, listed in @list.  @store may be NULL. */
void __init weir_attributes_init_knobs(struct weir_attribute *attrs, struct attribute **list,
				       weir_show_t show, weir_store_t store)
{
	unsigned int i;

	for (i = 0; i < WEIR_KNOB_NR; i++) {
		weir_attribute_init(&attrs[i], weir_knobs[i].name, i, show, store);
		list[i] = &attrs[i].kobj_attr.attr;
	}
}

/* A file for each counter: WEIR_COUNTER_NR attributes, listed in @list. */
void __init weir_attributes_init_counters(struct weir_attribute *attrs, struct attribute **list,
					  weir_show_t show)
{
	unsigned int i;

	for (i = 0; i < WEIR_COUNTER_NR; i++) {
		weir_attribute_init(&attrs[i], weir_counter_names[i], i, show, NULL);
		list[i] = &attrs[i].kobj_attr.attr;
	}
}

static ssize_t weir_default_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	unsigned int knob = weir_attribute_index(attr);

	return weir_knob_emit(knob, weir_defaults_read(knob), buf);
}

static ssize_t weir_default_store(struct kobject *kobj, struct kobj_attribute *attr,
				  const char *buf, size_t count)
{
	int ret = weir_defaults_store(weir_attribute_index(attr), buf, count);

	return ret ?: count;
}

static ssize_t weir_total_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct weir_faults faults;

	weir_registry_read_faults(&faults);
	return sysfs_emit(buf, "%llu\n", ((u64 *)&faults)[weir_attribute_index(attr)]);
}

static ssize_t attached_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", weir_registry_attached());
}

static ssize_t attaches_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", weir_registry_attaches());
}

static struct kobj_attribute weir_attached_attr = __ATTR_RO(attached);
static struct kobj_attribute weir_attaches_attr = __ATTR_RO(attaches);

static struct weir_attribute weir_default_attrs[WEIR_KNOB_NR];
static struct attribute *weir_default_list[WEIR_KNOB_NR + 1];
static struct weir_attribute weir_total_attrs[WEIR_COUNTER_NR];
static struct attribute *weir_stats_list[WEIR_COUNTER_NR + 3];

static const struct attribute_group weir_default_group = {
	.name = "defaults",
	.attrs = weir_default_list,
};

static const struct attribute_group weir_stats_group = {
	.name = "stats",
	.attrs = weir_stats_list,
};

static const struct attribute_group *weir_groups[] = {
	&weir_default_group,
	&weir_limits_group,
	&weir_stats_group,
	&weir_trim_group,
	&weir_watch_group,
	NULL,
};

static void __init weir_global_attributes_init(void)
{
	weir_attributes_init_knobs(weir_default_attrs, weir_default_list, weir_default_show,
				   weir_default_store);
	weir_attributes_init_counters(weir_total_attrs, weir_stats_list, weir_total_show);
	weir_stats_list[WEIR_COUNTER_NR] = &weir_attached_attr.attr;
	weir_stats_list[WEIR_COUNTER_NR + 1] = &weir_attaches_attr.attr;
}

/* Wake the pollers of a file of the module's own directory, which outlives all records. */
void weir_sysfs_notify(const char *file)
{
	sysfs_notify(weir_kobj, NULL, file);
}

int __init weir_sysfs_init(void)
{
	int ret = -ENOMEM;

	weir_global_attributes_init();
	weir_sysfs_process_init();
	weir_sysfs_limits_init();
	weir_kobj = kobject_create_and_add("weir", mm_kobj);
	if (!weir_kobj)
		return -ENOMEM;
	weir_processes = kobject_create_and_add("processes", weir_kobj);
	if (!weir_processes)
		goto put_weir;
	ret = weir_sysfs_profiles_init(weir_kobj);
	if (ret)
		goto put_processes;
	ret = sysfs_create_groups(weir_kobj, weir_groups);
	if (ret)
		goto exit_profiles;
	return 0;

exit_profiles:
	weir_sysfs_profiles_exit();
put_processes:
	kobject_put(weir_processes);
put_weir:
	kobject_put(weir_kobj);
	return ret;
}

void weir_sysfs_exit(void)
{
	sysfs_remove_groups(weir_kobj, weir_groups);
	weir_sysfs_profiles_exit();
	kobject_put(weir_processes);
	kobject_put(weir_kobj);
}
