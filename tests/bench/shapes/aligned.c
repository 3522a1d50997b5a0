// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Aligned blocks between others: cache lines, vectors and pages, as numeric programs and databases
 * ask for them.
 */
#include "shape.h"

SHAPE(aligned, "blocks aligned to 32 bytes up to 4 KiB between ordinary ones");

#define BLOCKS 4000

static void *some(struct rng *r)
{
	size_t size = size_between(r, 4, 13), alignment = (size_t)32 << below(r, 8);
	void *block;

	if (below(r, 2))
		return take_touched(size);
	errno = posix_memalign(&block, alignment, size);
	if (errno)
		err(3, "posix_memalign(%zu, %zu)", alignment, size);
	touch(block, size);
	return used(block);
}

static void replace(unsigned int i)
{
	void *blocks[BLOCKS] = { 0 }, **block;
	struct rng r = rng(i);
	long n;

	for (n = times(2000000); n; n--) {
		block = &blocks[below(&r, BLOCKS)];
		free(*block);
		*block = some(&r);
	}
	for (n = 0; n < BLOCKS; n++)
		free(blocks[n]);
}

static void run(unsigned int threads)
{
	parallel(threads, replace);
}
