/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* expect.h - what several unit tests expect: a heap that is right, and an end with a message */
#ifndef WEIR_TEST_EXPECT_H
#define WEIR_TEST_EXPECT_H

#include <sys/prctl.h>

#include "check.h"
#include "kselftest_harness.h"
#include "process.h"

#define HEAP_IS_RIGHT() do {				\
	static char why[200];				\
	bool ok = heap_check(why, sizeof(why));		\
							\
	ASSERT_TRUE(ok) TH_LOG("%s", why);		\
} while (0)

static int death_pipe[2];
static pid_t death_child;

/* True in a child, whose standard error is read by death_message(). No arena may be locked. */
static inline bool death_begins(void)
{
	if (pipe(death_pipe) != 0)
		abort();
	death_child = fork();
	if (death_child == 0) {
		prctl(PR_SET_DUMPABLE, 0);
		dup2(death_pipe[1], STDERR_FILENO);
	}
	return death_child == 0;
}

/* What the child said before SIGABRT ended it. */
static inline const char *death_message(void)
{
	static char text[300];
	size_t have = 0;
	ssize_t n;
	int status;

	close(death_pipe[1]);
	while (have < sizeof(text) - 1 && (n = read(death_pipe[0], text + have, sizeof(text) - 1 - have)) > 0)
		have += n;
	text[have] = 0;
	close(death_pipe[0]);
	if (waitpid(death_child, &status, 0) != death_child || !WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
		return "(not ended by SIGABRT)";
	return text;
}

#define DIES(message, action) do {			\
	if (death_begins()) {				\
		action;					\
		_exit(0);				\
	}						\
	EXPECT_STREQ(message "\n", death_message());	\
} while (0)

#endif
