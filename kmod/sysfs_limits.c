// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/mm/weir/limits
 */
#include <linux/init.h>
#include <linux/sysfs.h>

#include "knobs.h"
#include "limits.h"
#include "sysfs.h"
#include "users.h"

#define WEIR_LIMIT_NAME_LEN	32

/* Two files for each knob: its minimum at 2 * knob, its maximum behind it. */
#define WEIR_LIMIT_NR		(2 * WEIR_KNOB_NR)

static char weir_limit_names[WEIR_LIMIT_NR][WEIR_LIMIT_NAME_LEN];
static struct weir_attribute weir_limit_attrs[WEIR_LIMIT_NR];
static struct attribute *weir_limit_list[WEIR_LIMIT_NR + 2];

const struct attribute_group weir_limits_group = {
	.name = "limits",
	.attrs = weir_limit_list,
};

static ssize_t weir_limit_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	unsigned int index = weir_attribute_index(attr), knob = index / 2;

	return weir_knob_emit(knob, weir_limits_read(knob, index % 2), buf);
}

static ssize_t weir_limit_store(struct kobject *kobj, struct kobj_attribute *attr,
				const char *buf, size_t count)
{
	unsigned int index = weir_attribute_index(attr);
	int ret = weir_limits_store(index / 2, index % 2, buf, count);

	return ret ?: count;
}

static ssize_t processes_per_uid_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", weir_users_limit());
}

static ssize_t processes_per_uid_store(struct kobject *kobj, struct kobj_attribute *attr,
				       const char *buf, size_t count)
{
	int ret = weir_users_store_limit(buf, count);

	return ret ?: count;
}

static struct kobj_attribute weir_processes_per_uid_attr = __ATTR_RW(processes_per_uid);

void __init weir_sysfs_limits_init(void)
{
	unsigned int i;

	for (i = 0; i < WEIR_LIMIT_NR; i++) {
		snprintf(weir_limit_names[i], WEIR_LIMIT_NAME_LEN, "%s_%s",
			 weir_knobs[i / 2].name, i % 2 ? "max" : "min");
		weir_attribute_init(&weir_limit_attrs[i], weir_limit_names[i], i, weir_limit_show,
				    weir_limit_store);
		weir_limit_list[i] = &weir_limit_attrs[i].kobj_attr.attr;
	}
	weir_limit_list[WEIR_LIMIT_NR] = &weir_processes_per_uid_attr.attr;
}
