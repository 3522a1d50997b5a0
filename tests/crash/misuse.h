/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * misuse.h - a table of misuses, each run in a process of its own, which shall end by SIGABRT after
 * exactly one line on standard error
 *
 * The lines are what glibc 2.36 says where it has the same check. Run one of these programs with
 * --any to see what another malloc says: it shows each line and judges nothing.
 */
#ifndef WEIR_TEST_MISUSE_H
#define WEIR_TEST_MISUSE_H

#include <malloc.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "chunk.h"
#include "kselftest.h"
#include "process.h"

struct misuse {
	const char *what;
	void (*commit)(void);
	const char *message;	/* NULL: by SIGSEGV or SIGABRT, whatever is said */
};

/* A block with one behind it that stays: its free joins nothing. */
static inline void *guarded(size_t size)
{
	void *p = hide(malloc(size));

	hide(malloc(2000));
	return p;
}

static inline struct chunk *chunk_of(void *mem) { return hide(mem2chunk(mem)); }

/* The head of the chunk that follows mem's. */
static inline struct chunk *behind(void *mem) { return hide(next_chunk(mem2chunk(mem))); }

/* What it wrote, and how it ended. */
static inline int misuse_run(const struct misuse *m, char *text, size_t size)
{
	size_t have = 0;
	int pipes[2], status;
	ssize_t n;
	pid_t child;

	if (pipe(pipes) != 0)
		return -1;
	child = fork();
	if (child == 0) {
		prctl(PR_SET_DUMPABLE, 0);
		dup2(pipes[1], STDERR_FILENO);
		m->commit();
		_exit(0);
	}
	close(pipes[1]);
	while (have < size - 1 && (n = read(pipes[0], text + have, size - 1 - have)) > 0)
		have += n;
	text[have] = 0;
	close(pipes[0]);
	return waitpid(child, &status, 0) == child ? status : -1;
}

static inline bool misuse_is_caught(const struct misuse *m, int status, const char *text)
{
	size_t length;

	if (!m->message)
		return WIFSIGNALED(status) && (WTERMSIG(status) == SIGSEGV || WTERMSIG(status) == SIGABRT);
	length = strlen(m->message);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && strncmp(text, m->message, length) == 0 &&
		strcmp(text + length, "\n") == 0;
}

static inline int misuse_main(const struct misuse *table, size_t n, int argc, char **argv)
{
	bool any = argc > 1 && strcmp(argv[1], "--any") == 0;
	char text[4096];

	ksft_print_header();
	ksft_set_plan(n);
	for (size_t i = 0; i < n; i++) {
		int status = misuse_run(&table[i], text, sizeof(text));

		if (any) {
			printf("%-45s %#x %s", table[i].what, status, *text ? text : "\n");
		} else if (misuse_is_caught(&table[i], status, text)) {
			ksft_test_result_pass("%s\n", table[i].what);
		} else {
			ksft_print_msg("status %#x, said: %s\n", status, text);
			ksft_test_result_fail("%s\n", table[i].what);
		}
	}
	return ksft_get_fail_cnt() ? ksft_exit_fail() : ksft_exit_pass();
}

#define MISUSE_MAIN(table) \
int main(int argc, char **argv) { return misuse_main(table, sizeof(table) / sizeof(table[0]), argc, argv); }

#endif
