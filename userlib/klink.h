/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * klink.h - the link to weir.ko
 *
 * Whatever stands at /dev/weir, or does not, nothing here fails an allocation, prints, or leaves a
 * descriptor open. All functions keep errno.
 */
#ifndef WEIR_KLINK_H
#define WEIR_KLINK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <linux/weir.h>
#include "knobs.h"

extern const struct weir_ctlpage *_Atomic klink_page;	/* never NULL */
extern _Atomic uint32_t klink_seen;	/* generation of the page that is in force */

void klink_refresh(void);

/*
 * To be called on every path that decides by a knob. One load and a compare while nothing has
 * changed; else the knobs are read anew. The generation also differs in a child of a raw clone.
 */
static inline void klink_poll(void)
{
	const struct weir_ctlpage *page = atomic_load_explicit(&klink_page, memory_order_acquire);

	if (__builtin_expect(__atomic_load_n(&page->generation, __ATOMIC_RELAXED) !=
			     atomic_load_explicit(&klink_seen, memory_order_relaxed), 0))
		klink_refresh();
}

/* At start: attach if the module is there. */
void klink_start(void);
/* On paths that make a system call anyway: attach if the module has come, looking once a second. */
void klink_retry(void);
/* The environment asked for less: never attach, or only at start. */
enum klink_mode { KLINK_LATE, KLINK_START, KLINK_NEVER };
void klink_set_mode(enum klink_mode mode);
/* The profile to ask for when attaching; length is less than WEIR_PROFILE_NAME_LEN. */
void klink_set_profile(const char *name, size_t length);
/* mallopt: the process sets its own knob; the latest word wins, here and in the module. */
void klink_say(enum weir_knob k, int64_t value);

void klink_fork_prepare(void);
void klink_fork_parent(void);
void klink_fork_child(void);

#endif
