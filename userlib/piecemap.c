// SPDX-License-Identifier: LGPL-2.1-or-later
#include "piecemap.h"

#include "os.h"

struct piecemap piecemap;

void piecemap_init(void)
{
	for (size_t class = 1; class < CLASS_PIECES; class++)
		piecemap.inverse[class] = UINT64_MAX / class_size(class) + 1;
}

/* Two arenas may both make it: the second gives way. */
static struct piecemap_leaf *leaf_make(const void *mem)
{
	ptrdiff_t *slot = &piecemap.leaf[(uint16_t)((uintptr_t)mem >> LEAF_SHIFT)], none = 0;
	struct piecemap_leaf *leaf = os_segment_map(sizeof(*leaf));

	if (!leaf)
		return NULL;
	if (__atomic_compare_exchange_n(slot, &none, (char *)leaf - (char *)&piecemap.none, false,
					__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return leaf;
	os_unmap(leaf, sizeof(*leaf));
	return (void *)((char *)&piecemap.none + none);
}

/* NULL: no memory for it. */
static struct piecemap_leaf *leaf_of(const void *mem)
{
	const void *leaf = piecemap_leaf(mem);

	return leaf == &piecemap.none ? leaf_make(mem) : (struct piecemap_leaf *)leaf;
}

bool piecemap_enter(const char *start, size_t granules, size_t class)
{
	struct piecemap_leaf *leaf;

	for (size_t i = 0; i < granules; i++) {
		leaf = leaf_of(start + i * GRANULE);
		if (!leaf) {
			piecemap_remove(start, i);
			return false;
		}
		leaf->back[piecemap_granule(start + i * GRANULE)] = i;
		__atomic_store_n(&leaf->class[piecemap_granule(start + i * GRANULE)], class, __ATOMIC_RELAXED);
	}
	return true;
}

void piecemap_remove(const char *start, size_t granules)
{
	for (const char *at = start; at < start + granules * GRANULE; at += GRANULE)
		__atomic_store_n(&leaf_of(at)->class[piecemap_granule(at)], 0, __ATOMIC_RELAXED);
}

size_t piecemap_mapped(void)
{
	size_t bytes = 0;

	for (size_t i = 0; i < sizeof(piecemap.leaf) / sizeof(piecemap.leaf[0]); i++)
		if (__atomic_load_n(&piecemap.leaf[i], __ATOMIC_RELAXED))
			bytes += sizeof(struct piecemap_leaf);
	return bytes;
}
