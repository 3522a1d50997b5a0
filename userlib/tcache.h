/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tcache.h - the thread cache: freed chunks that their thread may have again without a lock
 *
 * A bin for each chunk size up to TCACHE_MAX: a stack of pointers, growing downwards, above whose oldest
 * entry stands a NULL. So malloc takes what top points to and sees an empty bin by the
 * NULL; free stores one below unless top has come down to full. Nothing is linked through user
 * memory: a write after free cannot make malloc return a pointer of the writer's choice.
 *
 * To the boundary tags a cached chunk is in use. It belongs to whatever arena it came from; a bin
 * that is full gives its older half back to their arenas, an empty one is refilled with several
 * chunks under one lock.
 *
 * Every cached chunk carries tcache_key in its second word, so that a free of a chunk that may be in
 * the cache already is looked at closely.
 *
 * Fast path: tcache_get() and tcache_put(). tcache_self is never NULL: a thread without a cache
 * points to one that is empty and full at once.
 */
#ifndef WEIR_TCACHE_H
#define WEIR_TCACHE_H

#include <stdint.h>
#include "arena.h"

#define TCACHE_BINS	64
#define TCACHE_MAX	((TCACHE_BINS + 1) * MALLOC_ALIGN)	/* chunk size, 1040 as in glibc */
#define TCACHE_MAX_REQUEST (TCACHE_MAX - SIZE_SZ)

struct tcache_bin {
	void **top;	/* the youngest, or the NULL above the oldest */
	void **full;	/* top may not go below */
};

struct tcache {
	struct tcache_bin bin[TCACHE_BINS];
	struct arena *arena;		/* where it was lucky last */
	struct tcache *next, *prev;	/* all caches, tcache.c's lock */
	void **bottom[TCACHE_BINS];	/* the NULL above the oldest entry */
	unsigned int quiet_frees;	/* tcache_consolidate(): do nothing that many times */
	uint16_t batch[TCACHE_BINS];	/* how many a refill takes next time */
	void *slots[];			/* of all bins, one behind the other */
};

#pragma GCC visibility push(hidden)
extern __thread struct tcache *tcache_self __attribute__((tls_model("initial-exec")));
extern uintptr_t tcache_key;

/* Bin of a chunk size; TCACHE_BINS or more if that size is not cached. */
static inline size_t tcache_index(size_t size) { return (size >> 4) - 2; }
static inline size_t tcache_bin_size(size_t index) { return (index + 2) << 4; }

/* The word behind a user's first; no chunk is too small for it. */
static inline uintptr_t *tcache_key_of(void *mem) { return (uintptr_t *)mem + 1; }

static inline size_t tcache_count(const struct tcache *t, size_t index)
{
	return t->bottom[index] - t->bin[index].top;
}

/* Does this cache take chunks of that bin at all? */
static inline bool tcache_caches(const struct tcache *t, size_t index)
{
	return t->bin[index].full != t->bottom[index];
}

/* A cached chunk for a request of up to TCACHE_MAX_REQUEST bytes, or NULL. */
static inline void *tcache_get(size_t bytes)
{
	size_t padded = bytes < 9 ? 9 : bytes;
	struct tcache_bin *b = &tcache_self->bin[((padded + 7) >> 4) - 1];
	void *mem = *b->top;

	if (unlikely(!mem))
		return NULL;
	b->top++;
	*tcache_key_of(mem) = 0;
	return mem;
}

/* True if the cache took the chunk; false: the caller looks closer. size includes the flag bits. */
static inline bool tcache_put(void *mem, size_t size)
{
	size_t index = tcache_index(size);
	struct tcache_bin *b;

	if (unlikely(index >= TCACHE_BINS) || unlikely(!is_aligned(mem, MALLOC_ALIGN)))
		return false;
	b = &tcache_self->bin[index];
	if (unlikely(*tcache_key_of(mem) == tcache_key) || unlikely(b->top == b->full))
		return false;
	*tcache_key_of(mem) = tcache_key;
	*--b->top = mem;
	return true;
}

void tcache_init(void);
/* The calling thread's cache, made if it has none yet; NULL if it cannot or must not have one. */
struct tcache *tcache_make(void);
/* Nothing was cached: refill from the thread's arena and return a chunk, or NULL with ENOMEM. */
struct chunk *tcache_refill(struct tcache *t, size_t nb);
/*
 * The chunk at mem, of this size, was not taken: end the process if it is cached already, else make
 * room and take it. False: not cached, the arena shall have it.
 */
bool tcache_put_slow(void *mem, size_t size);
/* Give chunks up to this size back to their arenas. */
void tcache_flush(struct tcache *t, size_t max_size);
/* The same, now and then: ptmalloc's malloc_consolidate() after a free that coalesced much. */
void tcache_consolidate(struct tcache *t, size_t max_size);
/* Of all threads: how many chunks and bytes are cached. Other threads' counts may be a moment old. */
void tcache_totals(size_t *chunks, size_t *bytes);
/*
 * Chunks per bin at most, as glibc's tcache_count (0 turns caching off, UINT16_MAX goes back to the
 * default), and the largest request that is cached. For caches made later, and by
 * tcache_apply_limits() for the caller's own.
 */
void tcache_set_count(unsigned int count);
void tcache_set_max(size_t bytes);
void tcache_apply_limits(struct tcache *t);
void tcache_lock(void);
void tcache_unlock(void);
void tcache_fork_child(void);

#pragma GCC visibility pop

#endif
