/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Declared address ranges, whose faults are counted apart.
 */
#ifndef _WEIR_REGIONS_H
#define _WEIR_REGIONS_H

#include <linux/rcupdate.h>
#include <linux/weir.h>

#include "ctlpage.h"

struct weir_region_slot {
	unsigned long start;
	unsigned long size;
	unsigned long counter;		/* enum weir_counter: of minor faults */
};

/*
 * Immutable once published; replaced as a whole, read under RCU.  Ascending and disjoint; a slot
 * not used starts behind every address and is empty.
 */
struct weir_region_set {
	struct weir_region_slot slot[WEIR_REGION_SLOTS];
	struct rcu_head rcu;
};

static_assert(WEIR_REGION_SLOTS == 8);

/*
 * Whether @addr lies in a region, and which counter is that of its minor faults.  Runs on every
 * page fault: three steps find the last region that starts at or below @addr.
 */
static __always_inline bool weir_regions_find(const struct weir_region_set *set,
					      unsigned long addr, unsigned long *counter)
{
	const struct weir_region_slot *slot = set->slot;

	if (addr >= slot[4].start)
		slot += 4;
	if (addr >= slot[2].start)
		slot += 2;
	if (addr >= slot[1].start)
		slot += 1;
	*counter = slot->counter;
	return addr - slot->start < slot->size;
}

struct weir_region_set *weir_regions_create(struct weir_regions *regions);
struct weir_region_set *weir_regions_alloc(void);

#endif /* _WEIR_REGIONS_H */
