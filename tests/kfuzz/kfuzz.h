/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fuzzer of the module: what its parts share.  After a fork of a process with threads the same code runs in
 * the child, so nothing here allocates.
 */
#ifndef KFUZZ_H
#define KFUZZ_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/weir.h>

#define WORKERS		4
#define THREADS		3	/* of each worker */
#define PIDS		64	/* processes that a file is looked for of */
#define FILES		512	/* names of files, at most */
#define NAME		96

/* Between all processes. */
struct shared {
	atomic_long budget;		/* calls that are still to be made in this round */
	atomic_long calls, errors;	/* made; refused */
	atomic_ulong attaches;		/* that were successful */
	_Atomic(pid_t) pids[PIDS];
	int nr_files;
	char files[FILES][NAME];	/* below WEIR_SYSFS; %d stands for a pid */
};

extern struct shared *shared;

/* What a thread has: its random numbers, and the descriptors and pages it tries things on. */
struct actor {
	uint64_t random;
	int fd[4];
	volatile struct weir_ctlpage *page[4];
	char *memory;			/* to fault in */
	int pipe[2];
	int depth;			/* how many forks below a worker */
};

#define MEMORY	(64UL << 12)

/* A number below @n. */
static inline uint32_t below(struct actor *a, uint32_t n)
{
	a->random ^= a->random << 13;
	a->random ^= a->random >> 7;
	a->random ^= a->random << 17;
	return (a->random * 0x2545f4914f6cdd1dULL >> 32) % n;
}

static inline uint64_t random64(struct actor *a)
{
	below(a, 1);
	return a->random * 0x2545f4914f6cdd1dULL;
}

/* A call has been made: @ret is -1 with errno set if it was refused. */
static inline void called(long ret)
{
	atomic_fetch_sub(&shared->budget, 1);
	atomic_fetch_add(&shared->calls, 1);
	if (ret < 0)
		atomic_fetch_add(&shared->errors, 1);
}

static inline bool over(void)
{
	return atomic_load(&shared->budget) <= 0;
}

void actor_init(struct actor *a, uint64_t seed, int depth);
void actor_exit(struct actor *a);
void act(struct actor *a);

uint64_t number(struct actor *a);
void device_call(struct actor *a);
void file_call(struct actor *a);
void life_call(struct actor *a);
void files_list(void);
void pids_enter(struct actor *a, pid_t pid);

/* Between rounds, when every process of the round has ended: the number of things that are not as they should be. */
int check_quiet(const char *module);
int check_attached(const pid_t *pid, const bool *attached, int nr);

#endif /* KFUZZ_H */
