// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/mm/weir/processes/<pid>: one attached process.
 *
 * A show or store runs with the directory's files held active, which weir_registry_reap() waits for
 * before the record is destroyed: the record and its page are there as long as it runs.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/init.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sysfs.h>

#include "compat.h"
#include "record.h"
#include "sysfs.h"

static ssize_t weir_knob_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	unsigned int knob = weir_attribute_index(attr);

	return weir_knob_emit(knob, READ_ONCE(weir_record_of(kobj)->effective.value[knob]), buf);
}

static ssize_t weir_source_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	u8 source = READ_ONCE(weir_record_of(kobj)->effective.source[weir_attribute_index(attr)]);

	return sysfs_emit(buf, "%s\n", weir_source_name(source));
}

/*
 * The file's mode lets its owner in, who the process belonged to when it attached.  A process
 * that became somebody else's since is not steered by its old owner.
 */
int weir_process_may_write(struct weir_record *rec)
{
	struct task_struct *task;
	int ret = -ESRCH;

	if (capable(CAP_SYS_ADMIN))
		return 0;
	rcu_read_lock();
	task = pid_task(rec->pid, PIDTYPE_TGID);
	if (task)
		ret = uid_eq(task_euid(task), current_euid()) ? 0 : -EPERM;
	rcu_read_unlock();
	return ret;
}

static ssize_t weir_knob_store(struct kobject *kobj, struct kobj_attribute *attr,
			       const char *buf, size_t count)
{
	struct weir_record *rec = weir_record_of(kobj);
	unsigned int knob = weir_attribute_index(attr);
	struct weir_knob_change change = { .source = WEIR_SOURCE_SYSFS };
	s64 value[WEIR_KNOB_NR];
	int ret;

	ret = weir_process_may_write(rec);
	if (ret)
		return ret;
	ret = weir_knob_parse(knob, buf, count, &value[knob]);
	if (ret < 0)
		return ret;
	if (ret == WEIR_KNOB_RESET)
		change.default_mask = 1u << knob;
	else
		change.set_mask = 1u << knob;
	change.value = value;
	weir_record_change_knobs(rec, &change);
	return count;
}

/*
 * As for a knob.  A name that no profile has is refused here, where it is rather a mistake, though
 * not in WEIR_IOC_ATTACH, where the profile may come later.
 */
static ssize_t profile_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf,
			     size_t count)
{
	struct weir_record *rec = weir_record_of(kobj);
	struct weir_profile_choice choice;
	int ret;

	ret = weir_process_may_write(rec);
	if (ret)
		return ret;
	ret = weir_profile_choice_parse(&choice, buf, count);
	if (ret)
		return ret;
	if (choice.kind == WEIR_CHOICE_NAME && !weir_profiles_has(choice.name))
		return -ENOENT;
	weir_record_choose_profile(rec, &choice);
	return count;
}

static ssize_t profile_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	char name[WEIR_PROFILE_NAME_LEN];

	weir_record_profile_name(weir_record_of(kobj), name);
	return sysfs_emit(buf, "%s\n", name);
}

static ssize_t weir_counter_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct weir_record *rec = weir_record_of(kobj);
	struct weir_ctlpage *page = rec->page;

	if (weir_attribute_index(attr) == WEIR_COUNTER_MINFLT)
		weir_notify_watch(rec, WEIR_NOTIFY_MINFLT);
	return sysfs_emit(buf, "%llu\n",
			  (u64)atomic64_read(weir_ctlpage_counter(page,
								  weir_attribute_index(attr))));
}

/* As the process is called now, not when it attached. */
static ssize_t comm_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct task_struct *task = get_pid_task(weir_record_of(kobj)->pid, PIDTYPE_TGID);
	char comm[TASK_COMM_LEN];

	if (!task)
		return -ESRCH;
	get_task_comm(comm, task);
	put_task_struct(task);
	return sysfs_emit(buf, "%s\n", comm);
}

static struct kobj_attribute weir_comm_attr = __ATTR_RO(comm);
static struct kobj_attribute weir_profile_attr = __ATTR_RW(profile);

static struct weir_attribute weir_knob_attrs[WEIR_KNOB_NR];
static struct attribute *weir_knob_list[WEIR_KNOB_NR + 1];
static struct weir_attribute weir_source_attrs[WEIR_KNOB_NR];
static struct attribute *weir_source_list[WEIR_KNOB_NR + 1];
static struct weir_attribute weir_counter_attrs[WEIR_COUNTER_NR];
static struct attribute *weir_counter_list[WEIR_COUNTER_NR + 3];

static const struct attribute_group weir_knob_group = {
	.attrs = weir_knob_list,
};

static const struct attribute_group weir_counter_group = {
	.attrs = weir_counter_list,
};

static const struct attribute_group weir_source_group = {
	.name = "source",
	.attrs = weir_source_list,
};

static const struct attribute_group *weir_process_groups[] = {
	&weir_knob_group,
	&weir_counter_group,
	&weir_process_trim_group,
	&weir_process_figure_group,
	&weir_process_watch_group,
	&weir_source_group,
	NULL,
};

static void weir_process_ownership(WEIR_OWNERSHIP_CONST struct kobject *kobj, kuid_t *uid,
				   kgid_t *gid)
{
	const struct weir_record *rec = container_of(kobj, struct weir_record, kobj);

	*uid = rec->uid;
	*gid = rec->gid;
}

struct kobj_type weir_process_ktype = {
	.release = weir_record_release,
	.sysfs_ops = &kobj_sysfs_ops,
	.default_groups = weir_process_groups,
	.get_ownership = weir_process_ownership,
};

/* A process's record is its owner's business. */
static void __init weir_attributes_make_private(struct attribute **list)
{
	for (; *list; list++)
		(*list)->mode &= 0700;
}

void __init weir_sysfs_process_init(void)
{
	size_t i;

	weir_attributes_init_knobs(weir_knob_attrs, weir_knob_list, weir_knob_show,
				   weir_knob_store);
	weir_attributes_init_knobs(weir_source_attrs, weir_source_list, weir_source_show, NULL);
	weir_attributes_init_counters(weir_counter_attrs, weir_counter_list, weir_counter_show);
	weir_counter_list[WEIR_COUNTER_NR] = &weir_comm_attr.attr;
	weir_counter_list[WEIR_COUNTER_NR + 1] = &weir_profile_attr.attr;
	for (i = 0; weir_process_groups[i]; i++)
		weir_attributes_make_private(weir_process_groups[i]->attrs);
}
