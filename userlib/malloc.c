// SPDX-License-Identifier: LGPL-2.1-or-later
/* malloc.c - malloc, free and calloc: the fast paths and where they lead */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "die.h"
#include "internal.h"
#include "klink.h"
#include "mapped.h"
#include "tcache.h"

int perturb_byte;

/*
 * ptmalloc's order for what the cache does not hold: what the arena has, then a chunk mapped alone if
 * the knobs say so, then more memory for the arena, then another arena.
 */
struct chunk *alloc_uncached(size_t nb, size_t align, size_t *dirty)
{
	size_t need = align > MALLOC_ALIGN ? nb + align + MINSIZE : nb;
	struct arena *a;
	struct chunk *c;

	klink_poll();
	a = arena_acquire(NULL);
	c = arena_alloc(a, need, false, dirty);
	if (!c && mapped_wanted(need)) {
		arena_unlock(a);
		klink_retry();
		*dirty = 0;
		c = mapped_alloc(nb, align);
		if (c)
			return c;
		arena_lock(a);
	}
	if (!c)
		c = arena_alloc(a, need, true, dirty);
	if (!c) {
		struct arena *failed = a;

		arena_unlock(a);
		a = arena_acquire(failed);
		if (!a)
			return NULL;
		c = arena_alloc(a, need, true, dirty);
	}
	if (c && align > MALLOC_ALIGN) {
		c = arena_align(a, c, nb, align);
		*dirty = SIZE_MAX;
	}
	arena_unlock(a);
	return c;
}

static struct chunk *alloc_chunk(size_t nb, size_t *dirty)
{
	struct tcache *t;

	if (nb <= TCACHE_MAX) {
		t = tcache_make();
		if (t && tcache_caches(t, tcache_index(nb))) {
			*dirty = SIZE_MAX;
			return tcache_refill(t, nb);
		}
	}
	return alloc_uncached(nb, MALLOC_ALIGN, dirty);
}

/* errno of a call that succeeds is as before, whatever was tried on the way. */
static void *alloc_slow(size_t bytes, size_t *dirty)
{
	int saved = errno;
	struct chunk *c = NULL;

	ensure_ready();
	if (!request_too_large(bytes))
		c = alloc_chunk(request2size(bytes), dirty);
	errno = c ? saved : ENOMEM;
	return c ? chunk2mem(c) : NULL;
}

static __attribute__((noinline)) void *malloc_slow(size_t bytes)
{
	size_t dirty;
	void *mem = alloc_slow(bytes, &dirty);

	if (unlikely(perturb_byte) && mem)
		memset(mem, perturb_byte ^ 0xff, bytes);
	return mem;
}

WEIR_EXPORT void *malloc(size_t bytes)
{
	void *mem;

	if (likely(bytes <= TCACHE_MAX_REQUEST)) {
		mem = tcache_get(bytes);
		if (likely(mem))
			return mem;
	}
	return malloc_slow(bytes);
}

WEIR_EXPORT void *calloc(size_t count, size_t size)
{
	size_t bytes, dirty = SIZE_MAX, usable;
	void *mem = NULL;

	if (unlikely(__builtin_mul_overflow(count, size, &bytes))) {
		errno = ENOMEM;
		return NULL;
	}
	if (likely(bytes <= TCACHE_MAX_REQUEST))
		mem = tcache_get(bytes);
	if (!mem)
		mem = alloc_slow(bytes, &dirty);
	if (unlikely(!mem))
		return NULL;
	usable = chunk_usable(mem2chunk(mem));
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

static void free_to_arena(struct chunk *c)
{
	struct arena *a = arena_of(c);
	struct tcache *t;
	size_t merged;

	klink_poll();
	if (!arena_try(a)) {
		arena_defer(a, chunk2mem(c));
		return;
	}
	merged = arena_free(a, c);
	arena_unlock(a);
	/*
	 * ptmalloc's consolidation of fast chunks: a large span came free, and small cached ones may be all
	 * that keeps it from growing, or the top from being trimmed.
	 */
	t = merged >= TRIM_LOOK_SIZE && mxfast ? tcache_make() : NULL;
	if (t)
		tcache_consolidate(t, mxfast);
}

__attribute__((noinline)) void free_slow(void *mem)
{
	struct chunk *c = mem2chunk(mem);
	int saved = errno;

	if (is_mmapped(c)) {
		klink_retry();
		mapped_free(c);
	} else {
		check_freed(c, mem);
		ensure_ready();
		if (unlikely(perturb_byte))
			memset(mem, perturb_byte, chunksize(c) - MEM_OFFSET);
		if (tcache_index(chunksize(c)) >= TCACHE_BINS || !tcache_put_slow(mem, chunksize(c)))
			free_to_arena(c);
	}
	errno = saved;
}

WEIR_EXPORT void free(void *mem)
{
	if (unlikely(!mem))
		return;
	if (likely(tcache_put(mem, mem2chunk(mem)->size)))
		return;
	free_slow(mem);
}
