// SPDX-License-Identifier: LGPL-2.1-or-later
/* release.c - take a chunk back into its arena: check, coalesce, look at trimming */
#include "arena.h"
#include "die.h"
#include "knobs.h"

static void free_check(const struct arena *a, const struct chunk *c, const struct chunk *next)
{
	size_t size = chunksize(c);

	if (unlikely(c == a->top))
		die("double free or corruption (top)");
	/* The top is the arena's last chunk, unless foreign memory lies between its segments. */
	if (unlikely(next > a->top && c < a->top))
		die("double free or corruption (out)");
	if (unlikely(!prev_inuse(next)))
		die("double free or corruption (!prev)");
	if (unlikely(chunksize(next) < 2 * SIZE_SZ || chunksize(next) > a->system_mem || size > a->system_mem))
		die("free(): invalid next size (normal)");
}

/* Trim when a large span came free, or when a knob was turned since this arena last looked. */
void arena_look_at_trimming(struct arena *a, size_t coalesced)
{
	unsigned int epoch = knobs_trim_epoch();
	int64_t threshold;

	if (coalesced < TRIM_LOOK_SIZE && a->trim_epoch == epoch)
		return;
	a->trim_epoch = epoch;
	threshold = knobs_trim_threshold();
	if (threshold < 0)
		return;
	if (!a->main)
		heap_trim_spare(a, knob(WEIR_KNOB_TOP_PAD));
	if (chunksize(a->top) > (uint64_t)threshold)
		top_trim(a, knob(WEIR_KNOB_TOP_PAD));
}

size_t arena_coalesce(struct arena *a, struct chunk *c)
{
	size_t size = chunksize(c), prev_size;
	struct chunk *next = chunk_at(c, size);

	free_check(a, c, next);
	if (!prev_inuse(c)) {
		prev_size = c->prev_size;
		c = prev_chunk(c);
		if (unlikely(chunksize(c) != prev_size))
			die("corrupted size vs. prev_size while consolidating");
		bin_unlink(a, c);
		size += prev_size;
	}
	if (next == a->top) {
		top_set(a, c, size + chunksize(next));
		size += chunksize(next);
	} else {
		if (inuse(next)) {
			next->size &= ~PREV_INUSE;
		} else {
			bin_unlink(a, next);
			size += chunksize(next);
		}
		set_head(c, size | PREV_INUSE | arena_bit(a));
		set_foot(c, size);
		unsorted_insert(a, c);
	}
	return size;
}

size_t arena_free(struct arena *a, struct chunk *c)
{
	size_t size = arena_coalesce(a, c);

	arena_look_at_trimming(a, size);
	return size;
}
