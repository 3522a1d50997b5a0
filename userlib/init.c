// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * init.c - making the allocator ready
 *
 * The first allocation may come from the dynamic linker or another library's constructor, before
 * ours and before the C library has its environment. So the heap is made ready by whoever comes first,
 * and what needs the environment or the module follows in our constructor.
 */
#include <errno.h>

#include "internal.h"

#include "fork.h"
#include "klink.h"
#include "os.h"
#include "piecemap.h"
#include "tcache.h"

_Atomic bool weir_ready;

void weir_init(void)
{
	static struct lock init_lock = LOCK_INIT;
	int saved = errno;

	lock_take(&init_lock);
	if (!atomic_load_explicit(&weir_ready, memory_order_relaxed)) {
		os_init();
		piecemap_init();
		arena_init(&main_arena, true, 0);
		tcache_init();
		atomic_store_explicit(&weir_ready, true, memory_order_release);
		lock_drop(&init_lock);
		/* May allocate. */
		fork_init();
		errno = saved;
		return;
	}
	lock_drop(&init_lock);
}

static __attribute__((constructor(101))) void start(void)
{
	ensure_ready();
	options_init();
	klink_start();
}
