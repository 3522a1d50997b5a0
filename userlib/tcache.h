/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tcache.h - the thread cache: freed chunks that their thread may have again without a lock
 *
 * A bin for each size class (class.h): a stack of pointers, growing downwards, above whose oldest entry
 * stands a NULL. So malloc takes what top points to and sees an empty bin by the NULL; free stores one
 * below unless top has come down to full. Nothing is linked through user memory: a write after
 * free cannot make malloc return a pointer of the writer's choice. Positions are indices into one array,
 * so that a bin's head is four bytes and sixteen of them share a cache line.
 *
 * To the boundary tags a cached chunk is in use. It belongs to whatever arena it came from; a bin
 * that is full gives its older half back to their arenas' fast bins, an empty one is refilled with several
 * chunks under one lock. How much a bin may hold follows what it is used for, within a budget of bytes
 * for the whole cache (tcache.c).
 *
 * Every freed chunk carries tcache_key in its second word, so that a free of a chunk that may be free
 * already is looked at closely.
 *
 * Fast path: tcache_get() and tcache_put(). tcache_self is never NULL: a thread without a cache
 * points to one that is empty and full at once.
 */
#ifndef WEIR_TCACHE_H
#define WEIR_TCACHE_H

#include <pthread.h>
#include <stdint.h>
#include "arena.h"
#include "class.h"
#include "knobs.h"
#include "run.h"

struct tcache_bin {
	uint16_t top;	/* the youngest, or the end behind the oldest */
	uint16_t full;	/* top may not go below */
};

struct tcache {
	struct tcache_bin bin[CLASSES];
	struct piecemap_home home;
	uint16_t bottom[CLASSES];	/* the NULL above the oldest entry */
	uint8_t batch[CLASSES];		/* how many a refill takes next time; 0: never used */
	uint8_t room[CLASSES];		/* slots that the bin has at all */
	struct arena *arena;		/* where it was lucky last */
	struct tcache *next, *prev;	/* all caches, tcache_list.c's lock */
	pthread_mutex_t owner;		/* held by the thread whose cache it is */
	size_t reserved;		/* bytes that the bins without the steps may hold together */
	size_t step_bytes, step_most;	/* that those of the steps hold, and may hold */
	unsigned int victim;		/* the bin that has to give way next */
	unsigned int step_victim;	/* likewise, of the steps */
	unsigned int refusals;		/* how many wishes for a higher limit are not heard */
	size_t window;			/* of the arena, when tcache_age() was last called */
	uint32_t request;		/* the request to trim for which it was last given up */
	unsigned int quiet_frees;	/* tcache_consolidate(): do nothing that many times */
	unsigned int next_slot;		/* not given to any bin yet */
	unsigned int all_slots;
	/* The first two end all bins that have none; a bin that grows moves to new ones. */
	void *slots[1];			/* and as many behind it as there is room for */
};

#pragma GCC visibility push(hidden)
/* Stand-ins, never written: of struct tcache they have just what the fast paths look at. */
extern struct tcache tcache_none;	/* not made yet */
extern struct tcache tcache_gone;	/* given back at thread exit; no new one */
extern __thread struct tcache *tcache_self __attribute__((tls_model("initial-exec")));
extern uintptr_t tcache_key;
/* The block that every bin ends with. */
extern uintptr_t tcache_end[2];

/* The word behind a user's first; no chunk is too small for it. */
static inline uintptr_t *tcache_key_of(void *mem) { return (uintptr_t *)mem + 1; }

static inline size_t tcache_count(const struct tcache *t, size_t index)
{
	return t->bottom[index] - t->bin[index].top;
}

/*
 * Other threads count (tcache_totals()) and search (tcache_holds()), and may see the old one for a moment. What the
 * bin holds is written before. A block leaves the bin before anybody else can have it, so who has it
 * does not find it there.
 */
static inline void tcache_set_top(struct tcache *t, size_t index, size_t top)
{
	__atomic_store_n(&t->bin[index].top, top, __ATOMIC_RELEASE);
}

/*
 * A cached block of this class, or NULL. What is cached has the key in it; what ends a bin has not, and
 * neither has a block that was written to after free.
 */
static inline void *tcache_get(size_t class)
{
	struct tcache *t = tcache_self;
	size_t top = t->bin[class].top;
	void *mem = t->slots[top];

	if (unlikely(*tcache_key_of(mem) != tcache_key))
		return NULL;
	*tcache_key_of(mem) = 0;
	SAME_REGISTER(top);
	tcache_set_top(t, class, ++top);
	return mem;
}

