/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which processes a profile is for.
 */
#ifndef _WEIR_MATCH_H
#define _WEIR_MATCH_H

#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

/* Longest patterns, without the NUL that ends them. */
#define WEIR_MATCH_COMM_MAX	31
#define WEIR_MATCH_CGROUP_MAX	255

/* Immutable once published; replaced as a whole, read under RCU.  "" is no condition. */
struct weir_match {
	char comm[WEIR_MATCH_COMM_MAX + 1];
	char cgroup[WEIR_MATCH_CGROUP_MAX + 1];
	struct rcu_head rcu;
};

/*
 * What there is of a process to match.  Of its cgroup's path as much as a pattern can have, and one
 * byte to see that it goes on.
 */
struct weir_subject {
	char comm[TASK_COMM_LEN];
	char cgroup[WEIR_MATCH_CGROUP_MAX + 2];
	bool is_process;		/* or else it has gone, and nothing matches */
};

int weir_match_parse_comm(struct weir_match *match, const char *text, size_t len);
int weir_match_parse_cgroup(struct weir_match *match, const char *text, size_t len);
void weir_subject_read(struct weir_subject *subject, struct pid *pid, bool want_cgroup);
bool weir_match_fits(const struct weir_match *match, const struct weir_subject *subject);

#endif /* _WEIR_MATCH_H */
