// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cases.h"

#include "kselftest.h"
#include "process.h"
#include "work.h"

/* Far longer than any takes: a process that hangs. */
#define HANGS 120

struct report *report;

void cases_init(void)
{
	report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (report == MAP_FAILED)
		ksft_exit_fail_msg("no memory for the report\n");
}

bool case_holds(void (*run)(const void *argument), const void *argument)
{
	pid_t child;
	int status;

	*report = (struct report){ 0 };
	child = fork();
	if (child == 0) {
		alarm(HANGS);
		run(argument);
		_exit(0);
	}
	if (waitpid(child, &status, 0) == child && status == 0)
		return true;
	ksft_print_msg("status %#x: %s\n", status, work_case);
	return false;
}
