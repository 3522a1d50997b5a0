/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cases.h - processes in which a workload runs short of memory, and what they report */
#ifndef WEIR_TEST_CASES_H
#define WEIR_TEST_CASES_H

#include <stdbool.h>

struct worker;

struct report {
	unsigned long injected, refused, answered;
	long resident, pieces;
};
extern struct report *report;	/* of the last case, shared with its process */

void cases_init(void);
/*
 * True if run(argument) comes to its end in a process of its own, which has not allocated before.
 * work_case says what the case is.
 */
bool case_holds(void (*run)(const void *argument), const void *argument);

#endif
