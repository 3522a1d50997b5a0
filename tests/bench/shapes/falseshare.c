// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * False sharing.  Active: two threads that allocate for themselves get the same cache line from the
 * allocator.  Passive: small blocks of one thread are freed by others, which get them again, and
 * with them the line they share.
 */
#include "shape.h"

SHAPE(thrash, "each thread writes to small blocks of its own (active false sharing)");

#define WRITES 2000

static void scribble(long blocks)
{
	volatile char *p;
	unsigned int n;

	for (; blocks; blocks--) {
		p = take(8);
		for (n = 0; n < WRITES; n++)
			p[n % 8]++;
		free((void *)p);
	}
}

static void active(unsigned int i)
{
	(void)i;
	scribble(times(100000));
}

static void run(unsigned int threads)
{
	parallel(threads, active);
}

static void **given;

static void passive(unsigned int i)
{
	free(given[i]);
	scribble(times(100000));
}

static void run_passive(unsigned int threads)
{
	unsigned int i;

	given = book(threads * sizeof(*given));
	for (i = 0; i < threads; i++)
		given[i] = take_touched(8);
	parallel(threads, passive);
}

static const struct shape scratch = {
	"scratch", "the same after freeing a neighbour's block (passive false sharing)", run_passive
};
static const struct shape *const shape_scratch __attribute__((used, section("shapes"))) = &scratch;
