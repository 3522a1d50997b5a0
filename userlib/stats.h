/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stats.h - counting what an arena holds */
#ifndef WEIR_STATS_H
#define WEIR_STATS_H

#include "arena.h"

struct bin_stats {
	size_t count, bytes;
	size_t from, to;	/* smallest and largest chunk */
};

struct arena_totals {
	size_t system, max_system;
	size_t space, accessible;	/* of its memory: in use by the arena, usable without a system call */
	size_t heaps;			/* mapped heaps; 0 in the main arena */
	size_t top;			/* size of the top chunk, 0 without one */
	size_t free_count, free_bytes;	/* top included, those not */
	size_t fast_count, fast_bytes;	/* in fast bins and runs */
	size_t cached_excess;		/* tcache_excess() */
	size_t used;			/* the rest; of which tcache_totals() are cached */
};

/* Half of the smallest stack that a thread may have: one at a time. */
struct arena_stats {
	struct arena_totals all;
	struct bin_stats unsorted;
	struct bin_stats bin[BINS];
};

/* Both lock the arena. Chunks in thread caches count as in use here: see tcache_totals(). */
void arena_totals_read(struct arena *a, struct arena_totals *all);
void arena_stats_read(struct arena *a, struct arena_stats *s);

#endif
