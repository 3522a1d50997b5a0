// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Random sizes, many small and few large, at random places of a table: the pattern that
 * general-purpose allocators are tuned for.  Nothing is handed from thread to thread.
 */
#include "shape.h"

SHAPE(random, "each thread replaces random blocks of 4 bytes to 32 KiB");

#define BLOCKS 1024

static void replace(unsigned int i)
{
	void *blocks[BLOCKS] = { 0 };
	struct rng r = rng(i);
	void **block;
	long n;

	for (n = times(4000000); n; n--) {
		block = &blocks[below(&r, BLOCKS)];
		free(*block);
		*block = take_touched(size_between(&r, 2, 15));
	}
	for (n = 0; n < BLOCKS; n++)
		free(blocks[n]);
}

static void run(unsigned int threads)
{
	parallel(threads, replace);
}
