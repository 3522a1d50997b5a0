// SPDX-License-Identifier: LGPL-2.1-or-later
/* trim.c - malloc_trim: give back all that can be, now */
#include <errno.h>
#include <malloc.h>

#include "figures.h"
#include "idle.h"
#include "internal.h"
#include "klink.h"
#include "os.h"
#include "tcache.h"

static size_t let_go_in_bin(struct arena *a, struct bin *b)
{
	struct chunk *head = bin_head(b);
	size_t released = 0;

	for (struct chunk *c = b->fd; c != head; c = c->fd) {
		released += idle_let_go_inside(c);
		idle_set_resident(a, c, 0);
	}
	return released;
}

static size_t trim_arena(struct arena *a, size_t pad)
{
	size_t released;

	if (!a->top)
		return 0;
	arena_consolidate(a);
	released = let_go_in_bin(a, &a->unsorted);
	for (unsigned int i = bin_index(os_page_size); i < BINS; i++)
		released += let_go_in_bin(a, &a->bins[i]);
	return released + top_trim(a, pad);
}

/*
 * malloc_trim(3): 1 if memory was given back, else 0. pad: bytes to leave at the top of each arena.
 * Thread-safe; locks one arena at a time. What other threads have cached stays with them.
 */
WEIR_EXPORT int malloc_trim(size_t pad)
{
	int saved = errno;
	bool released = false;
	struct tcache *t;
	struct arena *a;

	ensure_ready();
	klink_retry();
	t = tcache_make();
	if (t)
		tcache_flush(t, CLASS_MAX);
	for (unsigned int i = 0; i < arena_count(); i++) {
		a = arena_at(i);
		if (!a)
			continue;
		arena_lock(a);
		if (trim_arena(a, pad)) {
			released = true;
			figures_trimmed(a);
		}
		arena_unlock(a);
	}
	released |= os_unmap_refused();
	errno = saved;
	return released;
}
