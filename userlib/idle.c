// SPDX-License-Identifier: LGPL-2.1-or-later
#include "idle.h"

#include "figures.h"
#include "knobs.h"
#include "os.h"

#define LOOKS_SKIPPED_MAX 63
/* Who lets go before anything was idle for long pays for it: a millisecond's peace for this much. */
#define VACATED_PER_MS	((size_t)1 << 20)

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
		idle_set_resident(a, c, 0);
	}
}

/* From where the last look stopped; false: enough for now. */
static SELDOM bool let_go_in_bins(struct arena *a, struct progress *p)
{
	for (; a->idle_bin < BINS; a->idle_bin++) {
		if (p->bytes >= IDLE_LET_GO_BYTES || p->calls >= IDLE_LET_GO_CALLS) {
			figures_trimmed(a);
			return false;
		}
		if (a->binmap[a->idle_bin / 64] & 1UL << a->idle_bin % 64)
			let_go_in_bin(a, &a->bins[a->idle_bin], p);
	}
	let_go_in_bin(a, &a->unsorted, p);
	if (p->calls)
		figures_trimmed(a);
	return true;
}

/* What the top has had to spare for the whole window; all of the arena, if it was all that there is. */
static SELDOM size_t let_go_of_top(struct arena *a)
{
	size_t pad = knob(WEIR_KNOB_TOP_PAD), had = a->system_mem, size, idle;

	if (!a->main && a->top_low == chunksize(a->top) && heap_give_back(a))
		return had;
	top_trim_spare(a, pad);
	size = chunksize(a->top);
	idle = a->top_low;
	if (idle > (uint64_t)knob(WEIR_KNOB_TRIM_THRESHOLD) && idle <= size)
		top_trim(a, size - idle + pad);
	return had - a->system_mem;
}

/* 0: no window has begun. */
static void set_end(struct arena *a, uint64_t end)
{
	__atomic_store_n(&a->window_end, end, __ATOMIC_RELAXED);
}

static SELDOM void start_window(struct arena *a, uint64_t end)
{
	/* Read by tcache_look() without the lock. */
	__atomic_store_n(&a->window, a->window + 1, __ATOMIC_RELAXED);
	set_end(a, end);
	a->idle_bin = bin_index(IDLE_MIN);
	a->top_low = chunksize(a->top);
	figures_update(a);
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

/* True: with the window, but for what is left to be let go soon, another one has begun, or there is no memory. */
static SELDOM bool end_window(struct arena *a, uint64_t now, uint64_t hold_ms, struct progress *p)
{
	if (a->idle_bin == bin_index(IDLE_MIN)) {
		arena_consolidate(a);
		p->bytes += let_go_of_top(a);
		if (!a->top) {
			set_end(a, 0);
			return true;
		}
	}
	if (!let_go_in_bins(a, p)) {
		set_end(a, now + IDLE_SOON_MS);
		return false;
	}
	start_window(a, now + hold_ms);
	return true;
}

void idle_look(struct arena *a, uint64_t hold_ms)
{
	struct progress p = { 0 };
	uint64_t now;

	if (!clock_is_due(a))
		return;
	now = read_clock(a);
	if (unlikely(!a->top))
		return;
	__atomic_store_n(&a->quiet, 0, __ATOMIC_RELAXED);
	if (!a->window_end)
		start_window(a, now + hold_ms);
	else if (now >= a->window_end)
		end_window(a, now, hold_ms, &p);
}

/*
 * What came free in a window is let go at the end of the next one; the end of a third finds nothing. A window
 * that ended while its arena was looked at counts for none.
 */
bool idle_is_left_alone(struct arena *a, uint64_t now, uint64_t hold_ms)
{
	uint64_t end = __atomic_load_n(&a->window_end, __ATOMIC_RELAXED);

	if (now < end + hold_ms)
		return false;
	return arena_has_deferred(a) || (end && __atomic_load_n(&a->quiet, __ATOMIC_RELAXED) < 3);
}

SELDOM size_t idle_look_for_others(struct arena *a, uint64_t now, uint64_t hold_ms)
{
	struct progress p = { 0 };

	if (a->top && a->window_end && now >= a->window_end && end_window(a, now, hold_ms, &p))
		__atomic_store_n(&a->quiet, a->quiet + 1, __ATOMIC_RELAXED);
	return p.bytes;
}

SELDOM void idle_vacate(struct arena *a, uint64_t now, uint64_t hold_ms)
{
	struct progress p = { 0 };

	/* As if a window had gone by in which all that is free now was free. */
	arena_consolidate(a);
	p.bytes = top_trim_spare(a, 0);
	start_window(a, now + hold_ms);
	end_window(a, now, hold_ms, &p);
	a->vacated = now + hold_ms + p.bytes / VACATED_PER_MS;
}
