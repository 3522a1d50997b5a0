// SPDX-License-Identifier: LGPL-2.1-or-later
/* check_arena.c - one arena: from chunk to chunk over all its memory, and the top */
#include <sys/mman.h>

#include "checker.h"
#include "os.h"
#include "piecemap.h"

#define fail(w, ...) checker_fail((w)->k, __VA_ARGS__)

static bool size_possible(const struct walk *w, size_t size)
{
	return size >= MINSIZE && size % MALLOC_ALIGN == 0 && size <= w->a->system_mem;
}

bool check_free_tags(struct walk *w, const struct chunk *c)
{
	const struct chunk *next = next_chunk(c);
	size_t size = chunksize(c);

	if (!size_possible(w, size))
		return fail(w, "free chunk %p: size %#zx", (void *)c, c->size);
	if ((c->size & SIZE_BITS) != (PREV_INUSE | arena_bit(w->a)))
		return fail(w, "free chunk %p: bits of size %#zx", (void *)c, c->size);
	if (next->prev_size != size)
		return fail(w, "free chunk %p: size %#zx but %#zx at its end", (void *)c, c->size, next->prev_size);
	if (prev_inuse(next))
		return fail(w, "free chunk %p: the next says it is in use", (void *)c);
	if (next == w->a->top)
		return fail(w, "free chunk %p: not joined with the top", (void *)c);
	if (chunksize(next) > MEM_OFFSET && !inuse(next))
		return fail(w, "free chunks %p and %p: not joined", (void *)c, (void *)next);
	return true;
}

/* No part of it may be taken for a run's. */
static bool check_no_pieces(struct walk *w, const struct chunk *c)
{
	const char *end = (const char *)next_chunk(c);

	for (const char *at = chunk2mem(c); at < end; at += GRANULE)
		if (piece_class(at))
			return fail(w, "chunk %p: %p is in the map of pieces", (void *)c, (void *)at);
	return true;
}

static bool meet_free(struct walk *w, const struct chunk *c)
{
	if (!check_free_tags(w, c) || !check_no_pieces(w, c) || !checker_is_new(w->k, chunk2mem(c), checker_free))
		return false;
	w->tags.count++;
	w->tags.bytes += chunksize(c);
	return true;
}

/* A chunk in use that is nobody's: what top_retire() could not make a free chunk of. */
static bool is_fence_rest(const struct chunk *c, const char *end)
{
	return (const char *)next_chunk(c) == end - MEM_OFFSET;
}

static bool meet_used(struct walk *w, const struct chunk *c, const char *end)
{
	if (!is_fence_rest(c, end)) {
		w->k->sum.used_count++;
		w->k->sum.used_bytes += chunksize(c);
	}
	checker_meet(w->k, chunk2mem(c));
	return piece_class(chunk2mem(c)) ? check_run(w, c) : check_no_pieces(w, c);
}

/* c is the first of two headers of MEM_OFFSET bytes up to the end, or the last where one had no room. */
static bool check_fence(struct walk *w, const struct chunk *c, const char *end)
{
	const struct chunk *next = next_chunk(c);

	if ((const char *)next == end)
		return true;
	if ((const char *)next + MEM_OFFSET != end || next->size != (MEM_OFFSET | PREV_INUSE | arena_bit(w->a)))
		return fail(w, "fence %p: ends at %p, not %p", (void *)c, (void *)next, (void *)end);
	return true;
}

