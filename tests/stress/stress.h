/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stress.h - the parts of the random stress
 *
 * A worker is a table of blocks and a source of random numbers. A thread works on it for a while and
 * ends; the next one goes on with the same table. Blocks also change hands through a shared table.
 */
#ifndef WEIR_STRESS_H
#define WEIR_STRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_WORKERS	64
#define MAX_BLOCKS	512	/* a worker's own, at most */
#define SHARED		192	/* anybody's */
#define MAX_USED	(MAX_WORKERS * MAX_BLOCKS + SHARED)

struct block {
	unsigned char *mem;	/* NULL: none */
	size_t size;		/* all of it is filled */
	uint64_t salt;		/* two blocks that are given the same memory differ */
};

struct worker {
	uint64_t random;
	unsigned long done;		/* operations */
	unsigned int number;
	bool shrinking;			/* frees more than it allocates */
	bool child;			/* in a forked child: nobody shares with it */
	struct block block[MAX_BLOCKS];
};

/* What main() was told. */
struct options {
	unsigned long operations;
	uint64_t seed;
	unsigned int threads;
	unsigned int blocks;		/* of each worker */
	int perturb;			/* M_PERTURB, 0: not set */
	bool turn_knobs;
	bool progress;
};

extern struct options options;

/* random.c: says what is wrong, where and with which seed, and aborts. */
_Noreturn void fail(const struct worker *w, const char *what, const void *mem);

static inline uint64_t next_random(struct worker *w)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return w->random * 0x2545f4914f6cdd1dUL;
}

static inline unsigned int below(struct worker *w, unsigned int n)
{
	return (next_random(w) >> 32) * n >> 32;
}

/* contents.c */
void fill(struct block *b);
/* Is what was filled still there, in the first size bytes? The block is, or was a moment ago, at b->mem. */
void expect_contents(const struct worker *w, const struct block *b, const unsigned char *now, size_t size);
void expect_zero(struct worker *w, const struct block *b);
void expect_filled(const struct worker *w, const struct block *b, unsigned char byte);

/* calls.c: the next step on the worker's table; returns how many calls it made */
unsigned int operate(struct worker *w);
void release(struct worker *w, struct block *b);

/* shared.c */
void shared_init(void);
void shared_swap(struct worker *w, struct block *b);
/* While no other thread works: all blocks of the shared table. */
struct block *shared_block(unsigned int i);

/* checks.c: now and then */
void check_mine(const struct worker *w);
/* No other thread works: the whole heap, all caches, and all blocks against each other. */
void check_all(struct worker *workers, const struct worker *w);
void check_statistics(const struct worker *w);
/* Everything was freed: is everything free? */
void check_nothing_left(const struct worker *w);
void fork_and_work(struct worker *w);

/* lives.c: operate until all operations are done, in threads that come and go; free everything */
void work_all(void);

#endif
