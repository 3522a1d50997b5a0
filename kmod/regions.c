// SPDX-License-Identifier: GPL-2.0
/*
 * Declared address ranges: what user space said, checked and sorted.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>

#include "regions.h"

static bool weir_region_valid(const struct weir_region *region)
{
	if (region->reserved)
		return false;
	if (region->kind != WEIR_REGION_HEAP && region->kind != WEIR_REGION_MMAP)
		return false;
	if (region->start >= region->end || region->end > TASK_SIZE)
		return false;
	return !((region->start | region->end) & ~PAGE_MASK);
}

static int weir_range_compare(const void *a, const void *b)
{
	const struct weir_range *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static bool weir_regions_overlap(const struct weir_region_set *set)
{
	unsigned int i;

	for (i = 1; i < set->nr; i++)
		if (set->range[i].start - set->range[i - 1].start < set->range[i - 1].size)
			return true;
	return false;
}

/**
 * weir_regions_create() - make a set of what a process has declared
 * @regions: its declaration; size and flags have been checked
 *
 * Return: the set, NULL if there is no region, -EINVAL or -ENOMEM as an error pointer.
 */
struct weir_region_set *weir_regions_create(const struct weir_regions *regions)
{
	struct weir_region_set *set;
	unsigned int i;

	if (regions->nr > WEIR_REGION_SLOTS || regions->reserved)
		return ERR_PTR(-EINVAL);
	for (i = 0; i < regions->nr; i++)
		if (!weir_region_valid(&regions->region[i]))
			return ERR_PTR(-EINVAL);
	if (memchr_inv(&regions->region[regions->nr], 0,
		       (WEIR_REGION_SLOTS - regions->nr) * sizeof(regions->region[0])))
		return ERR_PTR(-EINVAL);
	if (!regions->nr)
		return NULL;

	set = kzalloc(sizeof(*set), GFP_KERNEL_ACCOUNT);
	if (!set)
		return ERR_PTR(-ENOMEM);
	set->nr = regions->nr;
	for (i = 0; i < set->nr; i++) {
		const struct weir_region *region = &regions->region[i];

		set->range[i].start = region->start;
		set->range[i].size = region->end - region->start;
		set->range[i].kind = region->kind;
	}
	sort(set->range, set->nr, sizeof(set->range[0]), weir_range_compare, NULL);
	if (weir_regions_overlap(set)) {
		kfree(set);
		return ERR_PTR(-EINVAL);
	}
	return set;
}
