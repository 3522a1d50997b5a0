// SPDX-License-Identifier: LGPL-2.1-or-later
#include "window.h"

#include "chunk.h"

/* xorshift64*: places need to be spread, not secret; the seed is the kernel's random bytes. */
static uint64_t next_random(struct window *w)
{
	uint64_t r = atomic_load_explicit(&w->random, memory_order_relaxed);

	r ^= r >> 12;
	r ^= r << 25;
	r ^= r >> 27;
	atomic_store_explicit(&w->random, r, memory_order_relaxed);
	return r * 0x2545f4914f6cdd1dULL;
}

/* In the lower half of the window, so that a long way lies ahead. */
static uintptr_t random_place(struct window *w)
{
	uintptr_t half = (w->end - w->start) / 2;

	return w->start + align_down(next_random(w) % half, w->align);
}

void window_init(struct window *w, uintptr_t start, size_t size, size_t align, uint64_t random)
{
	w->start = start;
	w->end = start + size;
	w->align = align;
	atomic_store_explicit(&w->random, random | 1, memory_order_relaxed);
	window_jump(w);
}

void window_jump(struct window *w)
{
	atomic_store_explicit(&w->cursor, random_place(w), memory_order_relaxed);
}

void *window_place(struct window *w, size_t size)
{
	uintptr_t at = atomic_load_explicit(&w->cursor, memory_order_relaxed), from;

	if (size > (w->end - w->start) / 2)
		return NULL;
	do {
		from = at;
		if (from > w->end - size)
			from = random_place(w);
	} while (!atomic_compare_exchange_weak_explicit(&w->cursor, &at, from + align_up(size, w->align),
							memory_order_relaxed, memory_order_relaxed));
	return (void *)from;
}

void window_retreat(struct window *w, const void *start, size_t size)
{
	uintptr_t end = (uintptr_t)start + align_up(size, w->align);

	if ((uintptr_t)start >= w->start)
		atomic_compare_exchange_strong_explicit(&w->cursor, &end, (uintptr_t)start,
							memory_order_relaxed, memory_order_relaxed);
}

void window_advance(struct window *w, const void *start, size_t size)
{
	uintptr_t at = atomic_load_explicit(&w->cursor, memory_order_relaxed), end = (uintptr_t)start + size;

	if (at >= (uintptr_t)start && at < end && end <= w->end)
		atomic_compare_exchange_strong_explicit(&w->cursor, &at, end,
							memory_order_relaxed, memory_order_relaxed);
}
