/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * arena.h - an arena: a top chunk, bins of free chunks, runs of pieces, and the lock that guards all
 *
 * The main arena lives on brk; further ones, for threads, on mapped heaps (heap.c). Free chunks
 * wait in the unsorted bin until an allocation passes them by and sorts them into
 *   small bins: one for each size below SMALL_LIMIT, first in first out;
 *   large bins: eight for each doubling, largest first, with a ring through the first chunk of each
 *               size (fd_nextsize, bk_nextsize) so that best fit skips equal ones.
 * ptmalloc's large bins widen in five steps instead; eight a doubling keeps the waste of the first
 * chunk found in a larger bin below 1/8 at every size and computes without branches.
 */
#ifndef WEIR_ARENA_H
#define WEIR_ARENA_H

#include "chunk.h"
#include "class.h"
#include "lock.h"

#define SMALL_BINS	64			/* index = size / 16 */
#define SMALL_LIMIT	(SMALL_BINS * MALLOC_ALIGN)
#define LARGE_BINS	192			/* 1 KiB .. 16 GiB, the last one open-ended */
#define BINS		(SMALL_BINS + LARGE_BINS)
#define BINMAP_WORDS	(BINS / 64)
#define FASTMAP_WORDS	((CLASSES + 63) / 64)

/* A free that has coalesced this much looks at trimming (FASTBIN_CONSOLIDATION_THRESHOLD). */
#define TRIM_LOOK_SIZE	((size_t)64 * 1024)

struct bin {
	struct chunk *fd;
	struct chunk *bk;
};

struct arena {
	struct lock lock;
	bool main;
	bool top_mapped;	/* main arena: brk failed, the top is in memory from mmap */
	unsigned int slot;	/* index in the arena table */
	unsigned int trim_epoch;	/* knobs_trim_epoch when trimming was last looked at */
	struct chunk *top;	/* NULL until the arena has its first memory */
	char *fresh;		/* at or above it, up to the end of top, all bytes are zero */
	struct chunk *last_remainder;
	size_t top_low;		/* the least that the top had in this window; idle.h */
	size_t window;		/* the number of this window, and its end in ms; read without the lock */
	uint64_t window_end;
	unsigned int quiet;	/* windows that others have ended since a thread of its own looked; likewise */
	uint64_t vacated;	/* ms; tend_leave() leaves it alone before that */
	uint64_t clock;		/* when last read, and how many looks are and were to go without */
	unsigned int looks_left, looks_skipped;
	unsigned int idle_bin;	/* where letting go goes on */
	struct chunk *parked;	/* large, freed last, not coalesced yet; NULL: none */
	size_t fast_bytes;	/* in fast bins */
	size_t idle;		/* in free chunks, as far as they may be resident: idle.h */
	size_t idle_said;	/* figures.h; read without the lock */
	size_t system_mem;
	size_t max_system_mem;
	uint64_t binmap[BINMAP_WORDS];	/* a clear bit: bin surely empty */
	struct run *runs[CLASS_PIECES];	/* run.h */
	uint32_t run_pieces[CLASS_PIECES];	/* of all runs of the class */
	size_t run_overhead;		/* bytes of runs that are in no piece */
	size_t empty_bytes;		/* of runs that have no piece in use */
	uint64_t fastmap[FASTMAP_WORDS];
	void *fast[CLASSES];	/* fastbin.h */
	/* A walk over free chunks, between two of which the lock is dropped: see bins_walk(). */
	struct chunk *walk;
	size_t walk_done;	/* bytes of it that were dealt with */
	unsigned int walk_bin;
	struct bin unsorted;
	struct bin bins[BINS];
	/* Blocks that others freed and their bytes; a line of its own, other CPUs write it. */
	_Alignas(64) void *_Atomic deferred;
	_Atomic size_t deferred_bytes;
	_Atomic unsigned int users;	/* threads that have it as theirs */
};