/* True if the thread's cache took the block; false: the caller looks closer. Class 0 is never taken. */
static inline bool tcache_put(struct tcache *t, void *mem, size_t class)
{
	size_t top = t->bin[class].top;

	SAME_REGISTER(t);
	if (unlikely(*tcache_key_of(mem) == tcache_key) || unlikely(top == t->bin[class].full))
		return false;
	SAME_REGISTER(t);
	*tcache_key_of(mem) = tcache_key;
	top--;
	SAME_REGISTER(top);
	t->slots[top] = mem;
	tcache_set_top(t, class, top);
	return true;
}

/* The same for a class of steps, whose bytes are counted: such blocks are not that many. */
static inline void *tcache_get_step(size_t class)
{
	void *mem = tcache_get(class);

	if (likely(mem))
		tcache_self->step_bytes -= class_size(class);
	return mem;
}

static inline bool tcache_put_step(struct tcache *t, void *mem, size_t class)
{
	size_t bytes = t->step_bytes + class_size(class);

	if (unlikely(bytes > t->step_most) || unlikely(!tcache_put(t, mem, class)))
		return false;
	t->step_bytes = bytes;
	return true;
}

void tcache_init(void);
struct tcache *tcache_create(void);
/* The calling thread's cache, made if it has none yet; NULL if it cannot or must not have one. */
static inline struct tcache *tcache_make(void)
{
	struct tcache *t = tcache_self;

	if (unlikely(t == &tcache_none))
		return tcache_create();
	return likely(t != &tcache_gone) ? t : NULL;
}
/* Of the largest block that is cached: see tcache_set_max(). */
extern size_t tcache_size_most;
/* Classes of this size and above are of medium chunks. */
#define MEDIUM_MIN	(CLASS_EXACT_MAX + 1)
/*
 * May blocks of this class be cached, as things are set? Medium chunks are ptmalloc's ordinary ones, which
 * the fixed policy hands out and takes back as documented.
 */
static inline bool tcache_caches(size_t index)
{
	size_t size = class_size(index);

	return size <= __atomic_load_n(&tcache_size_most, __ATOMIC_RELAXED) &&
		(size < MEDIUM_MIN || medium_cached());
}
/* As tcache_get(), which found nothing: if that is because of a write after free, end the process. */
void *tcache_get_slow(const struct tcache *t, size_t class);
/* A cached chunk of a class of steps that is aligned to a power of two, one of the youngest, or NULL. */
void *tcache_get_aligned(size_t class, size_t align);
/* Nothing was cached: refill from the thread's arena and return a block, or NULL. */
void *tcache_refill(struct tcache *t, size_t index);
/*
 * The chunk at mem, of this class, was not taken: end the process if it is free already, else make
 * room and take it. False: not cached, the arena shall have it.
 */
bool tcache_put_slow(void *mem, size_t index);
/* Is a block of this class, which carries the key, in any thread's cache? */
bool tcache_holds(const void *mem, size_t index);
/* Give chunks up to this size back to their arenas. */
void tcache_flush(struct tcache *t, size_t max_size);
/* A window (idle.h) is over: what may have been idle for all of it goes. */
void tcache_age(struct tcache *t);
static inline void tcache_look(struct tcache *t)
{
	if (t && t->arena && unlikely(t->window != __atomic_load_n(&t->arena->window, __ATOMIC_RELAXED)))
		tcache_age(t);
}
/* tcache_flush() now and then: ptmalloc's malloc_consolidate() after a free that coalesced much. */
void tcache_consolidate(struct tcache *t, size_t max_size);
/* Of all threads: how many chunks and bytes are cached. Other threads' counts may be a moment old. */
void tcache_totals(size_t *chunks, size_t *bytes);
/*
 * Bytes on top of that: by which cached chunks of an arena are longer than their classes. The arena's lock is
 * held, so that none of its memory goes while chunks in it are looked at.
 */
size_t tcache_excess(const struct arena *a);
/*
 * Chunks per bin at most, as glibc's tcache_count (0 turns caching off, UINT16_MAX goes back to the
 * default), and the largest request that is cached. For caches made later, and by
 * tcache_apply_limits() for the caller's own.
 */
void tcache_set_count(unsigned int count);
extern _Atomic unsigned int tcache_count_wanted;
void tcache_set_max(size_t bytes);
void tcache_apply_limits(struct tcache *t);
/* For check.c: the first cache (t NULL), the one behind t; NULL behind the last. tcache_lock() is held. */
struct tcache *tcache_next(const struct tcache *t);
void tcache_lock(void);
void tcache_unlock(void);
void tcache_fork_child(void);

#pragma GCC visibility pop

#endif
