// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Threads whose memory swells and shrinks while some of it lives long, passes to other threads by a
 * common table, or outlives its thread.
 */
#include <stdatomic.h>

#include "shape.h"

SHAPE(tides, "threads grow and shrink, swap blocks through a common table, and leave survivors");

#define COMMON 1000
#define MINE 20000
#define LIVES 8

static void *_Atomic common[COMMON];
static unsigned int life;

static void *some(struct rng *r)
{
	/* One in 500 is large, as in most programs. */
	return take_touched(below(r, 500) ? size_between(r, 4, 10) : size_between(r, 12, 19));
}

static void swell(void **mine, long n, struct rng *r)
{
	for (; n; n--) {
		void **block = &mine[below(r, MINE)];

		if (!*block)
			*block = some(r);
		else if (!below(r, 4))
			*block = atomic_exchange(&common[below(r, COMMON)], *block);
	}
}

static void shrink(void **mine, unsigned int keep, struct rng *r)
{
	long i;

	for (i = 0; i < MINE; i++)
		if (mine[i] && below(r, keep)) {
			free(mine[i]);
			mine[i] = NULL;
		}
}

static void tide(unsigned int i)
{
	void **mine = book(MINE * sizeof(*mine));
	struct rng r = rng(life * 1000 + i);
	long n;

	for (n = times(12); n; n--) {
		swell(mine, 2 * MINE, &r);
		shrink(mine, 10, &r);
	}
	/* The first thousand that are left go to whoever lives next. */
	for (n = 0; n < COMMON; n++)
		mine[n] = atomic_exchange(&common[n], mine[n]);
	shrink(mine, 1u << 31, &r);
	book_close(mine, MINE * sizeof(*mine));
}

static void run(unsigned int threads)
{
	for (life = 0; life < LIVES; life++)
		parallel(threads, tide);
}