/* Free, but not coalesced. */
static inline size_t arena_kept(const struct arena *a) { return a->fast_bytes + a->empty_bytes; }

/* The A bit of every chunk in the arena. */
static inline size_t arena_bit(const struct arena *a) { return a->main ? 0 : NON_MAIN_ARENA; }

/* The lock is held, but tcache.c reads it without. */
static inline void arena_set_system_mem(struct arena *a, size_t size)
{
	__atomic_store_n(&a->system_mem, size, __ATOMIC_RELAXED);
}

static inline void arena_sub_system_mem(struct arena *a, size_t size)
{
	arena_set_system_mem(a, a->system_mem - size);
}

static inline void arena_add_system_mem(struct arena *a, size_t size)
{
	arena_set_system_mem(a, a->system_mem + size);
	if (a->system_mem > a->max_system_mem)
		a->max_system_mem = a->system_mem;
}

/* bins.c; the arena's lock is held in all of them */
void arena_init(struct arena *a, bool main, unsigned int slot);
unsigned int bin_index(size_t size);
struct chunk *bin_head(struct bin *b);
void bin_unlink(struct arena *a, struct chunk *c);
void bin_insert(struct arena *a, struct chunk *c, size_t size);
void unsorted_insert(struct arena *a, struct chunk *c);
struct chunk *bins_best_fit(struct arena *a, size_t nb);
/*
 * Go through the sorted free chunks from a bin on, with the lock dropped in between: start, then the chunk that
 * is next (NULL: none is left), and on. A chunk that is taken meanwhile is passed by.
 */
void bins_walk_start(struct arena *a, unsigned int bin);
struct chunk *bins_walk(struct arena *a);
void bins_walk_on(struct arena *a);

/*
 * alloc.c: a chunk of nb bytes, in use, or NULL. *dirty: bytes from mem on that may be other than
 * zero. With grow false only memory that the arena already has is used.
 */
struct chunk *arena_alloc(struct arena *a, size_t nb, bool grow, size_t *dirty);
/* Sort at most so many unsorted chunks into their bins; returns how many there were of those. */
unsigned int arena_sort(struct arena *a, unsigned int most);
/* The arena *a, locked, has failed: from another one, *a then, and locked; NULL: no arena has it, none is locked. */
struct chunk *alloc_elsewhere(struct arena **a, size_t nb, size_t *dirty);
/*
 * Up to n blocks of a size class, from the arena of the thread or else from another one; returns how
 * many. For more than one nothing is done that one would not need.
 */
unsigned int alloc_blocks(size_t index, unsigned int n, void **blocks);

/*
 * release.c: take a list of blocks back, linked as deferred ones are, each into its run, its fast bin, or by
 * arena_coalesce(); with one arena_look() at the end.
 */
void arena_put_list(struct arena *a, void *mem);
/* Returns the size of the free span that c is now part of. */
size_t arena_coalesce(struct arena *a, struct chunk *c);
/*
 * The auto policy: a chunk of PARK_MIN bytes or more waits for the next request of its size, as buffers do that are taken and freed
 * in turn. To the tags it is in use. Whoever looks for memory of another size, or a window's end, has it
 * coalesced. Returns the size of the span that the one before it made, if any.
 */
#define PARK_MIN ((size_t)128 << 10)
size_t arena_park(struct arena *a, struct chunk *c);
/* What is parked is coalesced; returns the size of the span. */
size_t arena_unpark(struct arena *a);
/* Everything that is free becomes part of a free chunk; returns the size of the largest of them. */
size_t arena_consolidate(struct arena *a);
void arena_look(struct arena *a, size_t coalesced);

