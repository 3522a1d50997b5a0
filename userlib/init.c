// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * init.c - making the allocator ready
 *
 * The first allocation may come from the dynamic linker, before our constructor. So the heap is made
 * ready by whoever comes first, and what needs the environment or the module follows in the constructor.
 *
 * Our constructor runs before all others, even the C library's: the library is linked with -z initfirst, and
 * in a program that has the archive in itself preinit.c does as much. For who registers handlers
 * of fork before us could have another thread wait for our locks with its own in hand (fork.h).
 */
#include <errno.h>
#include <unistd.h>

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
		arenas_init();
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

static __attribute__((constructor(101))) void start(int argc, char **argv, char **envp)
{
	(void)argc;
	(void)argv;
	/* The C library's constructor will say the same. */
	if (!environ)
		environ = envp;
	ensure_ready();
	options_init();
	klink_start();
}
