/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* check.h - is the heap what it should be? For tests: slow, and nothing else calls it. */
#ifndef WEIR_CHECK_H
#define WEIR_CHECK_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Look at every chunk, list and count of every arena, one arena locked at a time, and at the
 * calling thread's cache. True if all agree; else the first thing that does not is put into words.
 */
bool heap_check(char *why, size_t length);

struct heap_sum {
	size_t used_count, used_bytes;	/* chunks of arenas in use, those in thread caches included */
	size_t pieces;			/* of their memory: heaps, segments */
	size_t mapped;			/* what the kernel should say that the allocator has mapped */
};

/* The same, and adds up; for a process of which no other thread allocates. */
bool heap_check_sum(char *why, size_t length, struct heap_sum *sum);
/*
 * The same and more, while no other thread is inside the allocator or begins or ends: all threads'
 * caches, and that each of n blocks that the caller has in use is one, and in no list.
 */
bool heap_check_quiet(char *why, size_t length, void *const *used, size_t n);

#endif
