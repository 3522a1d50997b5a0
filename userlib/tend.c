// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tend.h"

#include "fork.h"
#include "idle.h"
#include "knobs.h"
#include "os.h"

/* In ms; and the slot with which the next round begins. */
static _Atomic uint64_t next_round;
static _Atomic unsigned int next_slot;

static bool is_alone(struct arena *a, uint64_t now, uint64_t hold_ms)
{
	return hold_ms ? idle_is_left_alone(a, now, hold_ms) : arena_has_deferred(a);
}

/* Deferred blocks count as looked at by the arena's own: what they were part of is let go when it is idle. */
static size_t tend(struct arena *a, uint64_t now, uint64_t hold_ms)
{
	size_t bytes = 0;

	if (!lock_try(&a->lock))
		return 0;
	if (arena_has_deferred(a))
		arena_take_in(a);
	else if (hold_ms)
		bytes = idle_look_for_others(a, now, hold_ms);
	arena_unlock(a);
	return bytes;
}

/* All arenas, once; false: enough for now. */
static SELDOM bool tend_round(uint64_t now, uint64_t hold_ms)
{
	unsigned int count = arena_count(), slot = atomic_load_explicit(&next_slot, memory_order_relaxed);
	size_t bytes = 0;

	for (unsigned int i = 0; i < count && bytes < IDLE_LET_GO_BYTES; i++) {
		struct arena *a = arena_at(slot++ % count);

		if (a && is_alone(a, now, hold_ms))
			bytes += tend(a, now, hold_ms);
	}
	atomic_store_explicit(&next_slot, slot % count, memory_order_relaxed);
	return bytes < IDLE_LET_GO_BYTES;
}

SELDOM void tend_others(void)
{
	uint64_t due = atomic_load_explicit(&next_round, memory_order_relaxed), now, hold_ms = knobs_hold_ms();

	if (arena_count() == 1 || fork_holds_locks())
		return;
	now = os_clock_ms();
	if (now < due || !atomic_compare_exchange_strong_explicit(&next_round, &due, now + POLICY_AUTO_HOLD_MS,
								 memory_order_relaxed, memory_order_relaxed))
		return;
	if (!tend_round(now, hold_ms))
		atomic_store_explicit(&next_round, now + IDLE_SOON_MS, memory_order_relaxed);
}

/* By the policies that do not wait: what they give back after a large free, and the last heap. */
static void vacate_at_once(struct arena *a, uint64_t now)
{
	arena_look(a, TRIM_LOOK_SIZE);
	if (a->top && !a->main && knobs_trim_threshold() >= 0 && heap_give_back(a))
		a->vacated = now + POLICY_AUTO_HOLD_MS;
}

/* Where threads come and go this was too early, so it is done at most once in a while. */
static void vacate(struct arena *a)
{
	uint64_t now = os_clock_ms(), hold_ms = knobs_hold_ms();

	if (!lock_try(&a->lock))
		return;
	if (arena_has_deferred(a))
		arena_take_in(a);
	if (a->top && now >= a->vacated) {
		if (hold_ms)
			idle_vacate(a, now, hold_ms);
		else
			vacate_at_once(a, now);
	}
	arena_unlock(a);
}

void tend_leave(struct arena *a)
{
	if (!a)
		return;
	arena_move(a, NULL);
	if (fork_holds_locks())
		return;
	if (!atomic_load_explicit(&a->users, memory_order_relaxed))
		vacate(a);
	tend_others();
}
