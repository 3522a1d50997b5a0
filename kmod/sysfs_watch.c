// SPDX-License-Identifier: GPL-2.0
/*
 * The files that a monitor waits on: pressure and pressure_events, of the machine and of each
 * process, and notify_minflt_rate.
 */
#include <linux/sysfs.h>

#include "notify.h"
#include "pressure.h"
#include "record.h"
#include "sysfs.h"

static ssize_t pressure_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct weir_record *rec = weir_record_of(kobj);

	weir_notify_watch(rec, WEIR_NOTIFY_PRESSURE);
	return sysfs_emit(buf, "%s\n", weir_pressure_name(READ_ONCE(rec->pressure.level)));
}

static ssize_t pressure_events_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", READ_ONCE(weir_record_of(kobj)->pressure.events));
}

static ssize_t notify_minflt_rate_show(struct kobject *kobj, struct kobj_attribute *attr,
				       char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(weir_record_of(kobj)->notify.minflt_rate));
}

static ssize_t notify_minflt_rate_store(struct kobject *kobj, struct kobj_attribute *attr,
					const char *buf, size_t count)
{
	struct weir_record *rec = weir_record_of(kobj);
	u64 rate;
	int ret;

	ret = weir_process_may_write(rec);
	if (!ret)
		ret = weir_sysfs_number(buf, count, false, WEIR_NOTIFY_RATE_MAX, &rate);
	if (ret)
		return ret;
	weir_notify_set_rate(rec, rate);
	return count;
}

static struct kobj_attribute weir_pressure_attr = __ATTR(pressure, 0400, pressure_show, NULL);
static struct kobj_attribute weir_pressure_events_attr = __ATTR(pressure_events, 0400,
								pressure_events_show, NULL);
static struct kobj_attribute weir_notify_attr = __ATTR(notify_minflt_rate, 0600,
						       notify_minflt_rate_show,
						       notify_minflt_rate_store);

static struct attribute *weir_process_watch_list[] = {
	&weir_pressure_attr.attr,
	&weir_pressure_events_attr.attr,
	&weir_notify_attr.attr,
	NULL,
};

const struct attribute_group weir_process_watch_group = {
	.attrs = weir_process_watch_list,
};

static ssize_t weir_machine_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	u64 events;

	return sysfs_emit(buf, "%s\n", weir_pressure_name(weir_pressure_global(&events)));
}

static ssize_t weir_machine_events_show(struct kobject *kobj, struct kobj_attribute *attr,
					char *buf)
{
	u64 events;

	weir_pressure_global(&events);
	return sysfs_emit(buf, "%llu\n", events);
}

static struct kobj_attribute weir_machine_attr = __ATTR(pressure, 0444, weir_machine_show, NULL);
static struct kobj_attribute weir_machine_events_attr = __ATTR(pressure_events, 0444,
							       weir_machine_events_show, NULL);

static struct attribute *weir_watch_list[] = {
	&weir_machine_attr.attr,
	&weir_machine_events_attr.attr,
	NULL,
};

const struct attribute_group weir_watch_group = {
	.attrs = weir_watch_list,
};
