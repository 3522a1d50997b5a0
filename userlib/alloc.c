// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * alloc.c - find a chunk in an arena, in ptmalloc's order
 *
 *   0. what is parked, if it has exactly this size (arena_park())
 *   1. a small bin of exactly this size
 *   2. the unsorted bin: an exact fit is taken; a lone last remainder is split for small requests;
 *      what does not fit is sorted into its bin on the way
 *   3. the smallest sorted chunk that is large enough, split
 *   4. what coalesces in the fast bins, if they hold enough to be worth it
 *   5. the top
 *   6. more memory (top.c)
 */
#include "arena.h"
#include "die.h"
#include "fastbin.h"
#include "idle.h"
#include "run.h"

/* How many unsorted chunks one allocation sorts at most: its time stays bounded. */
#define SORT_MAX 10000
/*
 * Fast bins are coalesced for an allocation when they hold this much, and this part of the arena: their
 * use is then bounded by what it costs.
 */
#define CONSOLIDATE_BYTES	((size_t)16 << 10)
#define CONSOLIDATE_SHIFT	4

static struct chunk *take_whole(struct arena *a, struct chunk *c)
{
	set_inuse_at(c, chunksize(c));
	set_head(c, chunk_head(c) | arena_bit(a));
	return c;
}

/* Use nb bytes of the unlinked chunk c; the rest, if it can be a chunk, waits in the unsorted bin. */
static struct chunk *take_part(struct arena *a, struct chunk *c, size_t nb)
{
	size_t rest = chunksize(c) - nb;
	struct idle_tag tag = idle_tag(a, c);
	struct chunk *remainder;

	if (rest < MINSIZE)
		return take_whole(a, c);
	remainder = chunk_at(c, nb);
	set_head(c, nb | PREV_INUSE | arena_bit(a));
	set_head(remainder, rest | PREV_INUSE | arena_bit(a));
	set_foot(remainder, rest);
	unsorted_insert(a, remainder);
	idle_set_tag(a, remainder, rest, tag);
	if (nb < SMALL_LIMIT)
		a->last_remainder = remainder;
	return c;
}

static struct chunk *alloc_small_exact(struct arena *a, size_t nb)
{
	struct bin *b = &a->bins[bin_index(nb)];
	struct chunk *c = b->bk;

	if (c == bin_head(b))
		return NULL;
	if (unlikely(c->bk->fd != c))
		die("malloc(): smallbin double linked list corrupted");
	bin_unlink(a, c);
	return take_whole(a, c);
}

/* c is about to be read as a free chunk: its tags and its neighbour's must agree on that. */
static void unsorted_check(struct arena *a, const struct chunk *c)
{
	const struct chunk *next = next_chunk(c);
	size_t size = chunksize(c);

	if (unlikely(size < MINSIZE || size > a->system_mem))
		die("malloc(): invalid size (unsorted)");
	if (unlikely(next->size < 2 * SIZE_SZ || next->size > a->system_mem))
		die("malloc(): invalid next size (unsorted)");
	if (unlikely(next->prev_size != size))
		die("malloc(): mismatching next->prev_size (unsorted)");
	/* The last of the list: what is behind it is known, and fd need not be followed. */
	if (unlikely(c->fd != bin_head(&a->unsorted) || c->bk->fd != c))
		die("malloc(): unsorted double linked list corrupted");
	if (unlikely(prev_inuse(next)))
		die("malloc(): invalid next->prev_inuse (unsorted)");
}

static void unsorted_unlink(struct chunk *c)
{
	c->bk->fd = c->fd;
	c->fd->bk = c->bk;
}

/*
 * Oldest first. NULL: nothing fits as it is, everything (up to SORT_MAX) is in its bin now.
 *
 * Splitting the last remainder only while it is alone keeps consecutive small requests next to each
 * other in memory.
 */
static __attribute__((noinline)) struct chunk *alloc_from_unsorted(struct arena *a, size_t nb)
{
	struct chunk *head = bin_head(&a->unsorted), *c;
	size_t size;

	for (int n = 0; n < SORT_MAX && (c = a->unsorted.bk) != head; n++) {
		unsorted_check(a, c);
		size = chunksize(c);
		unsorted_unlink(c);
		if (nb < SMALL_LIMIT && a->unsorted.fd == head && c == a->last_remainder &&
		    size >= nb + MINSIZE) {
			idle_forget(a, c);
			return take_part(a, c, nb);
		}
		if (size == nb) {
			idle_forget(a, c);
			return take_whole(a, c);
		}
		bin_insert(a, c, size);
	}
	return NULL;
}

unsigned int arena_sort(struct arena *a, unsigned int most)
{
	struct chunk *head = bin_head(&a->unsorted), *c;
	unsigned int n = 0;

	for (; n < most && (c = a->unsorted.bk) != head; n++) {
		unsorted_check(a, c);
		unsorted_unlink(c);
		bin_insert(a, c, chunksize(c));
	}
	return n;
}

static struct chunk *alloc_from_bins(struct arena *a, size_t nb)
{
	struct chunk *c = NULL;

	if (nb < SMALL_LIMIT)
		c = alloc_small_exact(a, nb);
	if (!c)
		c = a->unsorted.fd == bin_head(&a->unsorted) ? NULL : alloc_from_unsorted(a, nb);
	if (c)
		return c;
	c = bins_best_fit(a, nb);
	return c ? take_part(a, c, nb) : NULL;
}

