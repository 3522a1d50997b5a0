// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * heap.c - mapped heaps: the memory of every arena but the main one
 *
 * A heap is HEAP_SIZE bytes of address space, aligned to HEAP_SIZE, of which a growing prefix is
 * usable; masking a chunk's address finds its heap and so its arena. When a heap is full the next one
 * takes over the top; when the top is all that a later heap holds, that heap is unmapped and the one
 * before is used again. One in between is unmapped when nothing in it is in use; so is the only one in
 * the end, if it stays empty.
 */
#include "arena.h"
#include "knobs.h"
#include "os.h"

struct heap {
	struct arena *arena;
	struct heap *prev;	/* the heap that was the last one before this */
	size_t size;		/* bytes in the arena's use */
	size_t committed;	/* bytes that are accessible, >= size */
	struct chunk *fence;	/* of a full heap: what top_retire() returned */
	size_t reserved[3];
};

_Static_assert(sizeof(struct heap) % MALLOC_ALIGN == 0, "chunks behind it are aligned");

static struct heap *heap_of(const void *p)
{
	return (struct heap *)align_down((uintptr_t)p, HEAP_SIZE);
}

struct arena *heap_arena_of(const struct chunk *c)
{
	return heap_of(c)->arena;
}

bool heap_holds(const struct arena *a, const struct chunk *c, const struct chunk *next)
{
	return heap_of(c) == heap_of(next) && (next <= a->top || heap_of(c) != heap_of(a->top));
}

static struct heap *heap_create(size_t size)
{
	struct heap *h;

	size = align_up(size, os_page_size);
	if (size > HEAP_SIZE)
		return NULL;
	h = os_heap_reserve();
	if (!h)
		return NULL;
	if (!os_heap_commit(h, size)) {
		os_heap_unreserve(h);
		return NULL;
	}
	h->size = h->committed = size;
	return h;
}

/* need, and top_pad as far as the heap has room for it. */
static size_t padded(size_t need)
{
	size_t pad = knob(WEIR_KNOB_TOP_PAD);

	return need + pad <= HEAP_SIZE ? need + pad : need;
}

static void heap_start_top(struct arena *a, struct heap *h, char *top)
{
	top_set(a, (struct chunk *)top, (char *)h + h->size - top);
	a->fresh = top + MEM_OFFSET;
	arena_add_system_mem(a, h->size);
}

static bool heap_extend(struct arena *a, struct heap *h, size_t more)
{
	size_t size = h->size + align_up(more, os_page_size);

	if (more > HEAP_SIZE || size > HEAP_SIZE)
		return false;
	if (size > h->committed) {
		if (!os_heap_commit((char *)h + h->committed, size - h->committed))
			return false;
		h->committed = size;
	}
	arena_add_system_mem(a, size - h->size);
	top_set(a, a->top, chunksize(a->top) + size - h->size);
	h->size = size;
	return true;
}

static bool heap_extend_for(struct arena *a, size_t nb)
{
	struct heap *h = heap_of(a->top);
	size_t missing = nb + MINSIZE - chunksize(a->top);

	return heap_extend(a, h, missing + knob(WEIR_KNOB_TOP_PAD)) || heap_extend(a, h, missing);
}

bool heap_grow(struct arena *a, size_t nb)
{
	struct chunk *old = a->top;
	size_t old_size = old ? chunksize(old) : 0;
	struct heap *h;

	if (nb > HEAP_SIZE)
		return false;
	if (old && heap_extend_for(a, nb))
		return true;
	h = heap_create(padded(sizeof(*h) + nb + MINSIZE));
	if (!h)
		return false;
	h->arena = a;
	h->prev = old ? heap_of(old) : NULL;
	heap_start_top(a, h, (char *)(h + 1));
	if (old)
		h->prev->fence = top_retire(a, old, old_size);
	return true;
}

/* Where the top of a full heap would begin: at its fence, or at the free chunk before that. */
static struct chunk *top_before(const struct heap *h)
{
	return prev_inuse(h->fence) ? h->fence : prev_chunk(h->fence);
}

/* The top is all that the last heap holds: go back to the heap before. */
static void heap_delete_last(struct arena *a, struct heap *h)
{
	struct heap *prev = h->prev;
	struct chunk *top = top_before(prev);
	char *end = (char *)prev + prev->size;

	if (top != prev->fence)
		bin_unlink(a, top);
	top_set(a, top, end - (char *)top);
	a->fresh = end;
	arena_sub_system_mem(a, h->size);
	os_heap_unmap(h);
}

SELDOM bool heap_give_back(struct arena *a)
{
	struct heap *h = heap_of(a->top);

	if (h->prev || a->top != (const struct chunk *)(h + 1))
		return false;
	arena_sub_system_mem(a, h->size);
	a->top = NULL;
	a->fresh = NULL;
	a->last_remainder = NULL;
	os_heap_unmap(h);
	return true;
}

/* Is h empty, and the heap before not so full that the next request would map one again? */
static bool heap_is_spare(const struct arena *a, const struct heap *h, size_t pad)
{
	if (!h->prev || a->top != (const struct chunk *)(h + 1))
		return false;
	return (size_t)((char *)h->prev + HEAP_SIZE - (char *)top_before(h->prev)) >=
		pad + MINSIZE + os_page_size;
}

/* Those before the last in which nothing is in use; returns bytes. */
static size_t heaps_delete_empty(struct arena *a)
{
	struct heap *h = heap_of(a->top), *prev;
	size_t released = 0;

	while ((prev = h->prev) != NULL) {
		struct chunk *first = (struct chunk *)(prev + 1);

		if (top_before(prev) != first) {
			h = prev;
			continue;
		}
		bin_unlink(a, first);
		h->prev = prev->prev;
		released += prev->size;
		arena_sub_system_mem(a, prev->size);
		os_heap_unmap(prev);
	}
	return released;
}

SELDOM size_t heap_trim_spare(struct arena *a, size_t pad)
{
	struct heap *h = heap_of(a->top), *prev;
	size_t released = 0;

	for (; heap_is_spare(a, h, pad); h = prev) {
		prev = h->prev;
		released += h->size;
		heap_delete_last(a, h);
	}
	return released + heaps_delete_empty(a);
}

size_t heap_trim(struct arena *a, size_t pad)
{
	size_t released = heap_trim_spare(a, pad), excess = top_excess(a, pad);
	struct heap *h = heap_of(a->top);

	if (!excess || !os_let_go((char *)h + h->size - excess, excess))
		return released;
	h->size -= excess;
	arena_sub_system_mem(a, excess);
	top_set(a, a->top, chunksize(a->top) - excess);
	if (a->fresh > (char *)h + h->size)
		a->fresh = (char *)h + h->size;
	return released + excess;
}

void *heap_extent(const struct arena *a, void *heap, struct extent *e)
{
	struct heap *h = heap ? heap : heap_of(a->top);

	e->start = (char *)h;
	e->first = (struct chunk *)(h + 1);
	e->end = (char *)h + h->size;
	return h->prev;
}

size_t heap_space(const struct arena *a, size_t *used, size_t *accessible)
{
	size_t n = 0;

	*used = *accessible = 0;
	for (const struct heap *h = heap_of(a->top); h; h = h->prev, n++) {
		*used += h->size;
		*accessible += h->committed;
	}
	return n;
}
