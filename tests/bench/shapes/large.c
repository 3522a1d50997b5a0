// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Large blocks that come and go, each page of them touched: buffers of images, columns, matrices.
 */
#include "shape.h"

SHAPE(large, "each thread replaces random blocks of 64 KiB to 8 MiB, all pages touched");

#define BLOCKS 12

static void replace(unsigned int i)
{
	void *blocks[BLOCKS] = { 0 };
	struct rng r = rng(i);
	void **block;
	long n;

	for (n = times(3000); n; n--) {
		block = &blocks[below(&r, BLOCKS)];
		free(*block);
		*block = take_touched(size_between(&r, 16, 23));
	}
	for (n = 0; n < BLOCKS; n++)
		free(blocks[n]);
}

static void run(unsigned int threads)
{
	parallel(threads, replace);
}
