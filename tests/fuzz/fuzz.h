/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz.h - the parts of the fuzzer: bytes that somebody else thinks up become calls of the allocator
 *
 * Any bytes are a sequence of operations, and the same bytes are the same ones. Each input finds an allocator
 * that has just started, at the same addresses, with a clock of its own (fresh.c): what one has found it finds
 * again.
 */
#ifndef WEIR_FUZZ_H
#define WEIR_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../stress/stress.h"

#define SLOTS		64	/* blocks of a table */
#define TABLES_MAX	4
/* What an input may have at a time; a burst may add its own. */
#define MEMORY_MAX	((size_t)64 << 20)

struct input {
	const uint8_t *at, *end;
};

/* What is behind the end reads as 0. */
static inline unsigned int take8(struct input *in)
{
	return in->at < in->end ? *in->at++ : 0;
}

static inline unsigned int take16(struct input *in)
{
	unsigned int low = take8(in);

	return low | take8(in) << 8;
}

struct slot {
	struct block block;	/* what is filled of it */
	size_t asked;		/* size and alignment that were asked for, */
	size_t align;		/* which is 0 where none was */
};

struct table {
	struct slot slot[SLOTS];
	struct worker worker;	/* for contents.c, which wants random numbers and somebody to blame */
	size_t bytes;
};

/* operations.c: one operation; several threads may do so, each on its own table. */
void fuzz_operate(struct table *t, struct input *in);
/* The whole heap, and all blocks of n tables; no other thread is inside the allocator. */
void fuzz_check(struct table *t, unsigned int n);
void fuzz_free_all(struct table *t);
/* After everything was freed: nothing is in use but what the allocator has for itself. */
void fuzz_check_nothing_left(void);

/* fresh.c: run an input with the allocator as it was when it had just started, in a thread of its own. */
void fuzz_run(void (*run)(struct input *in), const uint8_t *data, size_t size);
/* Milliseconds, seen by the allocator instead of the machine's. */
extern _Atomic uint64_t fuzz_clock;

#endif
