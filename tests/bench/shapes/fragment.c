// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Fragmentation by a change of size.  The live set stays about as large, but its blocks grow from
 * phase to phase, and an eighth of each phase survives in between.  What cannot join the holes that
 * the small blocks leave has to take new memory for the large ones.
 */
#include "shape.h"

SHAPE(fragment, "a live set of about 30 MiB whose blocks grow from 24 bytes to 20 KiB");

#define PHASES 24

struct phase {
	void **blocks;
	long n;
};

static void fill(struct phase *p, size_t size, struct rng *r)
{
	long i;

	p->n = 1 + times(24 << 20) / size;
	p->blocks = book(p->n * sizeof(*p->blocks));
	for (i = 0; i < p->n; i++)
		p->blocks[i] = take_touched(size - below(r, size / 4));
}

/* Free what is left but one in keep, or all of it. */
static void drop(struct phase *p, unsigned int keep, struct rng *r)
{
	long i;

	for (i = 0; i < p->n; i++) {
		if (!p->blocks[i] || (keep && !below(r, keep)))
			continue;
		free(p->blocks[i]);
		p->blocks[i] = NULL;
	}
	if (!keep)
		book_close(p->blocks, p->n * sizeof(*p->blocks));
}

static void grow(struct rng *r)
{
	struct phase phase[PHASES];
	double size = 24;
	int i;

	for (i = 0; i < PHASES; i++, size *= 1.33) {
		fill(&phase[i], size, r);
		drop(&phase[i], 8, r);
		if (i > 1)
			drop(&phase[i - 2], 0, r);
	}
	drop(&phase[PHASES - 2], 0, r);
	drop(&phase[PHASES - 1], 0, r);
}

static void run(unsigned int threads)
{
	struct rng r = rng(threads);

	grow(&r);
}
