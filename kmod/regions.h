/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Declared address ranges, whose faults are counted apart.
 */
#ifndef _WEIR_REGIONS_H
#define _WEIR_REGIONS_H

#include <linux/rcupdate.h>
#include <linux/weir.h>

#include "ctlpage.h"

/*
 * Immutable once published; replaced as a whole, read under RCU.  Ascending and disjoint; a slot
 * not used starts behind every address and is empty.
 */
struct weir_region_set {
	unsigned long start[WEIR_REGION_SLOTS];
	unsigned long size[WEIR_REGION_SLOTS];
	u8 counter[WEIR_REGION_SLOTS];	/* enum weir_counter: of minor faults */
	struct rcu_head rcu;
};

static_assert(WEIR_REGION_SLOTS == 8);

/*
 * The counter of minor faults of the region that @addr lies in, or WEIR_COUNTER_MINFLT if in none.
 * Runs on every page fault: three steps find the last region that starts at or below @addr.
 */
static __always_inline unsigned int weir_regions_find(const struct weir_region_set *set,
						      unsigned long addr)
{
	unsigned int i = 0;

	if (addr >= set->start[4])
		i = 4;
	if (addr >= set->start[i + 2])
		i += 2;
	if (addr >= set->start[i + 1])
		i += 1;
	return addr - set->start[i] < set->size[i] ? set->counter[i] : WEIR_COUNTER_MINFLT;
}

struct weir_region_set *weir_regions_create(struct weir_regions *regions);
struct weir_region_set *weir_regions_alloc(void);

#endif /* _WEIR_REGIONS_H */
