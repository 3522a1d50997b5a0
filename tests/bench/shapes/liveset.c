// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A large live set of small blocks, most of it old: four in five replacements hit one fifth of it.
 * The books and the blocks together are larger than the processor's caches.
 */
#include "shape.h"

SHAPE(liveset, "replace some of 100,000 live blocks of 8 to 1023 bytes, written in full");

#define BLOCKS 100000

static void replace(unsigned int i)
{
	void **blocks = book(BLOCKS * sizeof(*blocks)), **block;
	struct rng r = rng(i);
	size_t size;
	long n;

	for (n = times(4000000); n; n--) {
		block = &blocks[below(&r, below(&r, 5) ? BLOCKS / 5 : BLOCKS)];
		free(*block);
		size = size_between(&r, 3, 10);
		*block = take(size);
		memset(*block, 1, size);
	}
	for (n = 0; n < BLOCKS; n++)
		free(blocks[n]);
}

static void run(unsigned int threads)
{
	parallel(threads, replace);
}
