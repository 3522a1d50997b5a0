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
#include "piecemap.h"

#define RUN_PIECES	256

struct run {
	struct run *next, *prev;	/* ring of the runs of its class that have free pieces */
	uintptr_t canary;
	uint32_t first;			/* ordinal of the first piece */
	uint16_t total, free;		/* pieces */
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
bool run_is_one(const struct run *r, size_t class);
/* The pieces of a run are numbered from 0 to total. */
void *piece_at(const struct run *r, size_t class, unsigned int number);
/* The run of a piece of a class; ends the process if there is no such piece. */
struct run *run_of(const void *mem, size_t class, const char *message);
/* Up to n pieces of a class, all of one run; 0 if there is no memory for another run. */
unsigned int run_take(struct arena *a, size_t class, unsigned int n, void **pieces);
/* Take a piece back; returns the size of the span that came free with it, 0 while its run is in use. */
size_t run_put(struct arena *a, struct run *r, void *mem, size_t class);
/* Give back the runs that are kept with no piece in use; returns the largest span that came free. */
size_t runs_release(struct arena *a);
/* A block being freed has the look of a free one: end the process if its run says so, too. */
void run_check_not_free(void *mem, size_t class);

#endif
