/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * chunk.h - what a chunk of memory looks like: ptmalloc's boundary tags
 *
 *   chunk -> +-----------------------------------------------+
 *            | prev_size: size of the chunk before, if free  |
 *            +-----------------------------------------------+
 *            | size                                    |A|M|P|
 *     mem -> +-----------------------------------------------+
 *            | user data; in a free chunk: fd, bk and, in a  |
 *            | large bin, fd_nextsize, bk_nextsize           |
 *    next -> +-----------------------------------------------+
 *            | (user data of this chunk, or its size if free)|
 *            +-----------------------------------------------+
 *            | size of the next chunk                  |A|M|P|
 *
 * P  the chunk before is in use, so prev_size belongs to its user
 * M  mapped alone: no neighbours; prev_size is the distance to the start of the mapping
 * A  in an arena other than the main one: its heap is found by masking the address
 *
 * A chunk in use overlaps the next one's prev_size, so the overhead is one word. Requests are
 * padded to (bytes + 8) rounded up to 16, at least MINSIZE.
 */
#ifndef WEIR_CHUNK_H
#define WEIR_CHUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

_Static_assert(sizeof(size_t) == 8 && sizeof(void *) == 8, "weir supports 64-bit processes");

struct chunk {
	size_t prev_size;
	size_t size;
	struct chunk *fd;
	struct chunk *bk;
	struct chunk *fd_nextsize;
	struct chunk *bk_nextsize;
};

#define SIZE_SZ		sizeof(size_t)
#define MALLOC_ALIGN	((size_t)16)
#define MINSIZE		((size_t)32)
#define MEM_OFFSET	((size_t)16)	/* from chunk to mem */

#define PREV_INUSE	((size_t)1)
#define IS_MMAPPED	((size_t)2)
#define NON_MAIN_ARENA	((size_t)4)
#define SIZE_BITS	(PREV_INUSE | IS_MMAPPED | NON_MAIN_ARENA)

#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)
/* For paths where each instruction counts: the compiler shall compute on with what it has here. */
#define SAME_REGISTER(x) __asm__("" : "+r"(x))
/* Kept out of the paths that call it: these are inlined as a whole. */
#define SELDOM		__attribute__((noinline))

static inline size_t align_up(size_t n, size_t to) { return (n + to - 1) & ~(to - 1); }
static inline size_t align_down(size_t n, size_t to) { return n & ~(to - 1); }
static inline bool is_aligned(const void *p, size_t to) { return !((uintptr_t)p & (to - 1)); }

/* Chunk size for a request. The caller has made sure that bytes <= PTRDIFF_MAX. */
static inline size_t request2size(size_t bytes)
{
	size_t nb = (bytes + SIZE_SZ + MALLOC_ALIGN - 1) & ~(MALLOC_ALIGN - 1);

	return nb < MINSIZE ? MINSIZE : nb;
}

/* Larger requests fail with ENOMEM, as in glibc: pointers into them could not be subtracted. */
static inline bool request_too_large(size_t bytes) { return bytes > PTRDIFF_MAX - MINSIZE; }

static inline void *chunk2mem(const struct chunk *c) { return (char *)c + MEM_OFFSET; }
static inline struct chunk *mem2chunk(const void *mem) { return (struct chunk *)((char *)mem - MEM_OFFSET); }

/*
 * Size and bits. Who has a block reads its head without a lock, while another thread, under the arena's,
 * may set or clear P in it: what is read besides P is the same before and after.
 */
static inline size_t chunk_head(const struct chunk *c) { return __atomic_load_n(&c->size, __ATOMIC_RELAXED); }
static inline void set_head(struct chunk *c, size_t size) { __atomic_store_n(&c->size, size, __ATOMIC_RELAXED); }

static inline size_t chunksize(const struct chunk *c) { return chunk_head(c) & ~SIZE_BITS; }
static inline struct chunk *chunk_at(const void *c, size_t offset) { return (struct chunk *)((char *)c + offset); }
static inline struct chunk *next_chunk(const struct chunk *c) { return chunk_at(c, chunksize(c)); }
/* Only valid while !prev_inuse(c). */
static inline struct chunk *prev_chunk(const struct chunk *c) { return (struct chunk *)((char *)c - c->prev_size); }

static inline bool prev_inuse(const struct chunk *c) { return chunk_head(c) & PREV_INUSE; }
static inline bool is_mmapped(const struct chunk *c) { return chunk_head(c) & IS_MMAPPED; }
static inline bool in_main_arena(const struct chunk *c) { return !(chunk_head(c) & NON_MAIN_ARENA); }
static inline bool inuse(const struct chunk *c) { return prev_inuse(next_chunk(c)); }

static inline void set_prev_inuse(struct chunk *c) { set_head(c, chunk_head(c) | PREV_INUSE); }
static inline void clear_prev_inuse(struct chunk *c) { set_head(c, chunk_head(c) & ~PREV_INUSE); }
static inline void set_inuse_at(struct chunk *c, size_t size) { set_prev_inuse(chunk_at(c, size)); }
static inline void clear_inuse_at(struct chunk *c, size_t size) { clear_prev_inuse(chunk_at(c, size)); }
static inline void set_foot(struct chunk *c, size_t size) { chunk_at(c, size)->prev_size = size; }

/* Bytes that the user of a chunk may write. */
static inline size_t chunk_usable(const struct chunk *c)
{
	return chunksize(c) - (is_mmapped(c) ? MEM_OFFSET : SIZE_SZ);
}

#endif
