/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* internal.h - what the public entry points share */
#ifndef WEIR_INTERNAL_H
#define WEIR_INTERNAL_H

#include <stdatomic.h>
#include "arena.h"
#include "knobs.h"

#define WEIR_EXPORT __attribute__((visibility("default")))

/* init.c: made ready by the first allocation, whoever makes it. */
extern _Atomic bool weir_ready;
void weir_init(void);

static inline void ensure_ready(void)
{
	if (unlikely(!atomic_load_explicit(&weir_ready, memory_order_acquire)))
		weir_init();
}

/* M_PERTURB: 0, or freed memory is filled with its lowest byte and allocated memory with that one's complement. */
extern _Atomic int perturb_byte;

/*
 * malloc.c: a chunk of nb bytes aligned to align past the thread cache, or NULL. After klink_poll().
 * *dirty: bytes of its memory, from the start, that may be other than zero.
 */
struct chunk *alloc_uncached(size_t nb, size_t align, size_t *dirty);
/* A block of memory, not NULL, goes back; past the fast path. Keeps errno. */
void free_slow(void *mem);

/* introspect.c: is a block, which may be anybody's and in use, in a thread's cache? */
bool block_is_cached(void *mem);

/* resize.c: make c hold nb bytes where it is; the arena's lock is held. */
bool arena_resize(struct arena *a, struct chunk *c, size_t nb);
/* memalign.c: the part of c, at least nb + align + MINSIZE long, that is aligned; the rest is freed. */
struct chunk *arena_align(struct arena *a, struct chunk *c, size_t nb, size_t align);

/* options.c: read WEIR_OPTIONS, MALLOC_*_ and GLIBC_TUNABLES, once the environment is there. */
void options_init(void);
/* mallopt.c: the settings of mallopt and the environment that are no knobs. False: out of range. */
bool set_mxfast(size_t bytes);
bool set_perturb_byte(size_t byte);
bool set_tcache_count(size_t count);
bool set_tcache_max(size_t bytes);
/* Those that concern the thread cache: for this thread's, emptied, and for all made from now on. */
void apply_cache_settings(void);
extern _Atomic size_t mxfast;	/* fast chunks: up to this chunk size; see free_slow() */

#endif
