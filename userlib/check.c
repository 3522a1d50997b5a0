// SPDX-License-Identifier: LGPL-2.1-or-later
#include "check.h"

#include <stdarg.h>
#include <stdio.h>

#include "arena.h"
#include "fastbin.h"
#include "mapped.h"
#include "meta.h"
#include "os.h"
#include "piecemap.h"
#include "run.h"
#include "tcache.h"
#include "unmap.h"

struct report {
	char *why;
	size_t length;
};

/* What was seen of one arena. */
struct tally {
	size_t free_count, free_bytes;		/* top not included */
	size_t used_count, used_bytes;
	size_t bytes;
	size_t pieces;
};

static bool __attribute__((format(printf, 2, 3))) fail(const struct report *r, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(r->why, r->length, format, args);
	va_end(args);
	return false;
}

static bool check_free_chunk(const struct report *r, const struct arena *a, const struct chunk *c)
{
	const struct chunk *next = next_chunk(c);
	size_t size = chunksize(c);

	if (size < MINSIZE || size % MALLOC_ALIGN || size > a->system_mem)
		return fail(r, "free chunk %p: size %#zx", (void *)c, c->size);
	if ((c->size & SIZE_BITS) != (PREV_INUSE | arena_bit(a)))
		return fail(r, "free chunk %p: bits of size %#zx", (void *)c, c->size);
	if (next->prev_size != size)
		return fail(r, "free chunk %p: size %#zx but %#zx at its end", (void *)c, c->size, next->prev_size);
	if (prev_inuse(next))
		return fail(r, "free chunk %p: the next says it is in use", (void *)c);
	if (next == a->top)
		return fail(r, "free chunk %p: not joined with the top", (void *)c);
	if (chunksize(next) > MEM_OFFSET && !inuse(next))
		return fail(r, "free chunks %p and %p: not joined", (void *)c, (void *)next);
	if (c->fd->bk != c || c->bk->fd != c)
		return fail(r, "free chunk %p: not linked by its neighbours", (void *)c);
	return true;
}

/* A chunk in use that is nobody's: what top_retire() could not make a free chunk of. */
static bool is_fence_rest(const struct chunk *c, const char *end)
{
	return (const char *)next_chunk(c) == end - MEM_OFFSET;
}

/* Chunk by chunk to the top, or to the fence where the arena moved elsewhere. */
static bool check_piece(const struct report *r, const struct arena *a, const struct extent *e,
			struct tally *t)
{
	const struct chunk *c = e->first, *next;
	const char *end = e->end;
	bool prev_free = false;

	for (; (const char *)c < end; c = next) {
		size_t size = chunksize(c);

		if ((c->size & (IS_MMAPPED | NON_MAIN_ARENA)) != arena_bit(a))
			return fail(r, "chunk %p: bits of size %#zx", (void *)c, c->size);
		if (prev_inuse(c) == prev_free)
			return fail(r, "chunk %p: wrong about the one before: size %#zx", (void *)c, c->size);
		next = chunk_at(c, size);
		if (c == a->top && (const char *)next != end)
			return fail(r, "top %p: ends at %p, not %p", (void *)c, (void *)next, (void *)end);
		if (c == a->top)
			break;
		if (size == MEM_OFFSET)
			break;
		if (size < MINSIZE || size % MALLOC_ALIGN || size > a->system_mem)
			return fail(r, "chunk %p: size %#zx", (void *)c, c->size);
		prev_free = !prev_inuse(next);
		if (prev_free) {
			if (!check_free_chunk(r, a, c))
				return false;
			t->free_count++;
			t->free_bytes += size;
		} else if (!is_fence_rest(c, end)) {
			t->used_count++;
			t->used_bytes += size;
		}
	}
	if ((const char *)c >= end || (c != a->top && end - (const char *)c > 2 * (ptrdiff_t)MEM_OFFSET))
		return fail(r, "chunks from %p do not lead to the end %p", (void *)e->first, (void *)end);
	t->bytes += end - e->start;
	t->pieces++;
	return true;
}

static bool check_chunks(const struct report *r, const struct arena *a, struct tally *t)
{
	struct extent e;
	void *piece = NULL;

	do {
		piece = a->main ? main_extent(a, piece, &e) : heap_extent(a, piece, &e);
		if (!check_piece(r, a, &e, t))
			return false;
	} while (piece);
	return true;
}

