/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Waking those who poll a process's files.
 */
#ifndef _WEIR_NOTIFY_H
#define _WEIR_NOTIFY_H

#include <linux/kobject.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct kernfs_node;
struct weir_record;

/* The files that can be polled. */
enum weir_notify_file {
	WEIR_NOTIFY_MINFLT,
	WEIR_NOTIFY_TRIMMED,
	WEIR_NOTIFY_PRESSURE,
	WEIR_NOTIFY_NR,
};

/* Faults a second at which pollers of minflt are woken are at most so many. */
#define WEIR_NOTIFY_RATE_MAX	1000000000LL

struct weir_notify {
	struct kernfs_node *node[WEIR_NOTIFY_NR];	/* NULL until somebody has read the file */
	u32 minflt_rate;		/* faults a second; 0: nobody is woken */
	u64 minflt;			/* the work alone: the count at @since */
	ktime_t since;
	struct delayed_work work;
};

void weir_notify_init(struct weir_record *rec);
void weir_notify_reap(struct weir_record *rec);
void weir_notify_release(struct weir_record *rec);
void weir_notify_watch(struct weir_record *rec, unsigned int file);
void weir_notify(struct weir_record *rec, unsigned int file);
void weir_notify_set_rate(struct weir_record *rec, u32 rate);

#endif /* _WEIR_NOTIFY_H */
