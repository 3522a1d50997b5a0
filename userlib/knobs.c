// SPDX-License-Identifier: LGPL-2.1-or-later
#include "knobs.h"

const struct knob_info knob_table[WEIR_KNOB_NR] = {
	[WEIR_KNOB_POLICY] = { "policy", 0, WEIR_POLICY_NR - 1, WEIR_POLICY_BUILTIN, false },
	[WEIR_KNOB_MMAP_THRESHOLD] = { "mmap_threshold", 0, WEIR_MMAP_THRESHOLD_MAX,
				       WEIR_MMAP_THRESHOLD_BUILTIN, true },
	[WEIR_KNOB_MMAP_MAX] = { "mmap_max", 0, WEIR_MMAP_MAX_MAX, WEIR_MMAP_MAX_BUILTIN, false },
	[WEIR_KNOB_TRIM_THRESHOLD] = { "trim_threshold", WEIR_TRIM_THRESHOLD_MIN, WEIR_TRIM_THRESHOLD_MAX,
				       WEIR_TRIM_THRESHOLD_BUILTIN, true },
	[WEIR_KNOB_TOP_PAD] = { "top_pad", 0, WEIR_TOP_PAD_MAX, WEIR_TOP_PAD_BUILTIN, true },
	[WEIR_KNOB_ARENA_MAX] = { "arena_max", 0, WEIR_ARENA_MAX_MAX, WEIR_ARENA_MAX_BUILTIN, false },
	[WEIR_KNOB_HUGETLB] = { "hugetlb", 0, WEIR_HUGETLB_MAX, WEIR_HUGETLB_BUILTIN, false },
};

/* Usable before any constructor has run. */
_Atomic int64_t knobs_value[WEIR_KNOB_NR] = {
	WEIR_POLICY_BUILTIN, WEIR_MMAP_THRESHOLD_BUILTIN, WEIR_MMAP_MAX_BUILTIN,
	WEIR_TRIM_THRESHOLD_BUILTIN, WEIR_TOP_PAD_BUILTIN, WEIR_ARENA_MAX_BUILTIN,
	WEIR_HUGETLB_BUILTIN,
};
_Atomic int64_t knobs_learned;
_Atomic unsigned int knobs_epoch;
_Atomic unsigned int knobs_hold = WEIR_POLICY_BUILTIN == WEIR_POLICY_AUTO ? POLICY_AUTO_HOLD_MS : 0;

static _Atomic bool learning = WEIR_POLICY_BUILTIN != WEIR_POLICY_FIXED;

/* This process's own word: a bit set in own_said means own_value and own_source hold. */
static _Atomic uint32_t own_said;
static _Atomic int64_t own_value[WEIR_KNOB_NR];
static _Atomic uint8_t own_source[WEIR_KNOB_NR];

bool knob_in_range(enum weir_knob k, int64_t value)
{
	return value >= knob_table[k].min && value <= knob_table[k].max;
}

void knobs_publish(const struct knob_set *set)
{
	bool learns = policy_learns(set);

	for (int k = 0; k < WEIR_KNOB_NR; k++)
		atomic_store_explicit(&knobs_value[k], set->value[k], memory_order_relaxed);
	/* Before the reset: see knobs_mapped_freed(). */
	atomic_store_explicit(&learning, learns, memory_order_seq_cst);
	if (!learns)
		atomic_store_explicit(&knobs_learned, 0, memory_order_seq_cst);
	atomic_store_explicit(&knobs_hold, policy_hold_ms(set), memory_order_relaxed);
	atomic_fetch_add_explicit(&knobs_epoch, 1, memory_order_relaxed);
}

void knobs_own(struct knob_set *set)
{
	uint32_t said = atomic_load_explicit(&own_said, memory_order_acquire);

	for (int k = 0; k < WEIR_KNOB_NR; k++) {
		bool own = said & (1u << k);

		set->value[k] = own ? atomic_load_explicit(&own_value[k], memory_order_relaxed) :
			knob_table[k].builtin;
		set->source[k] = own ? atomic_load_explicit(&own_source[k], memory_order_relaxed) :
			(uint8_t)WEIR_SOURCE_BUILTIN;
	}
}

void knobs_say(enum weir_knob k, int64_t value, enum weir_source source)
{
	atomic_store_explicit(&own_value[k], value, memory_order_relaxed);
	atomic_store_explicit(&own_source[k], source, memory_order_relaxed);
	atomic_fetch_or_explicit(&own_said, 1u << k, memory_order_release);
}

/*
 * Two threads may both learn; the larger size may lose, until it is freed again. One may learn while
 * learning is turned off: the second look takes its word back, and should knobs_publish() come
 * between the look and the store of another learner, that one looks behind its own store.
 */
void knobs_mapped_freed(size_t size)
{
	int64_t now = knobs_mmap_threshold(), learned = policy_mapped_freed(now, size);

	if (learned == now || !atomic_load_explicit(&learning, memory_order_relaxed))
		return;
	atomic_store_explicit(&knobs_learned, learned, memory_order_seq_cst);
	if (!atomic_load_explicit(&learning, memory_order_seq_cst))
		atomic_store_explicit(&knobs_learned, 0, memory_order_relaxed);
}
