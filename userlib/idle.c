// SPDX-License-Identifier: LGPL-2.1-or-later
#include "idle.h"

#include "knobs.h"
#include "os.h"

/* One look lets go of this much inside of chunks, in this many calls; the rest follows soon after. */
#define LET_GO_BYTES	((size_t)8 << 20)
#define LET_GO_CALLS	64
#define SOON_MS		2
#define LOOKS_SKIPPED_MAX 63

/* The whole pages between the chunk's tag and the next chunk's prev_size. */
size_t idle_let_go_inside(struct chunk *c)
{
	char *start = (char *)align_up((uintptr_t)(idle_tag_of(c) + 1), os_page_size);
	char *end = (char *)align_down((uintptr_t)c + chunksize(c), os_page_size);

	return end > start && os_let_go(start, end - start) ? end - start : 0;
}

struct progress {
	size_t bytes;
	unsigned int calls;
};

/* Free for a whole window, and not only crumbs of it resident. */
static bool is_idle(const struct arena *a, struct chunk *c)
{
	const struct idle_tag *tag = idle_tag_of(c);

	return chunksize(c) >= IDLE_MIN && tag->resident >= IDLE_MIN && tag->window < a->window;
}

static void let_go_in_bin(struct arena *a, struct bin *b, struct progress *p)
{
	struct chunk *head = bin_head(b);

	for (struct chunk *c = b->fd; c != head; c = c->fd) {
		if (!is_idle(a, c))
			continue;
		p->bytes += idle_let_go_inside(c);
		p->calls++;
		idle_tag_of(c)->resident = 0;
	}
}

/* From where the last look stopped; false: enough for now. */
static SELDOM bool let_go_in_bins(struct arena *a)
{
	struct progress p = { 0 };

	for (; a->idle_bin < BINS; a->idle_bin++) {
		if (p.bytes >= LET_GO_BYTES || p.calls >= LET_GO_CALLS)
			return false;
		if (a->binmap[a->idle_bin / 64] & 1UL << a->idle_bin % 64)
			let_go_in_bin(a, &a->bins[a->idle_bin], &p);
	}
	let_go_in_bin(a, &a->unsorted, &p);
	return true;
}

/* What the top has had to spare for the whole window. */
static SELDOM void let_go_of_top(struct arena *a)
{
	size_t pad = knob(WEIR_KNOB_TOP_PAD), size = chunksize(a->top), idle = a->top_low;

	if (!a->main)
		heap_trim_spare(a, pad);
	if (idle > (uint64_t)knob(WEIR_KNOB_TRIM_THRESHOLD) && idle <= size)
		top_trim(a, size - idle + pad);
}

static SELDOM void start_window(struct arena *a, uint64_t end)
{
	/* Read by tcache_look() without the lock. */
	__atomic_store_n(&a->window, a->window + 1, __ATOMIC_RELAXED);
	a->window_end = end;
	a->idle_bin = bin_index(IDLE_MIN);
	a->top_low = chunksize(a->top);
}

/*
 * Reading the clock costs as much as a free. While looks come many to a tick of it, most of them go
 * without; as soon as they come seldom, none does.
 */
static bool clock_is_due(struct arena *a)
{
	if (a->looks_left) {
		a->looks_left--;
		return false;
	}
	return true;
}

static uint64_t read_clock(struct arena *a)
{
	uint64_t now = os_clock_ms();

	a->looks_skipped = now == a->clock ? a->looks_skipped * 2 + 1 : a->looks_skipped / 4;
	if (a->looks_skipped > LOOKS_SKIPPED_MAX)
		a->looks_skipped = LOOKS_SKIPPED_MAX;
	a->looks_left = a->looks_skipped;
	a->clock = now;
	return now;
}

void idle_look(struct arena *a, uint64_t hold_ms)
{
	uint64_t now;

	if (!clock_is_due(a))
		return;
	now = read_clock(a);
	if (unlikely(!a->top))
		return;
	if (!a->window_end) {
		start_window(a, now + hold_ms);
		return;
	}
	if (now < a->window_end)
		return;
	if (a->idle_bin == bin_index(IDLE_MIN)) {
		arena_consolidate(a);
		let_go_of_top(a);
	}
	if (let_go_in_bins(a))
		start_window(a, now + hold_ms);
	else
		a->window_end = now + SOON_MS;
}