/* Better than a part of the top that was never used; much of it is needed to be worth the work. */
static SELDOM struct chunk *alloc_from_fast_bins(struct arena *a, size_t nb)
{
	if (arena_kept(a) < a->system_mem >> CONSOLIDATE_SHIFT)
		return NULL;
	arena_consolidate(a);
	return alloc_from_bins(a, nb);
}

static SELDOM struct chunk *alloc_from_grown_top(struct arena *a, size_t nb, size_t *dirty)
{
	return top_carve(a, nb, dirty);
}

/* There is no more memory: whatever it costs. */
static SELDOM struct chunk *alloc_from_the_last(struct arena *a, size_t nb, size_t *dirty)
{
	struct chunk *c;

	if (!a->top || arena_consolidate(a) < nb)
		return NULL;
	*dirty = SIZE_MAX;
	c = alloc_from_bins(a, nb);
	return c ? c : top_carve(a, nb, dirty);
}

/* NULL: not of that size, and not parked any more. */
static struct chunk *alloc_parked(struct arena *a, size_t nb)
{
	struct chunk *c = a->parked;

	if (unlikely(chunksize(c) != nb)) {
		arena_unpark(a);
		return NULL;
	}
	a->parked = NULL;
	return c;
}

struct chunk *arena_alloc(struct arena *a, size_t nb, bool grow, size_t *dirty)
{
	struct chunk *c;

	*dirty = SIZE_MAX;
	if (unlikely(a->parked) && (c = alloc_parked(a, nb)) != NULL)
		return c;
	c = alloc_from_bins(a, nb);
	if (!c && arena_kept(a) >= CONSOLIDATE_BYTES && a->top && (size_t)(a->fresh - (char *)a->top) < nb)
		c = alloc_from_fast_bins(a, nb);
	if (c)
		return c;
	c = top_carve(a, nb, dirty);
	if (likely(c) || !grow)
		return c;
	if (unlikely(!top_grow(a, nb)))
		return alloc_from_the_last(a, nb, dirty);
	return alloc_from_grown_top(a, nb, dirty);
}

SELDOM struct chunk *alloc_elsewhere(struct arena **a, size_t nb, size_t *dirty)
{
	struct arena *failed = *a;
	unsigned int tried = 0;
	struct chunk *c = NULL;

	arena_unlock(failed);
	while (!c && (*a = arena_acquire_other(failed, &tried)) != NULL) {
		c = arena_alloc(*a, nb, true, dirty);
		if (!c)
			arena_unlock(*a);
	}
	return c;
}

/* Up to n chunks off the front of the free chunk c, the youngest of the unsorted bin. */
static unsigned int carve_row(struct arena *a, struct chunk *c, size_t nb, unsigned int n, void **blocks)
{
	size_t size = chunksize(c);
	struct idle_tag tag = idle_tag(a, c);
	struct chunk *end = next_chunk(c);
	unsigned int i = 0;

	if (unlikely(c->bk != bin_head(&a->unsorted) || c->fd->bk != c || end->prev_size != size))
		die("malloc(): unsorted double linked list corrupted");
	unsorted_unlink(c);
	idle_forget(a, c);
	for (; i < n && size >= nb + MINSIZE; i++) {
		set_head(c, nb | PREV_INUSE | arena_bit(a));
		blocks[i] = chunk2mem(c);
		c = chunk_at(c, nb);
		size -= nb;
	}
	set_head(c, size | PREV_INUSE | arena_bit(a));
	set_foot(c, size);
	unsorted_insert(a, c);
	idle_set_tag(a, c, size, tag);
	if (nb < SMALL_LIMIT)
		a->last_remainder = c;
	return i;
}

/* New chunks of nb bytes, which are neighbours where they are parts of one free chunk, or of the top. */
static SELDOM unsigned int alloc_row(struct arena *a, size_t nb, unsigned int n, void **blocks)
{
	unsigned int i = 0;
	size_t dirty;
	struct chunk *c = arena_alloc(a, nb, true, &dirty), *behind;

	if (!c)
		return 0;
	blocks[i++] = chunk2mem(c);
	behind = next_chunk(c);
	if (behind == a->top)
		while (i < n && (c = top_carve(a, nb, &dirty)) != NULL)
			blocks[i++] = chunk2mem(c);
	else if (i < n && behind == a->unsorted.fd && chunksize(behind) >= nb + MINSIZE)
		i += carve_row(a, behind, nb, n - i, blocks + i);
	return i;
}

static unsigned int alloc_some(struct arena *a, size_t index, unsigned int n, void **blocks)
{
	unsigned int taken;

	if (index < CLASS_PIECES)
		return run_take(a, index, n, blocks);
	taken = fastbin_take(a, index, n, blocks);
	return taken ? taken : alloc_row(a, class_size(index), n, blocks);
}

static SELDOM unsigned int alloc_some_elsewhere(const struct arena *failed, size_t index, unsigned int n, void **blocks)
{
	unsigned int tried = 0, taken = 0;
	struct arena *a;

	while (!taken && (a = arena_acquire_other(failed, &tried)) != NULL) {
		taken = alloc_some(a, index, n, blocks);
		arena_unlock(a);
	}
	return taken;
}

unsigned int alloc_blocks(size_t index, unsigned int n, void **blocks)
{
	struct arena *a;
	unsigned int taken;

	a = arena_acquire();
	taken = alloc_some(a, index, n, blocks);
	arena_unlock(a);
	return likely(taken) ? taken : alloc_some_elsewhere(a, index, n, blocks);
}
