// SPDX-License-Identifier: LGPL-2.1-or-later
/* malloc.c - malloc, free and calloc: the fast paths and where they lead */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "die.h"
#include "internal.h"
#include "klink.h"
#include "fastbin.h"
#include "mapped.h"
#include "tcache.h"
#include "tend.h"

/* No chunk is larger. */
#define NEXT_SIZE_MAX	((size_t)1 << 46)

_Atomic int perturb_byte;

/* The arena has nothing: a chunk mapped alone if the knobs say so, else more memory, or another arena's. */
static SELDOM struct chunk *alloc_more(struct arena *a, size_t nb, size_t align, size_t need, size_t *dirty)
{
	struct chunk *c = NULL;

	if (mapped_wanted(need)) {
		arena_unlock(a);
		klink_retry();
		*dirty = 0;
		c = mapped_alloc(nb, align);
		if (c)
			return c;
		arena_lock(a);
	}
	c = arena_alloc(a, need, true, dirty);
	if (!c)
		c = alloc_elsewhere(&a, need, dirty);
	if (!a)
		return NULL;
	if (align > MALLOC_ALIGN) {
		c = arena_align(a, c, nb, align);
		*dirty = SIZE_MAX;
	}
	arena_unlock(a);
	return c;
}

__attribute__((flatten)) struct chunk *alloc_uncached(size_t nb, size_t align, size_t *dirty)
{
	size_t need = align > MALLOC_ALIGN ? nb + align + MINSIZE : nb;
	struct arena *a;
	struct chunk *c;

	a = arena_acquire();
	c = arena_alloc(a, need, false, dirty);
	if (unlikely(!c))
		return alloc_more(a, nb, align, need, dirty);
	if (align > MALLOC_ALIGN) {
		c = arena_align(a, c, nb, align);
		*dirty = SIZE_MAX;
	}
	arena_unlock(a);
	return c;
}

static SELDOM void *alloc_piece(size_t class)
{
	void *mem;

	if (!alloc_blocks(class, 1, &mem))
		return NULL;
	/* It may have been freed before; see tcache_refill(). */
	*tcache_key_of(mem) = 0;
	return mem;
}

static inline __attribute__((always_inline)) void *alloc_block(size_t bytes, size_t *dirty)
{
	struct tcache *t;
	struct chunk *c;
	size_t class;
	void *mem;

	klink_poll();
	if (bytes <= CLASS_MAX_REQUEST) {
		*dirty = SIZE_MAX;
		class = chunks_only() && bytes <= CLASS_EXACT_MAX - SIZE_SZ ? class_exact(request2size(bytes)) :
			class_serving(bytes);
		t = tcache_make();
		mem = t ? tcache_get_slow(t, class) : NULL;
		if (mem)
			return mem;
		/* At its end a thread has no cache, and with caching turned off all is as in ptmalloc without. */
		if (t && tcache_caches(class))
			mem = tcache_refill(t, class);
		else if (class < CLASS_PIECES && !t)
			mem = alloc_piece(class);
		if (mem)
			return mem;
		/* Not cached; or memory is short, and where no run may be had a chunk may. */
	}
	c = alloc_uncached(request2size(bytes), MALLOC_ALIGN, dirty);
	return c ? chunk2mem(c) : NULL;
}

static inline __attribute__((always_inline)) void *alloc_slow(size_t bytes, size_t *dirty)
{
	void *mem = NULL;

	ensure_ready();
	if (!request_too_large(bytes))
		mem = alloc_block(bytes, dirty);
	if (unlikely(!mem))
		errno = ENOMEM;
	return mem;
}

static __attribute__((noinline)) void *malloc_slow(size_t bytes)
{
	size_t dirty;
	void *mem = alloc_slow(bytes, &dirty);

	if (unlikely(perturb_byte) && mem)
		memset(mem, perturb_byte ^ 0xff, bytes);
	return mem;
}

/* A cached block or NULL. */
static inline void *get_cached(size_t bytes)
{
	if (likely(bytes <= PIECE_MAX))
		return tcache_get(class_of_piece(bytes));
	if (bytes <= CLASS_MAX_REQUEST)
		return tcache_get_step(class_serving(bytes));
	return NULL;
}

WEIR_EXPORT void *malloc(size_t bytes)
{
	void *mem;

	if (likely(bytes <= PIECE_MAX)) {
		mem = tcache_get(class_of_piece(bytes));
		if (likely(mem))
			return mem;
	} else if (bytes <= CLASS_MAX_REQUEST) {
		mem = tcache_get_step(class_serving(bytes));
		if (likely(mem))
			return mem;
	}
	return malloc_slow(bytes);
}

WEIR_EXPORT void *calloc(size_t count, size_t size)
{
	size_t bytes, dirty = SIZE_MAX, usable;
	void *mem;

	if (unlikely(__builtin_mul_overflow(count, size, &bytes))) {
		errno = ENOMEM;
		return NULL;
	}
	mem = get_cached(bytes);
	if (!mem)
		mem = alloc_slow(bytes, &dirty);
	if (unlikely(!mem))
		return NULL;
	usable = block_usable(mem);
	return memset(mem, 0, dirty < usable ? dirty : usable);
}

