/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * misuse.h - a table of misuses, each run in a process of its own, under whatever malloc is there
 *
 * The programs are not linked with the library: table runs them plainly, which is under glibc, and
 * preloaded. Each prints its title, the malloc that it ran under, and a line for every case: the
 * case, how it ended, and how it shall end under weir. Called with a case's name it commits
 * that one in its own process, for a debugger.
 */
#ifndef WEIR_TEST_MISUSE_H
#define WEIR_TEST_MISUSE_H

#include <dlfcn.h>
#include <fnmatch.h>
#include <malloc.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "chunk.h"
#include "process.h"

struct misuse {
	const char *what;
	void (*commit)(void);
	const char *weir;	/* the message, a pattern as of glob(7), or one of the words below */
};

#define SEGFAULT	"segfault"
#define NOT_NOTICED	"not noticed"
/* The case went on, and blocks that were given out then were sound. */
#define INTACT		"heap intact"
/* Which one tells where the freed block was kept, which is not the cases' business. */
/* Added: weir notices less than glibc does, for this reason. */
#define BECAUSE(reason)	"; " reason
#define DOUBLE_FREE	"free(): double free *"
/* Or that its neighbours do not agree on it, where it has joined them meanwhile. */
#define DOUBLE_FREE_JOINED "free(): @(double free *|corrupted size vs. prev_size while consolidating)"

/* A case that does not end by a signal says with these words how it ended. */
#define SAID_STATUS	100

static inline _Noreturn void misuse_ends(const char *words)
{
	dprintf(STDERR_FILENO, "%s\n", words);
	_exit(SAID_STATUS);
}

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

/* A block that the misuse did not touch and that stays in use: nothing else may come to lie there. */
static unsigned char *misuse_witness;
static size_t misuse_witness_size;

static inline void witness(void *block, size_t size)
{
	misuse_witness = memset(block, 'w', size);
	misuse_witness_size = size;
}

/*
 * Two blocks of a size, the second right behind the first, or behind a header between them, with others around
 * them; the third one bears witness.
 */
static inline void neighbours(size_t size, void **first, void **second)
{
	char *block[64];
	size_t step;

	for (int i = 0; i < 64; i++)
		block[i] = hide(malloc(size));
	for (int i = 0; i < 62; i++) {
		step = block[i + 1] - block[i];
		if (step - malloc_usable_size(block[i]) > SIZE_SZ || block[i + 2] - block[i + 1] != (ptrdiff_t)step)
			continue;
		*first = block[i];
		*second = block[i + 1];
		witness(block[i + 2], size);
		return;
	}
	misuse_ends("no neighbours");
}

/* Ends the case if all is well after the misuse: blocks of many sizes are apart and in writable memory. */
static inline void heap_is_intact(size_t size)
{
	static struct { unsigned char *mem; size_t size; } block[66 * 8];
	int n = sizeof(block) / sizeof(block[0]);

	for (int i = 0; i < n; i++) {
		block[i].size = i < 8 ? size : (size_t)i / 8 * 16;
		block[i].mem = hide(malloc(block[i].size));
	}
	for (int i = 0; i < n; i++)
		memset(block[i].mem, i, block[i].size);
	for (int i = 0; i < n; i++)
		if (!is_filled(block[i].mem, i, block[i].size))
			return;
	if (is_filled(misuse_witness, 'w', misuse_witness_size))
		misuse_ends(INTACT);
}

/* How the child ended, in words in the place of what it said. By abort()? */
static inline bool misuse_name(int status, char *text, size_t size)
{
	char *end = strchr(text, '\n');
	bool one_line = end && !end[1];

	if (one_line)
		*end = 0;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && one_line)
		return true;
	if (WIFEXITED(status) && WEXITSTATUS(status) == SAID_STATUS && one_line)
		return false;
	if (!*text && WIFSIGNALED(status) && (WTERMSIG(status) == SIGSEGV || WTERMSIG(status) == SIGBUS))
		snprintf(text, size, SEGFAULT);
	else if (!*text && WIFSIGNALED(status) && (WTERMSIG(status) == SIGALRM || WTERMSIG(status) == SIGXCPU))
		snprintf(text, size, "hangs");
	else if (!*text && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		snprintf(text, size, NOT_NOTICED);
	else
		snprintf(text, size, "status %#x and not one line of text", status);
	return false;
}

/* By abort()? */
static inline bool misuse_run(const struct misuse *m, char *text, size_t size)
{
	const struct rlimit cpu = { 5, 5 };
	size_t have = 0;
	int pipes[2], status;
	ssize_t n;
	pid_t child;

	if (pipe(pipes) != 0)
		exit(1);
	child = fork();
	if (child == 0) {
		prctl(PR_SET_DUMPABLE, 0);
		setrlimit(RLIMIT_CPU, &cpu);
		alarm(100);
		dup2(pipes[1], STDERR_FILENO);
		/* Not the first thing that the program asks of malloc. */
		hide(malloc(100));
		m->commit();
		_exit(0);
	}
	close(pipes[1]);
	while (have < size - 1 && (n = read(pipes[0], text + have, size - 1 - have)) > 0)
		have += n;
	text[have] = 0;
	close(pipes[0]);
	if (waitpid(child, &status, 0) != child)
		exit(1);
	return misuse_name(status, text, size);
}

static inline void misuse_report(const struct misuse *m, bool aborted, const char *text)
{
	const char *reason = strstr(m->weir, "; ");
	char *pattern = strndupa(m->weir, reason ? (size_t)(reason - m->weir) : strlen(m->weir));

	printf("case\t%s\t%s\t%s\t%s\t%s\t%s\n", m->what, aborted ? "abort" : "", text, pattern,
	       fnmatch(pattern, text, FNM_EXTMATCH) == 0 ? "yes" : "no", reason ? reason + 2 : "");
}

static inline int misuse_main(const char *title, const struct misuse *table, size_t n, int argc, char **argv)
{
	const char *wanted = argc > 1 ? argv[1] : NULL;
	char text[4096];
	bool aborted;
	Dl_info info;

	setvbuf(stdout, NULL, _IONBF, 0);
	if (!wanted && dladdr((void *)malloc, &info))
		printf("title\t%s\nmalloc\t%s\n", title, strrchr(info.dli_fname, '/'));
	for (size_t i = 0; i < n; i++) {
		if (wanted && strcmp(wanted, table[i].what) == 0)
			table[i].commit();
		if (wanted)
			continue;
		aborted = misuse_run(&table[i], text, sizeof(text));
		misuse_report(&table[i], aborted, text);
	}
	return 0;
}

#define MISUSE_MAIN(title, table)						\
int main(int argc, char **argv)							\
{										\
	return misuse_main(title, table, sizeof(table) / sizeof(table[0]), argc, argv); \
}

#endif
