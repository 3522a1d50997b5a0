/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tcache_size.h - how much a thread cache may hold, and how much it takes and gives at a time
 *
 * A bin begins with nothing. Each time it proves too small it may hold twice as much, up to a number of bytes
 * for each class, as long as the limits of all bins stay within a budget; where they do not, another
 * bin's limit is halved now and then. So the bytes that a cache can hold are bounded without
 * anybody counting them on the fast paths.
 */
#ifndef WEIR_TCACHE_SIZE_H
#define WEIR_TCACHE_SIZE_H

#include "tcache.h"

#define BATCH_MAX	32
/* And a bin holds. */
#define BIN_COUNT_MAX	128

static inline unsigned int tcache_bin_limit(const struct tcache *t, size_t index)
{
	return t->bottom[index] - t->bin[index].full;
}

/* Memory for a cache. */
size_t tcache_bytes(void);
/* All bins empty and without slots. */
void tcache_size_init(struct tcache *t);
/* Let the bin hold more; false: it may not, or not now. */
bool tcache_raise_limit(struct tcache *t, size_t index);
bool tcache_raise_step(struct tcache *t, size_t index);
/* The bins of the steps hold too much for a block of this size to go there: some of it goes. */
void tcache_make_room(struct tcache *t, size_t size);
/* How many blocks a refill takes at most, and let it take more next time. */
unsigned int tcache_batch_most(size_t index);
void tcache_raise_batch(struct tcache *t, size_t index);

/*
 * tcache.c: blocks on their way back. Those of the caller's own arena go under one lock; those of others,
 * and all if the lock is taken, are left for the owner in one chain. Begins with own set; until its end
 * the arena may be locked.
 */
struct way_back {
	struct arena *own;
	bool tried, locked;
	struct deferral others;
	size_t largest;
};
void way_back_end(struct way_back *w);
/* Give the older ones back, down to so many blocks; the younger stay: they are warmer. */
void tcache_drop(struct tcache *t, size_t index, size_t keep, struct way_back *w);
/* The same, as the only one. */
void tcache_drop_older(struct tcache *t, size_t index, size_t keep);
/* tcache_list.c */
unsigned int tcache_caches_in_use(void);

#endif