static void check_freed(const struct chunk *c, const void *mem)
{
	size_t size = chunksize(c);

	if (unlikely((uintptr_t)c > -size) || unlikely(!is_aligned(mem, MALLOC_ALIGN)))
		die("free(): invalid pointer");
	if (unlikely(size < MINSIZE || size & (MALLOC_ALIGN - 1)))
		die("free(): invalid size");
}

/*
 * The size of the chunk behind c, with its bits. Whoever has the arena's lock may write it meanwhile, but not
 * its P bit.
 */
static inline size_t size_behind(const struct chunk *c)
{
	return chunk_head(next_chunk(c));
}

/* Can what is behind a chunk in use have this size? */
static inline bool is_behind_used(size_t next)
{
	return (next & PREV_INUSE) && next - 2 * SIZE_SZ < NEXT_SIZE_MAX;
}

/* As arena_coalesce() does, for a chunk that will not come there soon. */
static void check_behind(const struct chunk *c)
{
	size_t next = size_behind(c);

	if (unlikely(!(next & PREV_INUSE)))
		die("free(): double free or corruption (!prev)");
	if (unlikely(!is_behind_used(next)))
		die("free(): invalid next size (normal)");
}

/* Is a the arena that t's thread uses? */
static bool is_own(const struct tcache *t, const struct arena *a)
{
	return is_single_threaded() || !t || t->arena == a;
}

/* class: of a piece, 0 of a chunk. */
static inline __attribute__((always_inline)) void free_to_arena(void *mem, size_t class)
{
	struct run *r = class ? run_of(mem, class, "free(): invalid pointer") : NULL;
	struct arena *a = r ? r->arena : arena_of(mem2chunk(mem));
	struct tcache *t = tcache_make();
	struct deferral d = { 0 };
	size_t span = 0;

	klink_poll();
	if (!is_own(t, a) || !arena_try(a)) {
		arena_defer_add(&d, a, mem, block_usable(mem));
		arena_defer_end(&d);
		tend_others();
		return;
	}
	if (r)
		run_put(a, r, mem, class);
	else
		span = fastbin_put(a, mem2chunk(mem));
	arena_look(a, span);
	arena_unlock(a);
	tcache_look(t);
	if (span >= TRIM_LOOK_SIZE)
		tend_others();
	/*
	 * ptmalloc's consolidation of fast chunks: a large span came free, and small cached ones may be all
	 * that keeps it from growing, or the top from being trimmed.
	 */
	if (span >= TRIM_LOOK_SIZE && !knobs_hold_ms() && t && mxfast)
		tcache_consolidate(t, chunks_only() ? mxfast : CLASS_MAX);
}

/* The class in which the thread caches keep a chunk with this size and bits, if they may; else 0. */
static size_t cached_class(const void *mem, size_t size)
{
	if (size & (IS_MMAPPED | MALLOC_ALIGN / 2) || unlikely(!is_aligned(mem, MALLOC_ALIGN)))
		return 0;
	return class_kept(size & ~SIZE_BITS);
}

/* What the thread cache did not take at once. class: see free_to_arena(). */
static SELDOM void free_cached(void *mem, size_t class, size_t kept)
{
	ensure_ready();
	if (unlikely(perturb_byte))
		memset(mem, perturb_byte, block_usable(mem));
	if (!kept || !tcache_put_slow(mem, kept))
		free_to_arena(mem, class);
}

static SELDOM void free_piece(void *mem, size_t class)
{
	run_of(mem, class, "free(): invalid pointer");
	free_cached(mem, class, class);
}

/* Past the caches, but a check of what a chunk would lose in them comes first. */
static SELDOM __attribute__((flatten)) void free_chunk(void *mem, size_t class)
{
	struct chunk *c = mem2chunk(mem);

	if (is_mmapped(c)) {
		klink_retry();
		mapped_free(c);
		return;
	}
	check_freed(c, mem);
	if (class)
		check_behind(c);
	if (class || unlikely(perturb_byte))
		free_cached(mem, 0, class);
	else
		free_to_arena(mem, 0);
}

__attribute__((noinline)) void free_slow(void *mem)
{
	size_t class = piece_class(mem);

	if (unlikely(class)) {
		free_piece(mem, class);
		return;
	}
	if (unlikely(!mem))
		return;
	class = cached_class(mem, chunk_head(mem2chunk(mem)));
	if (!class || unlikely(!is_behind_used(size_behind(mem2chunk(mem)))) ||
	    !(class_is_step(class) ? tcache_put_step(tcache_self, mem, class) : tcache_put(tcache_self, mem, class)))
		free_chunk(mem, class);
}

WEIR_EXPORT void free(void *mem)
{
	struct tcache *t = tcache_self;
	size_t class;

	SAME_REGISTER(t);
	class = piece_class_near(&t->home, mem);

	/* Whatever is no piece, NULL among it, has class 0, in which nothing is aligned. */
	if (unlikely(!piece_is_aligned(mem, class)) || unlikely(!tcache_put(t, mem, class)))
		free_slow(mem);
}
