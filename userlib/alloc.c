// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * alloc.c - find a chunk in an arena, in ptmalloc's order
 *
 *   1. a small bin of exactly this size
 *   2. the unsorted bin: an exact fit is taken; a lone last remainder is split for small requests;
 *      what does not fit is sorted into its bin on the way
 *   3. the smallest sorted chunk that is large enough, split
 *   4. the top
 *   5. more memory (top.c)
 */
#include "arena.h"
#include "die.h"

/* How many unsorted chunks one allocation sorts at most: its time stays bounded. */
#define SORT_MAX 10000

static struct chunk *take_whole(struct arena *a, struct chunk *c)
{
	set_inuse_at(c, chunksize(c));
	c->size |= arena_bit(a);
	return c;
}

/* Use nb bytes of the unlinked chunk c; the rest, if it can be a chunk, waits in the unsorted bin. */
static struct chunk *take_part(struct arena *a, struct chunk *c, size_t nb)
{
	size_t rest = chunksize(c) - nb;
	struct chunk *remainder;

	if (rest < MINSIZE)
		return take_whole(a, c);
	remainder = chunk_at(c, nb);
	set_head(c, nb | PREV_INUSE | arena_bit(a));
	set_head(remainder, rest | PREV_INUSE | arena_bit(a));
	set_foot(remainder, rest);
	unsorted_insert(a, remainder);
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
static void unsorted_check(const struct arena *a, const struct chunk *c)
{
	const struct chunk *next = next_chunk(c);
	size_t size = chunksize(c);

	if (unlikely(size < MINSIZE || size > a->system_mem))
		die("malloc(): invalid size (unsorted)");
	if (unlikely(next->size < 2 * SIZE_SZ || next->size > a->system_mem))
		die("malloc(): invalid next size (unsorted)");
	if (unlikely(next->prev_size != size))
		die("malloc(): mismatching next->prev_size (unsorted)");
	if (unlikely(c->bk->fd != c || c->fd->bk != c))
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
static struct chunk *alloc_from_unsorted(struct arena *a, size_t nb)
{
	struct chunk *head = bin_head(&a->unsorted), *c;
	size_t size;

	for (int n = 0; n < SORT_MAX && (c = a->unsorted.bk) != head; n++) {
		unsorted_check(a, c);
		size = chunksize(c);
		unsorted_unlink(c);
		if (nb < SMALL_LIMIT && a->unsorted.fd == head && c == a->last_remainder &&
		    size >= nb + MINSIZE)
			return take_part(a, c, nb);
		if (size == nb)
			return take_whole(a, c);
		bin_insert(a, c, size);
	}
	return NULL;
}

struct chunk *arena_alloc(struct arena *a, size_t nb, bool grow, size_t *dirty)
{
	struct chunk *c;

	*dirty = SIZE_MAX;
	if (nb < SMALL_LIMIT) {
		c = alloc_small_exact(a, nb);
		if (c)
			return c;
	}
	c = alloc_from_unsorted(a, nb);
	if (c)
		return c;
	c = bins_best_fit(a, nb);
	if (c)
		return take_part(a, c, nb);
	c = top_carve(a, nb, dirty);
	if (c || !grow)
		return c;
	if (!top_grow(a, nb))
		return NULL;
	return top_carve(a, nb, dirty);
}

/* Cut up to n chunks of nb bytes from the front of the free chunk c, which has been unlinked. */
static unsigned int cut_run(struct arena *a, struct chunk *c, size_t nb, unsigned int n, struct chunk **run)
{
	size_t size = chunksize(c);
	unsigned int i = 0;

	while (i < n && size >= nb + MINSIZE) {
		set_head(c, nb | PREV_INUSE | arena_bit(a));
		run[i++] = c;
		c = chunk_at(c, nb);
		size -= nb;
	}
	set_head(c, size | PREV_INUSE | arena_bit(a));
	if (i < n && size >= nb) {	/* too little is left for a remainder: the last takes it all */
		run[i++] = c;
		set_inuse_at(c, size);
	} else {
		set_foot(c, size);
		unsorted_insert(a, c);
		a->last_remainder = c;
	}
	return i;
}

unsigned int arena_alloc_run(struct arena *a, size_t nb, unsigned int n, struct chunk **run)
{
	struct chunk *next;
	unsigned int i = 0;
	size_t dirty;

	while (i < n) {
		run[i] = arena_alloc(a, nb, i == 0, &dirty);
		if (!run[i])
			break;
		next = next_chunk(run[i++]);
		if (next == a->top) {
			while (i < n && (run[i] = top_carve(a, nb, &dirty)) != NULL)
				i++;
		} else if (i < n && !inuse(next) && chunksize(next) >= nb) {
			bin_unlink(a, next);
			i += cut_run(a, next, nb, n - i, &run[i]);
		}
	}
	return i;
}
