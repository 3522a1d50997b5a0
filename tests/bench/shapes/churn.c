// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Ten thousand threads, a few at a time, each of which allocates little: what a thread costs that
 * comes and goes.  One block of each stays for the thread that follows.
 */
#include "shape.h"

SHAPE(churn, "10,000 short threads, each with 50 blocks of 16 bytes to 4 KiB");

#define BLOCKS 50

static void **left;
static unsigned long generation;

static void live_and_die(unsigned int i)
{
	struct rng r = rng(generation * 1000 + i);
	void *blocks[BLOCKS];
	unsigned int n;

	for (n = 0; n < BLOCKS; n++)
		blocks[n] = take_touched(size_between(&r, 4, 12));
	free(left[i]);
	left[i] = blocks[0];
	for (n = 1; n < BLOCKS; n++)
		free(blocks[n]);
}

static void run(unsigned int threads)
{
	unsigned long generations = times(10000.0 / threads);

	left = book(threads * sizeof(*left));
	for (generation = 0; generation < generations; generation++)
		parallel(threads, live_and_die);
}
