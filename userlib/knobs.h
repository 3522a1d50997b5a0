/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * knobs.h - the knobs in force for this process
 *
 * Two tellers: the control page, if the module is there, and this process itself (environment,
 * mallopt), whose word is kept here for when it is not. Readers use one relaxed load, on paths
 * that are slow anyway, and may see a change a moment late: no decision needs two knobs to be of
 * the same moment.
 */
#ifndef WEIR_KNOBS_H
#define WEIR_KNOBS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <linux/weir.h>
#include "policy.h"

struct knob_info {
	const char *name;
	int64_t min, max, builtin;
	bool is_size;
};

extern const struct knob_info knob_table[WEIR_KNOB_NR];

extern _Atomic int64_t knobs_value[WEIR_KNOB_NR];
extern _Atomic int64_t knobs_learned;
extern _Atomic unsigned int knobs_epoch;
extern _Atomic unsigned int knobs_hold;

static inline int64_t knob(enum weir_knob k)
{
	return atomic_load_explicit(&knobs_value[k], memory_order_relaxed);
}

/*
 * The thresholds in force: the knobs' values, or what the dynamic policy has learned. Only the
 * learner writes knobs_learned (0: nothing yet, or learning is off) and only knobs_publish() the
 * knobs, so neither can overwrite the other's word.
 */
static inline int64_t knobs_mmap_threshold(void)
{
	int64_t learned = atomic_load_explicit(&knobs_learned, memory_order_relaxed);

	return learned ? learned : knob(WEIR_KNOB_MMAP_THRESHOLD);
}

static inline int64_t knobs_trim_threshold(void)
{
	int64_t learned = atomic_load_explicit(&knobs_learned, memory_order_relaxed);

	return learned ? policy_trim_threshold(learned) : knob(WEIR_KNOB_TRIM_THRESHOLD);
}

/* Milliseconds to keep idle memory; 0: it goes back at once, by the trim threshold. */
static inline unsigned int knobs_hold_ms(void)
{
	return atomic_load_explicit(&knobs_hold, memory_order_relaxed);
}

/* The fixed and the dynamic policy hand out what ptmalloc does: no pieces of runs. */
static inline bool chunks_only(void)
{
	return knob(WEIR_KNOB_POLICY) != WEIR_POLICY_AUTO;
}

/* Whoever has set a threshold means it: then nothing large waits in caches while the top could be trimmed. */
static inline bool medium_cached(void)
{
	return knobs_hold_ms() != 0;
}

/* Changes whenever a knob did: an arena that sees a new value looks at trimming at once. */
static inline unsigned int knobs_trim_epoch(void)
{
	return atomic_load_explicit(&knobs_epoch, memory_order_relaxed);
}

/* Put a set in force. Callers are serialized by the klink lock or run before any thread. */
void knobs_publish(const struct knob_set *set);
/* What this process itself has said, over the builtin defaults. */
void knobs_own(struct knob_set *set);
/* Record a word of this process; source: WEIR_SOURCE_ENVIRONMENT or _SELF. Value is in range. */
void knobs_say(enum weir_knob k, int64_t value, enum weir_source source);
/* A chunk mapped alone, of this size, is being freed: the dynamic policy learns from it. */
void knobs_mapped_freed(size_t size);
/* Is value acceptable for k? */
bool knob_in_range(enum weir_knob k, int64_t value);

#endif
