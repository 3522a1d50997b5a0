/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lock.h - the lock that guards an arena: a futex with three states
 *
 * pthread_mutex_t would do, but the allocator needs three things that it does not promise: it can
 * be taken before libpthread has run a constructor, it can be made anew in a forked child whatever state it
 * was in, and it never allocates.
 *
 * States (Drepper, "Futexes are tricky"): 0 free, 1 taken, 2 taken and somebody may be waiting.
 *
 * Lock order, outermost first:
 *   fork (fork.c) > arena list (arena.c) > arenas, lower slot first > klink (klink.c;
 *   trylock but for mallopt and fork) > tcache registry (tcache.c) > meta (meta.c) > refused (unmap.c)
 * Outside of fork a thread that holds an arena waits for no other; it may try one's lock.
 */
#ifndef WEIR_LOCK_H
#define WEIR_LOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/single_threaded.h>

struct lock {
	_Atomic int state;
};

#define LOCK_INIT { 0 }

void lock_take_contended(struct lock *l);	/* os.c: somebody has it */
void lock_wake(struct lock *l);			/* os.c: wake one sleeper */

/* Never true again once a second thread was made, but in a forked child. */
static inline bool is_single_threaded(void)
{
	return __libc_single_threaded;
}

static inline bool lock_try(struct lock *l)
{
	int free_state = 0;

	/* Nobody to race with, and a thread that is made later sees the store by its creation. */
	if (is_single_threaded()) {
		if (atomic_load_explicit(&l->state, memory_order_relaxed))
			return false;
		atomic_store_explicit(&l->state, 1, memory_order_relaxed);
		return true;
	}

	/* Sequentially consistent, and so is the drop: arena_defer_end() relies on it. */
	return atomic_compare_exchange_strong(&l->state, &free_state, 1);
}

static inline void lock_take(struct lock *l)
{
	if (!lock_try(l))
		lock_take_contended(l);
}

static inline void lock_drop(struct lock *l)
{
	if (is_single_threaded())
		atomic_store_explicit(&l->state, 0, memory_order_relaxed);
	else if (atomic_exchange(&l->state, 0) == 2)
		lock_wake(l);
}

/* In a forked child: whoever held it is not here any more. */
static inline void lock_reset(struct lock *l)
{
	atomic_store_explicit(&l->state, 0, memory_order_relaxed);
}

#endif
