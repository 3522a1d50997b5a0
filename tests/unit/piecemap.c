// SPDX-License-Identifier: LGPL-2.1-or-later
/* The map of pieces, over addresses that nothing is at. */
#include "fork.h"
#include "kselftest_harness.h"
#include "os.h"
#include "piecemap.h"
#include "process.h"

/* Of the rest of the library, which is not here: nobody is forking. */
const void *_Atomic fork_owner;
__thread struct tcache *tcache_self;

#define LEAF ((uintptr_t)1 << LEAF_SHIFT)
#define SPAN ((uintptr_t)1 << 32)

static void *at(uintptr_t address) { return (void *)address; }

FIXTURE(piecemap) { };
FIXTURE_SETUP(piecemap)
{
	os_init();
	piecemap_init();
}
FIXTURE_TEARDOWN(piecemap) { }

/* Is all of a run in the map, and nothing of what lies before and behind it? */
static bool is_entered(uintptr_t start, size_t granules, size_t class)
{
	for (uintptr_t p = start; p < start + granules * GRANULE; p += 16)
		if (piece_class(at(p)) != class || piecemap_run(at(p)) != at(start))
			return false;
	return piece_class(at(start - 1)) == 0 && piece_class(at(start + granules * GRANULE)) == 0;
}

TEST_F(piecemap, what_was_never_a_run_reads_as_zero)
{
	static const uintptr_t wild[] = { 0, 1, 15, 4096, LEAF - 1, LEAF, LEAF + 1, SPAN, ((uintptr_t)1 << 47) - 1,
		(uintptr_t)1 << 47, (uintptr_t)1 << 63, UINTPTR_MAX, UINTPTR_MAX - 15, 0x4141414141414141 };

	for (int entered = 0; entered < 2; entered++) {
		for (size_t i = 0; i < sizeof(wild) / sizeof(wild[0]); i++) {
			EXPECT_EQ(0, piece_class(at(wild[i]))) TH_LOG("%#lx", wild[i]);
		}
		EXPECT_EQ(0, piece_class(&entered));
		EXPECT_EQ(0, piece_class(&piecemap));
		EXPECT_EQ(0, piece_class(hide(malloc(100))));
		for (uintptr_t p = 0; p >> 47 == 0; p += LEAF / 2 + 4096) {
			ASSERT_EQ(0, piece_class(at(p))) TH_LOG("%#lx", p);
		}
		ASSERT_TRUE(piecemap_enter(at(7 * LEAF), 1, 3));
		EXPECT_EQ(3, piece_class(at(7 * LEAF)));
		piecemap_remove(at(7 * LEAF), 1);
	}
	EXPECT_TRUE(is_filled(&piecemap.none, 0, sizeof(piecemap.none)));
}

TEST_F(piecemap, runs_in_several_leaves)
{
	uintptr_t start[40];

	for (int i = 0; i < 40; i++) {
		start[i] = (i % 8 * 701 + 5) * LEAF + (uintptr_t)i * 12345 * GRANULE;
		ASSERT_TRUE(piecemap_enter(at(start[i]), i % 16 + 1, i % 32 + 1));
	}
	for (int i = 0; i < 40; i++)
		EXPECT_TRUE(is_entered(start[i], i % 16 + 1, i % 32 + 1));
	for (int i = 0; i < 40; i += 2)
		piecemap_remove(at(start[i]), i % 16 + 1);
	for (int i = 1; i < 40; i += 2)
		EXPECT_TRUE(is_entered(start[i], i % 16 + 1, i % 32 + 1));
	for (int i = 0; i < 40; i += 2)
		for (int g = 0; g < 16; g++)
			EXPECT_EQ(0, piece_class(at(start[i] + g * GRANULE)));
}

TEST_F(piecemap, run_across_a_leaf_border)
{
	uintptr_t start = 9 * LEAF - 3 * GRANULE;

	ASSERT_TRUE(piecemap_enter(at(start), 8, 12));
	EXPECT_TRUE(is_entered(start, 8, 12));
	EXPECT_NE(piecemap_leaf(at(start)), piecemap_leaf(at(9 * LEAF)));
	piecemap_remove(at(start), 8);
	for (int i = -1; i < 9; i++)
		EXPECT_EQ(0, piece_class(at(start + i * GRANULE)));
}

TEST_F(piecemap, neighbours_are_two_runs)
{
	uintptr_t start = 20 * LEAF + 64 * GRANULE;

	ASSERT_TRUE(piecemap_enter(at(start), 4, 5));
	ASSERT_TRUE(piecemap_enter(at(start + 4 * GRANULE), 2, 5));
	EXPECT_EQ(at(start), piecemap_run(at(start + 4 * GRANULE - 1)));
	EXPECT_EQ(at(start + 4 * GRANULE), piecemap_run(at(start + 4 * GRANULE)));
	/* What lies there next is of another class, and begins elsewhere. */
	piecemap_remove(at(start), 4);
	ASSERT_TRUE(piecemap_enter(at(start + GRANULE), 3, 6));
	EXPECT_EQ(6, piece_class(at(start + 4 * GRANULE - 1)));
	EXPECT_EQ(5, piece_class(at(start + 4 * GRANULE)));
	EXPECT_EQ(at(start + GRANULE), piecemap_run(at(start + 3 * GRANULE + 100)));
	EXPECT_EQ(0, piece_class(at(start)));
}

/* Against plain division, of the address counted from the multiple of 4 GiB below it. */
#define DIVIDES(address, class) do {								\
	uintptr_t p = (address);								\
	uint32_t size = class_size(class), offset = p;						\
												\
	ASSERT_EQ(offset % size == 0, piece_is_aligned(at(p), class)) TH_LOG("%#lx %u", p, size);	\
	ASSERT_EQ(offset / size, piece_ordinal(at(p), class)) TH_LOG("%#lx %u", p, size);		\
} while (0)

TEST_F(piecemap, division)
{
	uint64_t state = 88172645463325252;

	for (size_t class = 1; class < CLASS_PIECES; class++) {
		uint32_t size = class_size(class), last = UINT32_MAX / size * size;

		for (uintptr_t span = 0; span < 4 * SPAN; span += SPAN)
			for (intptr_t i = -3000; i < 3000; i++)
				DIVIDES(5 * SPAN + span + i, class);
		/* About the multiples of the size. */
		for (uint32_t n = 0; n < 2000; n++)
			for (int i = -1; i <= 1; i++) {
				DIVIDES(SPAN + (uintptr_t)n * size + i, class);
				DIVIDES(SPAN + last - (uintptr_t)n * size + i, class);
			}
		for (int i = 0; i < 50000; i++) {
			state ^= state << 13;
			state ^= state >> 7;
			state ^= state << 17;
			DIVIDES(state >> 17, class);
			DIVIDES((state >> 17 & -SPAN) + (uint32_t)state / size * size, class);
		}
	}
}

TEST_F(piecemap, class_zero_has_no_pieces)
{
	for (uintptr_t p = 0; p < 4096; p++)
		ASSERT_FALSE(piece_is_aligned(at(SPAN + p), 0));
}

TEST_HARNESS_MAIN
