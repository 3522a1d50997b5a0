// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * After the peak.  Much memory is filled and freed but for one block in 500; then the program goes on
 * with little.  What an allocator cannot give back then is what its mean resident memory shows.
 */
#include "shape.h"

SHAPE(release, "fill 64 MiB, free all but one block in 500, go on with a small live set");

#define PEAK (64 << 20)
#define SMALL 2000

static void peak(struct rng *r, unsigned int from, unsigned int to)
{
	size_t size, total = 0, slots = PEAK >> from, n = 0, i;
	void **blocks = book(slots * sizeof(*blocks));

	while (total < PEAK) {
		size = size_between(r, from, to);
		blocks[n++] = take_touched(size);
		total += size;
	}
	for (i = 0; i < n; i++)
		if (below(r, 500))
			free(blocks[i]);
	book_close(blocks, slots * sizeof(*blocks));
}

static void go_on(struct rng *r)
{
	void *blocks[SMALL] = { 0 }, **block;
	long n;

	for (n = times(3000000); n; n--) {
		block = &blocks[below(r, SMALL)];
		free(*block);
		*block = take_touched(size_between(r, 4, 10));
	}
	for (n = 0; n < SMALL; n++)
		free(blocks[n]);
}

static void work(unsigned int i)
{
	struct rng r = rng(i);

	peak(&r, 5, 9);
	go_on(&r);
	peak(&r, 9, 14);
	go_on(&r);
}

static void run(unsigned int threads)
{
	parallel(threads, work);
}
