/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fork.h - all that fork(2) asks of the allocator
 *
 * prepare takes every lock in order, so that no other thread is inside the allocator at the moment of
 * the copy; the parent drops them, the child makes them anew and attaches again. The handlers are
 * registered before everybody else's (init.c), so that prepare runs after and the others before theirs: a
 * library's prepare handler may wait for a lock under which another thread allocates. Should
 * somebody be earlier all the same, handlers that allocate find fork_holds_locks().
 *
 * vfork and clone(CLONE_VM) share everything and run no handler: nothing to do. A raw clone without
 * CLONE_VM runs no handler either: its control page says so (klink.c), and locks that another
 * thread held at that moment stay held, as in any allocator.
 */
#ifndef WEIR_FORK_H
#define WEIR_FORK_H

#include <stdatomic.h>
#include <stdbool.h>

struct tcache;
extern const void *_Atomic fork_owner;
extern __thread struct tcache *tcache_self __attribute__((tls_model("initial-exec")));

/* Is the caller the thread that is forking right now? */
static inline bool fork_holds_locks(void)
{
	return __builtin_expect(atomic_load_explicit(&fork_owner, memory_order_relaxed) == &tcache_self, 0);
}

void fork_init(void);

#endif
