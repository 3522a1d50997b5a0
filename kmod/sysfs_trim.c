// SPDX-License-Identifier: GPL-2.0
/*
 * The files about trimming: trim, and of each process trim and trimmed_bytes.
 */
#include <linux/sysfs.h>

#include "knobs.h"
#include "record.h"
#include "sysfs.h"
#include "trim.h"

/**
 * weir_sysfs_number() - read a number that was written to a file
 * @buf: what was written; one newline may end it
 * @count: its length
 * @is_size: whether K, M and G are understood
 * @max: the largest number accepted; the smallest is 0
 * @number: where it goes
 *
 * Return: 0, -EINVAL or -ERANGE.
 */
int weir_sysfs_number(const char *buf, size_t count, bool is_size, s64 max, u64 *number)
{
	s64 value;
	int ret;

	if (count && buf[count - 1] == '\n')
		count--;
	if (count > WEIR_KNOB_TEXT_MAX)
		return -EINVAL;
	ret = weir_number_parse(buf, count, is_size, &value);
	if (ret)
		return ret;
	if (value < 0 || value > max)
		return -ERANGE;
	*number = value;
	return 0;
}

static ssize_t trim_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	u64 keep;

	if (weir_trim_is_pending(weir_record_of(kobj), &keep))
		return sysfs_emit(buf, "%llu\n", keep);
	return sysfs_emit(buf, "none\n");
}

static ssize_t trim_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf,
			  size_t count)
{
	struct weir_record *rec = weir_record_of(kobj);
	u64 keep;
	int ret;

	ret = weir_process_may_write(rec);
	if (!ret)
		ret = weir_sysfs_number(buf, count, true, WEIR_TRIM_KEEP_MAX, &keep);
	if (ret)
		return ret;
	weir_trim_request(rec, keep, WEIR_PRESSURE_NONE);
	return count;
}

static ssize_t trimmed_bytes_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct weir_record *rec = weir_record_of(kobj);

	weir_notify_watch(rec, WEIR_NOTIFY_TRIMMED);
	return sysfs_emit(buf, "%llu\n", weir_trim_bytes(rec));
}

static struct kobj_attribute weir_trim_attr = __ATTR(trim, 0600, trim_show, trim_store);
static struct kobj_attribute weir_trimmed_bytes_attr = __ATTR(trimmed_bytes, 0400,
							      trimmed_bytes_show, NULL);

static struct attribute *weir_process_trim_list[] = {
	&weir_trim_attr.attr,
	&weir_trimmed_bytes_attr.attr,
	NULL,
};

const struct attribute_group weir_process_trim_group = {
	.attrs = weir_process_trim_list,
};

static ssize_t weir_trim_all_store(struct kobject *kobj, struct kobj_attribute *attr,
				   const char *buf, size_t count)
{
	u64 keep;
	int ret;

	ret = weir_sysfs_number(buf, count, true, WEIR_TRIM_KEEP_MAX, &keep);
	if (ret)
		return ret;
	weir_trim_request_all(keep);
	return count;
}

static struct kobj_attribute weir_trim_all_attr = __ATTR(trim, 0200, NULL, weir_trim_all_store);

static struct attribute *weir_trim_list[] = {
	&weir_trim_all_attr.attr,
	NULL,
};

const struct attribute_group weir_trim_group = {
	.attrs = weir_trim_list,
};
