/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fastbin.h - fast bins: chunks that were freed and not yet coalesced
 *
 * ptmalloc's fast bins, for every size class of chunks, between the thread caches and the bins: a cache that is
 * full puts chunks here and one that is empty takes them, without a look at their neighbours. To the
 * boundary tags they are in use. They are coalesced all at once, by fastbins_consolidate(), before an arena
 * would take memory that it has not used yet, and when memory is to be given back.
 *
 * A fast bin is a list of leaders, each of which also has room for pointers to some followers:
 *
 *   word 0  the next leader
 *        1  tcache_key, as in every free chunk
 *        2  the first follower, with the number of followers in its four low bits
 *        3  the second follower, and so on: as many as the class has room for, 15 at most
 *
 * So taking chunks reads the memory of few of them: one cache miss for up to 16, where a list through
 * all of them would be a chain of misses, each waiting for the one before. All links are xor-ed with
 * their own address shifted by 12 (safe-linking) and checked for alignment.
 *
 * The arena's lock is held in all of these functions but fastbin_check_not_in().
 */
#ifndef WEIR_FASTBIN_H
#define WEIR_FASTBIN_H

#include "arena.h"
#include "knobs.h"

/* The class in which caches and fast bins keep a chunk of this size, as things are set; 0 for none. */
static inline size_t class_kept(size_t size)
{
	if (chunks_only())
		return size <= CLASS_EXACT_MAX ? class_exact(size) : 0;
	return size <= CLASS_EXACT_MAX || medium_cached() ? class_keeping(size) : 0;
}

/* What is stored at `at' for a link to next, and back. */
static inline void *link_mangle(const void *at, void *next)
{
	return (void *)((uintptr_t)at >> 12 ^ (uintptr_t)next);
}

/* Take c back into its fast bin, or by arena_coalesce() if there is none: returns the span's size then. */
size_t fastbin_put(struct arena *a, struct chunk *c);
/* The same for n chunks, at least one, that a thread cache has kept in that class; returns the largest span's size. */
size_t fastbin_put_row(struct arena *a, size_t index, void **block, unsigned int n);
/* Up to n blocks of the class; returns how many. */
unsigned int fastbin_take(struct arena *a, size_t index, unsigned int n, void **run);
/* Returns the size of the largest span that came of it. */
size_t fastbins_consolidate(struct arena *a);
/* Of so many chunks at most; returns how many there were of those. */
unsigned int fastbins_consolidate_some(struct arena *a, unsigned int most);
/* A block being freed has the look of a free one: end the process if it is in that fast bin. */
void fastbin_check_not_in(struct arena *a, size_t index, const void *mem);
/* Call fn for each block of a fast bin, until it says false; false if one did. */
bool fastbin_for_each(const struct arena *a, size_t index, bool (*fn)(void *mem, void *context), void *context);

#endif
