/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Declared address ranges, whose faults are counted apart.
 */
#ifndef _WEIR_REGIONS_H
#define _WEIR_REGIONS_H

#include <linux/rcupdate.h>
#include <linux/weir.h>

/* Immutable once published; replaced as a whole, read under RCU. */
struct weir_region_set {
	unsigned int nr;
	struct weir_range {
		unsigned long start;
		unsigned long size;
		unsigned int kind;	/* enum weir_region_kind */
	} range[WEIR_REGION_SLOTS];	/* ascending, disjoint */
	struct rcu_head rcu;
};

/*
 * The kind of region that @addr lies in, or 0.  Runs on every page fault: the set is small, so a
 * scan that ends at the first range above @addr beats a search.
 */
static __always_inline unsigned int weir_regions_find(const struct weir_region_set *set,
						      unsigned long addr)
{
	const struct weir_range *range = set->range;
	const struct weir_range *end = range + set->nr;

	for (; range < end && addr >= range->start; range++)
		if (addr - range->start < range->size)
			return range->kind;
	return 0;
}

struct weir_region_set *weir_regions_create(const struct weir_regions *regions);

#endif /* _WEIR_REGIONS_H */
