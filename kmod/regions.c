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

static int weir_region_compare(const void *a, const void *b)
{
	const struct weir_region *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static bool weir_regions_overlap(const struct weir_region *sorted, unsigned int nr)
{
	unsigned int i;

	for (i = 1; i < nr; i++)
		if (sorted[i].start < sorted[i - 1].end)
			return true;
	return false;
}

/* A set without a region, or NULL if there is no memory. */
struct weir_region_set *weir_regions_alloc(void)
{
	struct weir_region_set *set = kzalloc(sizeof(*set), GFP_KERNEL_ACCOUNT);
	unsigned int i;

	for (i = 0; set && i < WEIR_REGION_SLOTS; i++)
		set->slot[i].start = ULONG_MAX;
	return set;
}

/**
 * weir_regions_create() - make a set of what a process has declared
 * @regions: its declaration, which is sorted; size and flags have been checked
 *
 * Return: the set, NULL if there is no region, -EINVAL or -ENOMEM as an error pointer.
 */
struct weir_region_set *weir_regions_create(struct weir_regions *regions)
{
	struct weir_region *region = regions->region;
	struct weir_region_set *set;
	unsigned int i;

	if (regions->nr > WEIR_REGION_SLOTS || regions->reserved)
		return ERR_PTR(-EINVAL);
	for (i = 0; i < regions->nr; i++)
		if (!weir_region_valid(&region[i]))
			return ERR_PTR(-EINVAL);
	if (memchr_inv(&region[i], 0, (WEIR_REGION_SLOTS - i) * sizeof(*region)))
		return ERR_PTR(-EINVAL);
	sort(region, regions->nr, sizeof(*region), weir_region_compare, NULL);
	if (weir_regions_overlap(region, regions->nr))
		return ERR_PTR(-EINVAL);
	if (!regions->nr)
		return NULL;

	set = weir_regions_alloc();
	if (!set)
		return ERR_PTR(-ENOMEM);
	for (i = 0; i < regions->nr; i++) {
		set->slot[i].start = region[i].start;
		set->slot[i].size = region[i].end - region[i].start;
		set->slot[i].counter = region[i].kind == WEIR_REGION_HEAP ?
				       WEIR_COUNTER_HEAP_MINFLT : WEIR_COUNTER_MMAP_MINFLT;
	}
	return set;
}
