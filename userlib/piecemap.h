/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * piecemap.h - which memory is cut into pieces, and of which class
 *
 * A byte for each granule of the address space says the class of the run (run.h) that the granule belongs
 * to, 0 for all else; a second one how many granules back the run begins. Two levels: a leaf for each
 * 2 GiB in which there ever was a run, found by its distance from the map, so that 0 leads to a part of the
 * map that stays zero and the look-up needs no test.
 *
 * Reading is for anybody. A thread may read what is said of its own blocks without more: it is
 * written before the block is handed out and until it is freed. What was never a run's reads as 0; of an
 * address only 47 bits are looked at. Beyond those x86-64 has memory only for who asks mmap for such an address, on
 * a kernel and a processor with five levels of page tables; else what writes there ends in SIGSEGV, and free() does. Who frees
 * a piece's address with higher bits set, at which there is memory of his own, is found out when the thread cache gives it
 * back (run_of() reads the run's head there): to look at all bits would cost each free() an instruction.
 */
#ifndef WEIR_PIECEMAP_H
#define WEIR_PIECEMAP_H

#include "class.h"

#define GRANULE_SHIFT	10
#define GRANULE		((size_t)1 << GRANULE_SHIFT)
#define LEAF_SHIFT	31
#define LEAF_GRANULES	((size_t)1 << (LEAF_SHIFT - GRANULE_SHIFT))

struct piecemap_leaf {
	uint8_t class[LEAF_GRANULES];
	uint8_t back[LEAF_GRANULES];
};

struct piecemap {
	ptrdiff_t leaf[UINT16_MAX + 1];	/* how far behind `none' */
	uint64_t inverse[CLASS_PIECES];	/* 2^64 / size, rounded up; 0 for class 0 */
	struct piecemap_leaf none;	/* never written */
};

#pragma GCC visibility push(hidden)
extern struct piecemap piecemap;
#pragma GCC visibility pop

static inline const struct piecemap_leaf *piecemap_leaf(const void *mem)
{
	uint16_t number = (uintptr_t)mem >> LEAF_SHIFT;

	return (const void *)((char *)&piecemap.none + __atomic_load_n(&piecemap.leaf[number], __ATOMIC_RELAXED));
}

static inline size_t piecemap_granule(const void *mem)
{
	return (uintptr_t)mem >> GRANULE_SHIFT & (LEAF_GRANULES - 1);
}

/* The class of the piece at mem, 0 if it is none. */
static inline size_t piece_class(const void *mem)
{
	/* As piecemap_leaf(mem)->class[piecemap_granule(mem)], in one instruction less. */
	const char *leaf = (const char *)&piecemap;

	leaf += __atomic_load_n(&piecemap.leaf[(uint16_t)((uintptr_t)mem >> LEAF_SHIFT)], __ATOMIC_RELAXED);
	SAME_REGISTER(leaf);
	return *(const uint8_t *)(leaf + offsetof(struct piecemap, none.class) + piecemap_granule(mem));
}

/*
 * The part of the map that a thread's blocks are mostly in: with it the class is found by one load that waits for
 * nothing but mem, where piece_class() needs a second one before.
 */
struct piecemap_home {
	uintptr_t number;	/* of the leaf; none has UINTPTR_MAX */
	uintptr_t classes;	/* where the byte of the granule at address 0 would be */
};

static inline void piecemap_set_home(struct piecemap_home *home, const void *mem)
{
	uintptr_t number = (uintptr_t)mem >> LEAF_SHIFT;

	home->number = number;
	home->classes = (uintptr_t)piecemap_leaf(mem)->class - (number << (LEAF_SHIFT - GRANULE_SHIFT));
}

static inline size_t piece_class_near(const struct piecemap_home *home, const void *mem)
{
	if (unlikely((uintptr_t)mem >> LEAF_SHIFT != home->number))
		return piece_class(mem);
	return *(const uint8_t *)(home->classes + ((uintptr_t)mem >> GRANULE_SHIFT));
}

/*
 * The pieces of a class lie at multiples of its size, counted from multiples of 4 GiB. n is a multiple
 * of d if the fraction of n / d is zero: in n * ceil(2^64 / d), for n and d of 32 bits, the fraction is
 * what is below 2^64, and less than the rounding can make of it (Lemire, Kaser, Kurz: "Faster
 * remainder by direct computation").
 */
static inline bool piece_is_aligned(const void *mem, size_t class)
{
	uint64_t inverse = piecemap.inverse[class];

	return (uint32_t)(uintptr_t)mem * inverse < inverse;
}

/* How many pieces fit before mem, counted as above. */
static inline uint32_t piece_ordinal(const void *mem, size_t class)
{
	return (unsigned __int128)(uint32_t)(uintptr_t)mem * piecemap.inverse[class] >> 64;
}

/* The first granule of the run that mem, in a piece, belongs to. */
static inline void *piecemap_run(const void *mem)
{
	uintptr_t granule = (uintptr_t)mem >> GRANULE_SHIFT;

	return (void *)((granule - piecemap_leaf(mem)->back[piecemap_granule(mem)]) << GRANULE_SHIFT);
}

void piecemap_init(void);
/* Enter a run; false: no memory. */
bool piecemap_enter(const char *start, size_t granules, size_t class);
void piecemap_remove(const char *start, size_t granules);
/* Bytes of address space that it takes, for check.c. */
size_t piecemap_mapped(void);

#endif
