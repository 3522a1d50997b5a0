/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * run.h - runs: chunks that are cut into pieces of one small size
 *
 * A run is a chunk in use like any other, whose memory begins at a granule (piecemap.h) and is as many
 * granules long as its chunk: chunk tags then take the last bytes of the granule before, and runs lie
 * side by side without a gap.
 *
 *            |<------- granule ------->|<------- granule ------->|
 *   tags ->||struct run|piece|piece|piece|piece|piece|piece|...|| <- tags of the next chunk
 *
 * What ptmalloc does for every small chunk, to look at its neighbours, split and join, is done here for the
 * run as a whole: freeing a piece sets a bit, and a run all of whose pieces are free goes back to the
 * arena as one chunk. Runs begin with few pieces and get longer as a class is used more.
 *
 * The arena's lock is held in all functions that take one.
 */
#ifndef WEIR_RUN_H
#define WEIR_RUN_H

#include "arena.h"
#include "die.h"
#include "piecemap.h"

#define RUN_PIECES	256

#pragma GCC visibility push(hidden)
/* A random number, odd: what freed blocks carry (tcache.h). */
extern uintptr_t tcache_key;
#pragma GCC visibility pop

/* What a piece's way back needs is in one cache line, but for the map of the longest runs. */
struct run {
	struct run *next, *prev;	/* ring of the runs of its class that have free pieces */
	uintptr_t canary;
	struct arena *arena;
	uint32_t first;			/* ordinal of the first piece */
	uint16_t total, free;		/* pieces */
	uint16_t granules;
	uint64_t map[RUN_PIECES / 64];	/* a set bit: free */
};

/* Bytes that the user of any block may write. */
static inline size_t block_usable(const void *mem)
{
	size_t class = piece_class(mem);

	return class ? class_size(class) : chunk_usable(mem2chunk(mem));
}

static inline struct chunk *run_chunk(const struct run *r) { return mem2chunk(r); }

/* Is there a run of the class at r? */
static inline bool run_is_one(const struct run *r, size_t class)
{
	return (r->canary ^ (uintptr_t)r ^ class) == tcache_key;
}

/* The pieces of a run are numbered from 0 to total. */
void *piece_at(const struct run *r, size_t class, unsigned int number);
/* The run of a piece of a class; ends the process if there is no such piece. */
struct run *run_of(const void *mem, size_t class, const char *message);
/* Is mem, known to be a piece, one of the run's? */
static inline bool run_has(const struct run *r, const void *mem)
{
	return (uintptr_t)mem - (uintptr_t)r < (uintptr_t)r->granules << GRANULE_SHIFT;
}

/* Up to n pieces of a class; 0 if there is no memory for another run. */
unsigned int run_take(struct arena *a, size_t class, unsigned int n, void **pieces);
/* Take a piece back: see below. */
static inline void run_put(struct arena *a, struct run *r, const void *mem, size_t class);
/* Runs with no piece in use become free chunks; returns the largest span that came free. */
size_t runs_release(struct arena *a);
/* The same of one class and so many of its runs at most; returns how many there were of those. */
unsigned int runs_release_some(struct arena *a, size_t class, unsigned int most);
/* A run has got its first free piece; its last. */
void run_starts_giving(struct arena *a, struct run *r, size_t class);
void run_gets_empty(struct arena *a, struct run *r, size_t class);
/* A block being freed has the look of a free one: end the process if its run says so, too. */
void run_check_not_free(void *mem, size_t class);

/* As run_of(), of what was found to be a piece when it was freed. */
static inline struct run *run_of_freed(const void *mem, size_t class)
{
	struct run *r = piecemap_run(mem);

	if (unlikely(!run_is_one(r, class)))
		die("free(): invalid pointer");
	return r;
}

/* A run that has no piece in use any more is kept, for runs_release(). */
static inline void run_put(struct arena *a, struct run *r, const void *mem, size_t class)
{
	uint32_t number = piece_ordinal(mem, class) - r->first;
	uint64_t *word = &r->map[number / 64 % (RUN_PIECES / 64)], bit = 1UL << number % 64;

	if (unlikely(number >= r->total))
		die("free(): invalid pointer");
	if (unlikely(*word & bit))
		die("free(): double free or corruption (fasttop)");
	*word |= bit;
	if (unlikely(!r->free++))
		run_starts_giving(a, r, class);
	if (unlikely(r->free == r->total))
		run_gets_empty(a, r, class);
}

#endif
