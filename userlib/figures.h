/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * figures.h - what the allocator says of itself to the module: struct weir_figures
 *
 * Written on slow paths only, where the library has just made a system call or is about to: when an arena
 * takes or gives memory, when one looks at what is idle, when a chunk is mapped alone or unmapped, at
 * each step of a request to trim. Between two of these they are as old as the last. Each arena's are
 * as of its own last one. Without the page all of this is a load and a branch.
 */
#ifndef WEIR_FIGURES_H
#define WEIR_FIGURES_H

#include <stdatomic.h>
#include <stddef.h>
#include <linux/weir.h>

struct arena;

extern struct weir_figures *_Atomic figures_page;	/* NULL: nobody wants them */

void figures_write(struct arena *a);

/* What the arena holds has changed, and its lock is held; NULL: something else has. */
static inline void figures_update(struct arena *a)
{
	if (__builtin_expect(atomic_load_explicit(&figures_page, memory_order_relaxed) != NULL, 0))
		figures_write(a);
}

/* Memory of the arenas has gone back to the kernel. */
void figures_trimmed(struct arena *a);

/* From now on they are wanted there; NULL: nowhere. The klink lock is held. */
void figures_set_page(struct weir_figures *page);

#endif