/* Chunk by chunk to the top, or to the fence where the arena moved elsewhere. */
static bool check_piece(struct walk *w, const struct extent *e)
{
	const struct chunk *c = e->first, *next;
	const char *end = e->end;
	bool prev_free = false;

	for (;; c = next) {
		size_t size = chunksize(c);

		if ((c->size & (IS_MMAPPED | NON_MAIN_ARENA)) != arena_bit(w->a))
			return fail(w, "chunk %p: bits of size %#zx", (void *)c, c->size);
		if (prev_inuse(c) == prev_free)
			return fail(w, "chunk %p: wrong about the one before: size %#zx", (void *)c, c->size);
		next = chunk_at(c, size);
		if (c == w->a->top && (const char *)next != end)
			return fail(w, "top %p: ends at %p, not %p", (void *)c, (void *)next, (void *)end);
		if (c == w->a->top)
			break;
		if (size == MEM_OFFSET) {
			if (!check_fence(w, c, end))
				return false;
			break;
		}
		if (!size_possible(w, size))
			return fail(w, "chunk %p: size %#zx", (void *)c, c->size);
		if ((const char *)next > end - MEM_OFFSET)
			return fail(w, "chunk %p: size %#zx leads over the end %p", (void *)c, c->size, (void *)end);
		prev_free = !prev_inuse(next);
		if (!(prev_free ? meet_free(w, c) : meet_used(w, c, end)))
			return false;
	}
	w->bytes += end - e->start;
	w->k->sum.pieces++;
	w->k->sum.mapped += w->a->main ? (size_t)(end - e->start) : HEAP_SIZE;
	return true;
}

static bool check_chunks(struct walk *w)
{
	struct extent e;
	void *piece = NULL;

	do {
		piece = w->a->main ? main_extent(w->a, piece, &e) : heap_extent(w->a, piece, &e);
		if (!w->a->main && heap_arena_of(e.first) != w->a)
			return fail(w, "arena %u: the heap of %p has another arena", w->a->slot, (void *)e.first);
		if (!check_piece(w, &e))
			return false;
	} while (piece);
	return true;
}

static bool check_zero(struct walk *w, const char *page, const char *fresh)
{
	for (const char *p = page < fresh ? fresh : page; p < page + os_page_size; p++)
		if (*p)
			return fail(w, "top %p: not zero at %p", (void *)w->a->top, (void *)p);
	return true;
}

/*
 * From fresh to the end of the top all must be zero. Only pages that are there are looked at: reading
 * another would make it one.
 */
static bool check_fresh(struct walk *w, const char *end)
{
	const char *fresh = w->a->fresh, *top = chunk2mem(w->a->top), *page;
	unsigned char there[64];
	size_t pages;

	if (fresh < top)
		fresh = top;
	page = (char *)align_down((uintptr_t)fresh, os_page_size);
	for (; page < end; page += pages * os_page_size) {
		pages = (end - page) / os_page_size;
		pages = pages < sizeof(there) ? pages : sizeof(there);
		if (mincore((void *)page, pages * os_page_size, there) != 0)
			return fail(w, "top %p: not mapped at %p", (void *)w->a->top, (void *)page);
		for (size_t i = 0; i < pages; i++)
			if (there[i] & 1 && !check_zero(w, page + i * os_page_size, fresh))
				return false;
	}
	return true;
}

static bool check_top(struct walk *w)
{
	const struct arena *a = w->a;
	size_t size = chunksize(a->top);
	const char *end = (char *)a->top + size;

	if (size < MINSIZE || size > a->system_mem || (a->top->size & SIZE_BITS) != (PREV_INUSE | arena_bit(a)))
		return fail(w, "top %p: size %#zx", (void *)a->top, a->top->size);
	if (!is_aligned(end, os_page_size))
		return fail(w, "top %p: ends at %p", (void *)a->top, (void *)end);
	if (a->system_mem > a->max_system_mem)
		return fail(w, "arena %u: %zu bytes, more than the most it had", a->slot, a->system_mem);
	return check_fresh(w, end);
}

/* First who holds what, then what is met. */
bool check_arena(struct checker *k, struct arena *a)
{
	struct walk w = { .k = k, .a = a };

	if (!a->top)
		return a->system_mem == 0 || fail(&w, "arena %u: no top", a->slot);
	if (!check_deferred(&w) || !check_fast_bins(&w) || !check_top(&w))
		return false;
	if (!check_chunks(&w) || !check_bins(&w) || !check_runs(&w))
		return false;
	if (w.bytes != a->system_mem)
		return fail(&w, "arena %u: %zu bytes, counted %zu", a->slot, a->system_mem, w.bytes);
	return true;
}
