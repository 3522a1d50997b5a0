// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A server: its threads come and go, and their blocks outlive them.  Each thread replaces random
 * blocks in a table that another thread has filled, and leaves the table to the next.
 */
#include "shape.h"

SHAPE(larson, "threads replace blocks of 8 to 1023 bytes that earlier threads left");

#define BLOCKS 5000
#define GENERATIONS 10

static void *(*table)[BLOCKS];
static unsigned int tables, generation;

static void serve(unsigned int i)
{
	void **blocks = table[(i + generation) % tables];
	struct rng r = rng(generation * 1000 + i);
	void **block;
	long n;

	for (n = times(800000); n; n--) {
		block = &blocks[below(&r, BLOCKS)];
		free(*block);
		*block = take_touched(size_between(&r, 3, 10));
	}
}

static void run(unsigned int threads)
{
	tables = threads;
	table = book(threads * sizeof(*table));
	for (generation = 0; generation < GENERATIONS; generation++)
		parallel(threads, serve);
}
