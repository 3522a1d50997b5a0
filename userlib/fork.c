// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fork.h"

#include <pthread.h>
#include <stddef.h>

#include "arena.h"
#include "klink.h"
#include "meta.h"
#include "tcache.h"
#include "unmap.h"

const void *_Atomic fork_owner;

static void prepare(void)
{
	arenas_lock_all();
	klink_fork_prepare();
	tcache_lock();
	unmap_fork_prepare();
	atomic_store_explicit(&fork_owner, &tcache_self, memory_order_relaxed);
}

static void parent(void)
{
	atomic_store_explicit(&fork_owner, NULL, memory_order_relaxed);
	unmap_fork_parent();
	tcache_unlock();
	klink_fork_parent();
	arenas_unlock_all();
}

static void child(void)
{
	atomic_store_explicit(&fork_owner, NULL, memory_order_relaxed);
	unmap_fork_child();
	meta_fork_child();
	tcache_fork_child();
	arenas_reset_locks();
	klink_fork_child();
}

void fork_init(void)
{
	pthread_atfork(prepare, parent, child);
}
