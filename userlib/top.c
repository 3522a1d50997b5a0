// SPDX-License-Identifier: LGPL-2.1-or-later
/* top.c - the top chunk: what it gives, how it grows and shrinks */
#include "arena.h"
#include "die.h"
#include "figures.h"
#include "hugepage.h"
#include "os.h"

void top_set(struct arena *a, struct chunk *top, size_t size)
{
	a->top = top;
	if (size < a->top_low)
		a->top_low = size;
	/* The chunk before the top is in use: a free one would have joined it. */
	set_head(top, size | PREV_INUSE | arena_bit(a));
}

/*
 * Bytes at or above a->fresh are as the kernel gave them. The new top's header is written just
 * behind the carved chunk, so fresh moves behind that header; a top that later moves down again
 * leaves fresh where it was.
 */
struct chunk *top_carve(struct arena *a, size_t nb, size_t *dirty)
{
	struct chunk *c = a->top;
	size_t size;
	char *mem, *new_top;

	if (!c)
		return NULL;
	size = chunksize(c);
	if (unlikely(size > a->system_mem))
		die("malloc(): corrupted top size");
	if (size < nb + MINSIZE)
		return NULL;
	mem = chunk2mem(c);
	new_top = (char *)c + nb;
	*dirty = a->fresh > mem ? (size_t)(a->fresh - mem) : 0;
	set_head(c, nb | PREV_INUSE | arena_bit(a));
	top_set(a, (struct chunk *)new_top, size - nb);
	if (a->fresh < new_top + MEM_OFFSET)
		a->fresh = new_top + MEM_OFFSET;
	return c;
}

/* Wherever its memory comes from, it ends at a page's boundary. */
static void top_check(const struct arena *a)
{
	size_t size = chunksize(a->top);

	if (unlikely(size < MINSIZE || !prev_inuse(a->top) ||
		     !is_aligned((char *)a->top + size, os_page_size)))
		die("malloc(): corrupted top size");
}

SELDOM bool top_grow(struct arena *a, size_t nb)
{
	bool grown;

	if (a->top)
		top_check(a);
	grown = a->main ? main_grow(a, nb) : heap_grow(a, nb);
	figures_update(a);
	return grown;
}

SELDOM size_t top_trim(struct arena *a, size_t pad)
{
	size_t released = a->main ? main_trim(a, pad) : heap_trim(a, pad);

	if (released)
		figures_trimmed(a);
	return released;
}

SELDOM size_t top_trim_spare(struct arena *a, size_t pad)
{
	return a->main ? main_trim_spare(a, pad) : heap_trim_spare(a, pad);
}

size_t top_excess(const struct arena *a, size_t pad)
{
	size_t size = chunksize(a->top), keep = pad + MINSIZE, huge = hugepage_wanted();

	return size > keep ? align_down(size - keep, huge ? huge : os_page_size) : 0;
}

/*
 * Two chunks of MEM_OFFSET bytes, for ever in use, are left at the end so that nothing coalesces
 * beyond it. Returns the first of them, or where it would be if old has no room for more.
 */
SELDOM struct chunk *top_retire(struct arena *a, struct chunk *old, size_t size)
{
	size_t rest = size - 2 * MEM_OFFSET;

	set_head(chunk_at(old, size - MEM_OFFSET), MEM_OFFSET | PREV_INUSE | arena_bit(a));
	if (rest < MINSIZE) {
		set_head(old, (size - MEM_OFFSET) | PREV_INUSE | arena_bit(a));
		return old;
	}
	set_head(chunk_at(old, rest), MEM_OFFSET | PREV_INUSE | arena_bit(a));
	set_head(old, rest | PREV_INUSE | arena_bit(a));
	/* Not a trim: the new top was made for a request that has yet to be served. */
	arena_coalesce(a, old);
	return chunk_at(old, rest);
}
