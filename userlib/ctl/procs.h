/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weirctl: attached processes and their records
 *
 * A process may vanish between any two calls.  Functions return 0 or a negative errno.
 */
#ifndef WEIR_CTL_PROCS_H
#define WEIR_CTL_PROCS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>
#include <linux/weir.h>

#include "sysfs.h"

#define PROC_COUNTERS	6

/* The counters of struct weir_faults in its order: their file names and their place. */
extern const char *const proc_counter_names[PROC_COUNTERS];

/* One knob as a file shows it. */
struct knob_value {
	bool present;		/* a module older than this command may lack it */
	bool known;		/* a newer one may have a word that this command does not know */
	long long value;
	int source;		/* enum weir_source, or -1 where none is told */
};

struct proc_record {
	pid_t pid;
	ino_t ino;		/* of the directory: tells a record from its pid's next one */
	struct timespec when;	/* CLOCK_MONOTONIC, as the counters were read */
	char comm[SYSFS_VALUE_MAX];
	char profile[SYSFS_VALUE_MAX];	/* "none" for none; "" if the module has no profiles */
	unsigned long long count[PROC_COUNTERS];
	struct knob_value knob[WEIR_KNOB_NR];
};

struct proc_table {
	struct proc_record *record;	/* by rising pid */
	size_t nr;
	size_t hidden;			/* processes whose record the caller may not read */
	size_t bad;			/* records that make no sense; said so on reading */
};

/* The pids under processes/, rising.  The caller frees *pids. */
int procs_list(int weir, pid_t **pids, size_t *nr);

/* -ENOENT once the process is gone or detached. */
int proc_read(int weir, pid_t pid, struct proc_record *record);

/*
 * Reads the records of @pids, or of all attached processes if @nr is 0; those that are gone
 * are left out.
 */
int procs_read(int weir, const pid_t *pids, size_t nr, struct proc_table *table);
void procs_free(struct proc_table *table);

/* The profile of a process's directory: as in struct proc_record. */
int proc_profile_read(int dir, char profile[SYSFS_VALUE_MAX]);

/* The knob files in @dir; sources are in its source/, which a process has, defaults/ may lack. */
int knobs_read(int dir, bool is_process, struct knob_value value[WEIR_KNOB_NR]);

/*
 * The name of a value's source.  A system default for which the module tells none is "builtin" as
 * long as it has that value and "default" otherwise.
 */
const char *knob_value_source(int knob, const struct knob_value *value, bool is_default);

#endif /* WEIR_CTL_PROCS_H */
