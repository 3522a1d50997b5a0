/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * policy.h - when to map alone and when to trim: pure decisions
 *
 * No system call, clock or global in here; state is passed in. fixed uses the knobs as they are.
 * dynamic is what glibc has done since 2.5 (mallopt(3), M_MMAP_THRESHOLD): freeing a mapped chunk
 * shows that such sizes come and go, so the mmap threshold rises to that size and the trim
 * threshold to twice it, up to POLICY_DYNAMIC_MAX; setting any of mmap_threshold, trim_threshold,
 * top_pad and mmap_max turns the learning off. auto learns likewise, and keeps what is idle for a
 * while before it lets go.
 */
#ifndef WEIR_POLICY_H
#define WEIR_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/weir.h>

/* Milliseconds that the auto policy keeps idle memory before it lets go. */
#define POLICY_AUTO_HOLD_MS 20

#define POLICY_DYNAMIC_MAX ((int64_t)32 * 1024 * 1024)

/* A consistent set, as read from the control page or built from this process's own word. */
struct knob_set {
	int64_t value[WEIR_KNOB_NR];
	uint8_t source[WEIR_KNOB_NR];	/* enum weir_source */
};

/* May the policy move the thresholds, or has somebody set them? */
bool policy_learns(const struct knob_set *set);

/* How long idle memory is kept, in ms; 0: the trim threshold decides at once. */
static inline unsigned int policy_hold_ms(const struct knob_set *set)
{
	return set->value[WEIR_KNOB_POLICY] == WEIR_POLICY_AUTO && policy_learns(set) ? POLICY_AUTO_HOLD_MS : 0;
}

/* The mmap threshold after a mapped chunk of this size was freed under the threshold now. */
int64_t policy_mapped_freed(int64_t now, size_t size);

/* The trim threshold that goes with a learned mmap threshold. */
static inline int64_t policy_trim_threshold(int64_t learned) { return 2 * learned; }

#endif
