/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * window.h - where in the address space the allocator's mappings go
 *
 * The module counts faults by address range, so heaps and chunks mapped alone each need a range
 * of their own. A window is such a range: nothing is reserved in it, it is just where we ask for
 * memory and nobody else happens to. Asking is cheap: a cursor, moved back when the
 * newest mapping goes, so that a map-unmap loop stays at one place and neighbours share page tables. Where
 * somebody is in the way, a random place in the window is tried next.
 *
 * A mapping that ends up outside (no room, an odd kernel) works the same and is just not counted
 * by region.
 */
#ifndef WEIR_WINDOW_H
#define WEIR_WINDOW_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct window {
	uintptr_t start, end;		/* constant after window_init() */
	size_t align;
	_Atomic uintptr_t cursor;
	_Atomic uint64_t random;
};

void window_init(struct window *w, uintptr_t start, size_t size, size_t align, uint64_t random);
/* An address to ask for; NULL when size does not fit into the window at all. */
void *window_place(struct window *w, size_t size);
/* The address that the last window_place() gave was taken: jump elsewhere. */
void window_jump(struct window *w);
/* [start, start + size) is free again. */
void window_retreat(struct window *w, const void *start, size_t size);
/* [start, start + size) is taken now. */
void window_advance(struct window *w, const void *start, size_t size);

#endif
