/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * class.h - the size classes in which memory is kept for reuse
 *
 *   1 .. 32    pieces of runs (run.h), up to 512 bytes by 16: a piece has no head, all of it is the user's.
 *              The smallest are 32 bytes for 16, as in ptmalloc: four to a cache line, they would be shared
 *              by more threads than it is worth.
 *   33 .. 80   chunks up to CLASS_MAX, eight classes for each doubling: a request is rounded up by 1/8 at
 *              most, by 1/16 in the mean. The steps are counted from 16 bytes, so that requests of round
 *              sizes (4096 makes a chunk of 4112) lose nothing.
 *   81 ..      chunks of 32 to 1040 bytes, each size a class of its own: only the policies that hand out
 *              what ptmalloc does have these, and they have no pieces.
 *
 * Class 0 is no class: of what is neither piece nor kept. A chunk is kept in the largest class that it
 * satisfies: what arenas give may be longer than asked for.
 */
#ifndef WEIR_CLASS_H
#define WEIR_CLASS_H

#include <stdint.h>
#include "chunk.h"

#define CLASS_PIECES	33		/* classes below are of pieces */
#define CLASS_DOUBLINGS	6
#define CLASS_EXACT	(CLASS_PIECES + 8 * CLASS_DOUBLINGS)	/* classes from here on are of ptmalloc's sizes */
#define CLASSES		(CLASS_EXACT + 64)

#define PIECE_MAX	((size_t)512)
#define CLASS_EXACT_MAX	((size_t)1040)	/* as in glibc's tcache */
#define CLASS_MAX	(((size_t)512 << CLASS_DOUBLINGS) + 16)
#define CLASS_MAX_REQUEST (CLASS_MAX - SIZE_SZ)
/* Chunks of this size and above are kept in no class, nor are those below the other. */
#define CLASS_KEEP_END	(CLASS_MAX + ((size_t)512 << CLASS_DOUBLINGS) / 8)
#define CLASS_KEEP_MIN	(PIECE_MAX + PIECE_MAX / 8 + 16)

/* Position of n, at least 512, among the eighths of all doublings. */
static inline size_t class_step(size_t n)
{
	unsigned int log = 63 - __builtin_clzl(n);

	return CLASS_PIECES + (log - 9) * 8 + (n >> (log - 3)) - 8;
}

/* The class that serves a request of at most PIECE_MAX bytes: none (0) for 0 bytes. */
static inline size_t class_of_piece(size_t bytes) { return (bytes + 15) >> 4; }

/* The class that serves any request of at most CLASS_MAX_REQUEST. */
static inline size_t class_serving(size_t bytes)
{
	size_t nb;

	if (bytes <= PIECE_MAX)
		return bytes ? class_of_piece(bytes) : 1;
	nb = request2size(bytes);
	return nb < PIECE_MAX + 17 ? CLASS_PIECES : class_step(nb - 17);
}

/* Of chunks in steps? */
static inline bool class_is_step(size_t index) { return index - CLASS_PIECES < CLASS_EXACT - CLASS_PIECES; }

/* Of a chunk of at most CLASS_EXACT_MAX. */
static inline size_t class_exact(size_t size) { return CLASS_EXACT + (size >> 4) - 2; }

/* The class that keeps a chunk of this size among those for pieces and steps, 0 for none. */
static inline size_t class_keeping(size_t size)
{
	return size < CLASS_KEEP_MIN || size >= CLASS_KEEP_END ? 0 : class_step(size - 16) - 1;
}

/* Bytes of a piece, or of a chunk, of a class. */
#pragma GCC visibility push(hidden)
extern const uint16_t class_sizes[CLASSES];
#pragma GCC visibility pop

static inline size_t class_size(size_t index) { return class_sizes[index]; }

#endif
