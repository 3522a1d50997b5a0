/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /sys/kernel/mm/weir
 */
#ifndef _WEIR_SYSFS_H
#define _WEIR_SYSFS_H

#include <linux/kobject.h>
#include <linux/weir.h>

#include "ctlpage.h"

struct weir_record;

/* A file for a knob or a counter. */
struct weir_attribute {
	struct kobj_attribute kobj_attr;
	unsigned int index;		/* enum weir_knob or enum weir_counter */
};

static inline unsigned int weir_attribute_index(const struct kobj_attribute *attr)
{
	return container_of(attr, struct weir_attribute, kobj_attr)->index;
}

typedef ssize_t (*weir_show_t)(struct kobject *kobj, struct kobj_attribute *attr, char *buf);
typedef ssize_t (*weir_store_t)(struct kobject *kobj, struct kobj_attribute *attr,
				const char *buf, size_t count);

extern struct kobject *weir_processes;
extern struct kobject *weir_profiles;
extern const struct attribute_group weir_limits_group;
extern const struct attribute_group weir_trim_group, weir_process_trim_group;
extern const struct attribute_group weir_process_figure_group;
extern const struct attribute_group weir_watch_group, weir_process_watch_group;
extern struct kobj_type weir_process_ktype;
extern struct kobj_type weir_profile_ktype;

void weir_sysfs_notify(const char *file);
int weir_sysfs_number(const char *buf, size_t count, bool is_size, s64 max, u64 *number);
int weir_process_may_write(struct weir_record *rec);

void weir_attribute_init(struct weir_attribute *attr, const char *name, unsigned int index,
			 weir_show_t show, weir_store_t store);
void weir_attributes_init_knobs(struct weir_attribute *attrs, struct attribute **list,
				weir_show_t show, weir_store_t store);
void weir_attributes_init_counters(struct weir_attribute *attrs, struct attribute **list,
				   weir_show_t show);

void weir_sysfs_process_init(void);
void weir_sysfs_limits_init(void);
int weir_sysfs_profiles_init(struct kobject *parent);
void weir_sysfs_profiles_exit(void);
int weir_sysfs_init(void);
void weir_sysfs_exit(void);

#endif /* _WEIR_SYSFS_H */