/* top.c: the chunk that borders the end of the arena's memory; the arena's lock is held */
struct chunk *top_carve(struct arena *a, size_t nb, size_t *dirty);
bool top_grow(struct arena *a, size_t nb);
/* Give back what the top has above pad bytes, and spare memory; returns how many bytes went. */
size_t top_trim(struct arena *a, size_t pad);
/* Only whole heaps or segments that nothing is in use of. */
size_t top_trim_spare(struct arena *a, size_t pad);
void top_set(struct arena *a, struct chunk *top, size_t size);
/* The arena has a new top elsewhere: close the old one, size bytes at old, and free it. */
struct chunk *top_retire(struct arena *a, struct chunk *old, size_t size);
/* Page-aligned bytes at the end of the top that a trim to pad gives back. */
size_t top_excess(const struct arena *a, size_t pad);

/* morecore.c: the main arena's memory */
bool main_grow(struct arena *a, size_t nb);
size_t main_trim(struct arena *a, size_t pad);
/* Only whole segments from mmap that hold nothing; returns bytes. */
size_t main_trim_spare(struct arena *a, size_t pad);
/* May c, which ends at next, be a chunk of the arena? False only if it cannot. */
bool main_holds(const struct arena *a, const struct chunk *c, const struct chunk *next);
/*
 * For check.c: a segment, or a heap. Begins with NULL at the newest; returns what to pass for the one
 * before, NULL after the oldest. The arena must have a top.
 */
struct extent {
	char *start;
	struct chunk *first;	/* behind what stands in front of the chunks */
	char *end;
};
void *main_extent(const struct arena *a, void *segment, struct extent *e);

/* heap.c: the others' */
struct arena *heap_arena_of(const struct chunk *c);
bool heap_grow(struct arena *a, size_t nb);
size_t heap_trim(struct arena *a, size_t pad);
/* As main_holds(), of an arena on heaps. */
bool heap_holds(const struct arena *a, const struct chunk *c, const struct chunk *next);
void *heap_extent(const struct arena *a, void *heap, struct extent *e);
/* Of all heaps of an arena: bytes in its use, bytes that are accessible; returns how many there are. */
size_t heap_space(const struct arena *a, size_t *used, size_t *accessible);
/* Only whole heaps that hold nothing but the top, however small that is; returns bytes. */
size_t heap_trim_spare(struct arena *a, size_t pad);
/* Nothing is in use: the last heap, too, and the arena is without memory. False: something is. */
bool heap_give_back(struct arena *a);

/* arena.c */
#define ARENA_SLOTS	1024
extern struct arena main_arena;
struct arena *arena_at(unsigned int slot);	/* NULL: not made yet */
unsigned int arena_count(void);			/* slots in use are below this */
unsigned int arena_slot_of_cpu(int cpu);	/* whose threads use it */
void arenas_init(void);			/* before any thread is made */
struct arena *arena_of(const struct chunk *c);
/* The arena for the calling thread, locked. */
struct arena *arena_acquire(void);
/*
 * That one has failed: the next one to be tried, locked, or NULL. *tried is 0 at first. The main arena comes first, which
 * has more ways to grow than one on heaps; then all others, in which something may be free.
 */
struct arena *arena_acquire_other(const struct arena *failed, unsigned int *tried);
/* A thread that had a as its own, or NULL, has another one from now on, or NULL. */
void arena_move(struct arena *a, struct arena *to);
/* In a forked child: nobody has any. */
void arenas_forget_users(void);
void arena_lock(struct arena *a);
bool arena_try(struct arena *a);
void arena_unlock(struct arena *a);
bool arena_has_deferred(struct arena *a);
/* Take in what others have left; the lock is held. */
void arena_take_in(struct arena *a);
/*
 * Leave blocks to their arena's owner: never waits. Blocks of one arena in a row are handed over together,
 * at the latest by arena_defer_end().
 */
struct deferral {
	struct arena *arena;
	void *first, *last;
	size_t bytes;
};
void arena_defer_add(struct deferral *d, struct arena *a, void *mem, size_t bytes);
void arena_defer_end(struct deferral *d);
/* For check.c: the block behind mem on a deferred list. */
void *arena_deferred_next(void *mem);
void arenas_lock_all(void);
void arenas_unlock_all(void);
void arenas_reset_locks(void);

#endif