/* The ring through the first chunks of each size, largest first. */
static bool check_ring(const struct report *r, const struct chunk *c, const struct chunk *head)
{
	bool leads = c->bk == head || chunksize(c->bk) != chunksize(c);

	if (leads != (c->fd_nextsize != NULL))
		return fail(r, "large chunk %p: %s the ring", (void *)c, leads ? "not in" : "should not be in");
	if (!leads)
		return true;
	if (c->fd_nextsize->bk_nextsize != c || c->bk_nextsize->fd_nextsize != c)
		return fail(r, "large chunk %p: ring broken", (void *)c);
	/* Downwards, but for the last, which leads back to the first. */
	if (chunksize(c->fd_nextsize) >= chunksize(c) && c->fd_nextsize != head->fd)
		return fail(r, "large chunk %p: ring not sorted", (void *)c);
	return true;
}

static bool check_bin(const struct report *r, struct arena *a, unsigned int index, struct tally *t)
{
	struct chunk *head = bin_head(&a->bins[index]), *c;

	if (a->bins[index].fd != head && !(a->binmap[index / 64] & 1UL << index % 64))
		return fail(r, "bin %u: not empty, but its bit is clear", index);
	for (c = a->bins[index].fd; c != head; c = c->fd) {
		if (!check_free_chunk(r, a, c))
			return false;
		if (bin_index(chunksize(c)) != index)
			return fail(r, "bin %u: chunk %p of size %#zx", index, (void *)c, c->size);
		if (index >= SMALL_BINS && c->bk != head && chunksize(c->bk) < chunksize(c))
			return fail(r, "bin %u: not sorted at %p", index, (void *)c);
		if (index >= SMALL_BINS && !check_ring(r, c, head))
			return false;
		t->free_count++;
		t->free_bytes += chunksize(c);
	}
	return true;
}

static bool check_unsorted(const struct report *r, struct arena *a, struct tally *t)
{
	struct chunk *head = bin_head(&a->unsorted), *c;

	for (c = a->unsorted.fd; c != head; c = c->fd) {
		if (!check_free_chunk(r, a, c))
			return false;
		if (chunksize(c) >= SMALL_LIMIT && (c->fd_nextsize || c->bk_nextsize))
			return fail(r, "unsorted chunk %p: seems to be in a ring", (void *)c);
		t->free_count++;
		t->free_bytes += chunksize(c);
	}
	return true;
}

/* May a chunk of this size be in a bin of that class? Which it is in depends on the policy at that time. */
static bool keeps(size_t index, size_t size)
{
	return index == class_keeping(size) || (size <= CLASS_EXACT_MAX && index == class_exact(size));
}

struct fast_walk {
	const struct report *r;
	const struct arena *a;
	size_t index, count;
};

/* Chunks in fast bins are in use as far as their neighbours know. */
static bool check_fast_chunk(void *mem, void *context)
{
	const struct chunk *c = mem2chunk(mem);
	struct fast_walk *w = context;

	w->count++;
	if (!is_aligned(c, MALLOC_ALIGN) || is_mmapped(c) || !keeps(w->index, chunksize(c)))
		return fail(w->r, "fast bin %zu: chunk %p of size %#zx", w->index, (void *)c, c->size);
	if (arena_of(c) != w->a || !inuse(c))
		return fail(w->r, "fast bin %zu: chunk %p is not the arena's", w->index, (void *)c);
	return *tcache_key_of(mem) == tcache_key || fail(w->r, "fast chunk %p: written to", (void *)c);
}

static bool check_fast_bins(const struct report *r, const struct arena *a)
{
	size_t bytes = 0;

	for (size_t i = 0; i < CLASSES; i++) {
		struct fast_walk w = { r, a, i, 0 };

		if (!a->fast[i] != !(a->fastmap[i / 64] & 1UL << i % 64))
			return fail(r, "fast bin %zu: its bit is wrong", i);
		if (!fastbin_for_each(a, i, check_fast_chunk, &w))
			return false;
		bytes += w.count * class_size(i);
	}
	return bytes == a->fast_bytes || fail(r, "arena %u: fast bins of %zu bytes, counted %zu", a->slot,
					     a->fast_bytes, bytes);
}

static bool check_run(const struct report *r, const struct arena *a, const struct run *run, size_t index)
{
	const struct chunk *c = mem2chunk(run);
	unsigned int free = 0;

	if (run->canary != (tcache_key ^ (uintptr_t)run ^ index) || piece_class(run) != index || !run->free)
		return fail(r, "run %p of class %zu: not one of them", (void *)run, index);
	if (arena_of(c) != a || is_mmapped(c) || !inuse(c))
		return fail(r, "run %p: its chunk of size %#zx is not in use", (void *)run, c->size);
	if (!is_aligned(run, GRANULE) || chunksize(c) % GRANULE >= MINSIZE || chunksize(c) < run->total * class_size(index))
		return fail(r, "run %p: not the place for it, or the size %#zx", (void *)run, c->size);
	for (int i = 0; i < RUN_PIECES / 64; i++)
		free += __builtin_popcountl(run->map[i]);
	if (free != run->free || free > run->total)
		return fail(r, "run %p: %u pieces free, counted %u", (void *)run, free, run->free);
	return run->next->prev == run || fail(r, "run %p: not linked by its neighbour", (void *)run);
}

