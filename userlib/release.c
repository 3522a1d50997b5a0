// SPDX-License-Identifier: LGPL-2.1-or-later
/* release.c - take a chunk back into its arena: check, coalesce, look at trimming */
#include "arena.h"
#include "die.h"
#include "fastbin.h"
#include "figures.h"
#include "idle.h"
#include "knobs.h"
#include "run.h"

static void free_check(const struct arena *a, const struct chunk *c, const struct chunk *next)
{
	size_t size = chunksize(c);

	if (unlikely(c == a->top))
		die("free(): double free or corruption (top)");
	if (unlikely(c == a->parked))
		die("free(): double free or corruption (fasttop)");
	if (unlikely(a->main ? !main_holds(a, c, next) : !heap_holds(a, c, next)))
		die("free(): double free or corruption (out)");
	if (unlikely(!prev_inuse(next)))
		die("free(): double free or corruption (!prev)");
	if (unlikely(chunksize(next) < 2 * SIZE_SZ || chunksize(next) > a->system_mem || size > a->system_mem))
		die("free(): invalid next size (normal)");
}

/*
 * Look at giving memory back: when it was idle for long enough; or, by the other policies, when a large span
 * came free, when much waits in fast bins, or when a knob was turned since this arena last looked.
 */
void arena_look(struct arena *a, size_t coalesced)
{
	unsigned int epoch = knobs_trim_epoch(), hold = knobs_hold_ms();
	int64_t threshold;

	if (hold) {
		idle_look(a, hold);
		return;
	}
	if (unlikely(!a->top))
		return;
	if (unlikely(a->parked)) {
		size_t span = arena_unpark(a);

		coalesced = span > coalesced ? span : coalesced;
	}
	if (coalesced < TRIM_LOOK_SIZE && arena_kept(a) < TRIM_LOOK_SIZE && a->trim_epoch == epoch)
		return;
	a->trim_epoch = epoch;
	if (arena_kept(a) >= TRIM_LOOK_SIZE || coalesced >= TRIM_LOOK_SIZE)
		arena_consolidate(a);
	figures_update(a);
	threshold = knobs_trim_threshold();
	if (threshold < 0)
		return;
	top_trim_spare(a, knob(WEIR_KNOB_TOP_PAD));
	if (chunksize(a->top) > (uint64_t)threshold)
		top_trim(a, knob(WEIR_KNOB_TOP_PAD));
}

__attribute__((noinline)) size_t arena_coalesce(struct arena *a, struct chunk *c)
{
	size_t size = chunksize(c), prev_size;
	struct chunk *next = chunk_at(c, size);
	struct idle_tag tag = { a->window, size };

	free_check(a, c, next);
	if (!prev_inuse(c)) {
		prev_size = c->prev_size;
		c = prev_chunk(c);
		if (unlikely(chunksize(c) != prev_size))
			die("free(): corrupted size vs. prev_size while consolidating");
		tag = idle_join(tag, size, idle_tag(a, c), prev_size);
		bin_unlink(a, c);
		size += prev_size;
	}
	if (next == a->top) {
		top_set(a, c, size + chunksize(next));
		size += chunksize(next);
	} else {
		if (inuse(next)) {
			clear_prev_inuse(next);
		} else {
			tag = idle_join(tag, size, idle_tag(a, next), chunksize(next));
			bin_unlink(a, next);
			size += chunksize(next);
		}
		set_head(c, size | PREV_INUSE | arena_bit(a));
		set_foot(c, size);
		unsorted_insert(a, c);
		idle_set_tag(a, c, size, tag);
	}
	return size;
}

static void *deferred_next(void *mem)
{
	if (unlikely(!is_aligned(mem, MALLOC_ALIGN)))
		die("free(): unaligned chunk detected in deferred list");
	return arena_deferred_next(mem);
}

void arena_put_list(struct arena *a, void *mem)
{
	size_t class = 0, span, largest = 0;
	struct run *r = NULL;
	void *next;

	for (; mem; mem = next) {
		next = deferred_next(mem);
		if (!r || !run_has(r, mem)) {
			class = piece_class(mem);
			r = class ? run_of(mem, class, "free(): invalid pointer") : NULL;
		}
		if (r) {
			run_put(a, r, mem, class);
			continue;
		}
		span = fastbin_put(a, mem2chunk(mem));
		largest = span > largest ? span : largest;
	}
	arena_look(a, largest);
}

size_t arena_park(struct arena *a, struct chunk *c)
{
	size_t span;

	free_check(a, c, next_chunk(c));
	span = a->parked ? arena_unpark(a) : 0;
	a->parked = c;
	return span;
}

SELDOM size_t arena_unpark(struct arena *a)
{
	struct chunk *c = a->parked;

	a->parked = NULL;
	return arena_coalesce(a, c);
}

SELDOM size_t arena_consolidate(struct arena *a)
{
	size_t parked = a->parked ? arena_unpark(a) : 0;
	size_t fast = fastbins_consolidate(a), runs = runs_release(a);

	fast = fast > parked ? fast : parked;
	return fast > runs ? fast : runs;
}