static bool check_runs(const struct report *r, const struct arena *a)
{
	const struct run *run;

	for (size_t i = 1; i < CLASS_PIECES; i++) {
		run = a->runs[i];
		do {
			if (run && !check_run(r, a, run, i))
				return false;
			run = run ? run->next : NULL;
		} while (run != a->runs[i]);
	}
	return true;
}

static bool check_cached(const struct report *r, void *mem, size_t index)
{
	const struct chunk *c = mem2chunk(mem);

	if (*tcache_key_of(mem) != tcache_key)
		return fail(r, "cached block %p: written to", mem);
	if (piece_class(mem))
		return piece_class(mem) == index || fail(r, "cache bin %zu: piece %p of class %zu", index, mem,
							 piece_class(mem));
	if (!is_aligned(c, MALLOC_ALIGN) || is_mmapped(c) || !keeps(index, chunksize(c)))
		return fail(r, "cache bin %zu: chunk %p of size %#zx", index, (void *)c, c->size);
	return inuse(c) || fail(r, "cached chunk %p: free in its arena", (void *)c);
}

static bool check_top(const struct report *r, const struct arena *a)
{
	size_t size = chunksize(a->top);
	const char *end = (char *)a->top + size;

	if (size < MINSIZE || (a->top->size & SIZE_BITS) != (PREV_INUSE | arena_bit(a)))
		return fail(r, "top %p: size %#zx", (void *)a->top, a->top->size);
	if (!is_aligned(end, os_page_size))
		return fail(r, "top %p: ends at %p", (void *)a->top, (void *)end);
	if (a->system_mem > a->max_system_mem)
		return fail(r, "arena %u: %zu bytes, more than the most it had", a->slot, a->system_mem);
	/* Not all of it: looking makes pages of what never was one. */
	for (const char *p = a->fresh; p < end && p < a->fresh + 2 * os_page_size; p++)
		if (p >= (char *)a->top + MEM_OFFSET && *p)
			return fail(r, "top %p: not zero at %p", (void *)a->top, (void *)p);
	return true;
}

static bool check_arena(const struct report *r, struct arena *a, struct heap_sum *sum)
{
	struct tally chunks = { 0 }, lists = { 0 };

	if (!a->top)
		return a->system_mem == 0 || fail(r, "arena %u: no top", a->slot);
	if (!check_fast_bins(r, a) || !check_runs(r, a) || !check_top(r, a) || !check_chunks(r, a, &chunks) || !check_unsorted(r, a, &lists))
		return false;
	for (unsigned int i = 0; i < BINS; i++)
		if (!check_bin(r, a, i, &lists))
			return false;
	if (chunks.free_count != lists.free_count || chunks.free_bytes != lists.free_bytes)
		return fail(r, "arena %u: %zu free chunks of %zu bytes, %zu of %zu in lists", a->slot,
			    chunks.free_count, chunks.free_bytes, lists.free_count, lists.free_bytes);
	if (chunks.bytes != a->system_mem)
		return fail(r, "arena %u: %zu bytes, counted %zu", a->slot, a->system_mem, chunks.bytes);
	sum->used_count += chunks.used_count;
	sum->used_bytes += chunks.used_bytes;
	sum->pieces += chunks.pieces;
	sum->mapped += a->main ? chunks.bytes : chunks.pieces * HEAP_SIZE;
	return true;
}

static bool check_cache(const struct report *r, struct tcache *t)
{
	for (size_t i = 0; i < CLASSES; i++) {
		if (t->slots[t->bottom[i]] != &tcache_end)
			return fail(r, "cache bin %zu: does not end", i);
		for (size_t slot = t->bin[i].top; slot < t->bottom[i]; slot++)
			if (!check_cached(r, t->slots[slot], i))
				return false;
	}
	return true;
}

bool heap_check_sum(char *why, size_t length, struct heap_sum *sum)
{
	struct report r = { why, length };
	struct tcache *t = tcache_make();
	bool ok = true;

	*sum = (struct heap_sum){
		.mapped = atomic_load(&mapped_stats.bytes) + meta_mapped + piecemap_mapped() +
			unmap_waiting()
	};
	for (unsigned int i = 0; ok && i < arena_count(); i++) {
		struct arena *a = arena_at(i);

		if (!a)
			continue;
		arena_lock(a);
		ok = check_arena(&r, a, sum);
		arena_unlock(a);
	}
	return ok && (!t || check_cache(&r, t));
}

bool heap_check(char *why, size_t length)
{
	struct heap_sum sum;

	return heap_check_sum(why, length, &sum);
}
