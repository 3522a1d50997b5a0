// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The order in which malloc looks for memory and free gives it back, told from the addresses that come
 * out. Sizes above 1,032 bytes are not kept in the thread's cache.
 */
#include <malloc.h>

#include "kselftest_harness.h"
#include "process.h"

RUN_WITH_ENVIRONMENT("WEIR_OPTIONS", "policy=fixed")

/* A block with one behind it that stays, so that a free joins nothing. */
static char *guarded(size_t size)
{
	char *p = hide(malloc(size));

	hide(malloc(2000));
	return p;
}

/* A request that nothing free can serve sorts the unsorted chunks into their bins. */
static void sort(void)
{
	hide(malloc(120 * K));
}

TEST(exact_fit_from_unsorted_comes_first)
{
	char *larger = guarded(5000), *exact = guarded(3000), *smaller = guarded(2000);

	free(exact);
	free(larger);
	free(smaller);
	EXPECT_EQ(exact, hide(malloc(3000)));
	/* The larger one, passed by or not, is still whole. */
	EXPECT_EQ(larger, hide(malloc(5000)));
	EXPECT_EQ(smaller, hide(malloc(2000)));
}

TEST(oldest_of_equal_unsorted_chunks)
{
	char *first = guarded(3000), *second = guarded(3000), *third = guarded(3000);

	free(second);
	free(first);
	free(third);
	EXPECT_EQ(second, hide(malloc(3000)));
	EXPECT_EQ(first, hide(malloc(3000)));
	EXPECT_EQ(third, hide(malloc(3000)));
}

TEST(unsorted_exact_beats_better_placed_bin)
{
	char *in_bin = guarded(3000), *unsorted = guarded(3000);

	free(in_bin);
	sort();
	free(unsorted);
	EXPECT_EQ(unsorted, hide(malloc(3000)));
	EXPECT_EQ(in_bin, hide(malloc(3000)));
}

TEST(last_remainder_serves_small_requests_in_a_row)
{
	char *block = guarded(10000), *at;

	free(block);
	sort();
	/* Different sizes: none of them is cached yet. Each is split from what the one before left. */
	at = hide(malloc(1000));
	EXPECT_EQ(block, at);
	EXPECT_EQ(block += 1008, hide(malloc(900)));
	EXPECT_EQ(block += 912, hide(malloc(800)));
	EXPECT_EQ(block += 816, hide(malloc(700)));
	EXPECT_EQ(block + 720, hide(malloc(600)));
}

TEST(lone_chunk_that_is_no_remainder_is_not_split)
{
	char *fits = guarded(1500), *larger = guarded(10000);

	free(fits);
	sort();
	free(larger);
	EXPECT_EQ(fits, hide(malloc(1000)));
	EXPECT_EQ(larger, hide(malloc(10000)));
}

TEST(best_fit_from_large_bins)
{
	char *b6 = guarded(6000), *b4 = guarded(4000), *b5 = guarded(5000), *b40 = guarded(40000);

	free(b4);
	free(b6);
	free(b40);
	free(b5);
	sort();
	EXPECT_EQ(b5, hide(malloc(4500)));
	EXPECT_EQ(b4, hide(malloc(3500)));
	EXPECT_EQ(b6, hide(malloc(5500)));
	EXPECT_EQ(b40, hide(malloc(5500)));
	/* Split: the rest of the large one comes next. */
	EXPECT_EQ(b40 + 5520, hide(malloc(5500)));
}

TEST(best_fit_within_one_large_bin)
{
	/* 33 K, 34 K and 35 K share a bin: the smallest that holds the request is taken. */
	char *b34 = guarded(34 * K), *b35 = guarded(35 * K), *b33 = guarded(33 * K);

	free(b35);
	free(b33);
	free(b34);
	sort();
	EXPECT_EQ(b34, hide(malloc(34 * K - 100)));
	EXPECT_EQ(b33, hide(malloc(33 * K - 100)));
	EXPECT_EQ(b35, hide(malloc(33 * K - 100)));
}

TEST(neighbours_join)
{
	char *a = hide(malloc(2000)), *b = hide(malloc(3000)), *c = guarded(4000);

	free(a);
	free(c);
	EXPECT_EQ(3, mallinfo2().ordblks);
	free(b);	/* joins the one before and the one behind */
	EXPECT_EQ(2, mallinfo2().ordblks);
	EXPECT_EQ(a, hide(malloc(2000 + 3000 + 4000 + 2 * 16)));
	EXPECT_EQ(1, mallinfo2().ordblks);
}

TEST(fast_chunks_are_consolidated_at_64K)
{
	char *fast[4], *big, *guard;

	for (int i = 0; i < 4; i++)
		fast[i] = hide(malloc(64 + i * 16));
	big = hide(malloc(70 * K));
	guard = guarded(2000);
	(void)guard;
	for (int i = 0; i < 4; i++)
		free(fast[i]);
	EXPECT_EQ(4, mallinfo2().smblks);
	EXPECT_EQ(1, mallinfo2().ordblks);
	free(big);
	/* 64 KiB or more came free in one piece: the cached ones joined it. */
	EXPECT_EQ(0, mallinfo2().smblks);
	EXPECT_EQ(fast[0], hide(malloc(70 * K + 80 + 96 + 112 + 128)));
}

TEST(fast_chunks_stay_below_64K)
{
	char *fast = hide(malloc(100)), *big = guarded(60 * K);

	free(fast);
	free(big);
	EXPECT_EQ(1, mallinfo2().smblks);
	EXPECT_EQ(fast, hide(malloc(100)));
}

TEST(mapped_alone_only_when_nothing_free_fits)
{
	char *a = hide(malloc(100 * K)), *b = hide(malloc(100 * K)), *guard = hide(malloc(2000));

	(void)guard;
	free(a);
	free(b);
	EXPECT_EQ(a, hide(malloc(150 * K)));
	EXPECT_EQ(0, mallinfo2().hblks);
	hide(malloc(150 * K));
	EXPECT_EQ(1, mallinfo2().hblks);
}

TEST(trim_from_the_top)
{
	char *low = hide(malloc(100 * K)), *high = hide(malloc(120 * K)), *end;

	ASSERT_EQ(1, mallopt(M_TOP_PAD, 0));
	end = sbrk(0);
	/* Free memory below a block in use stays. */
	free(low);
	EXPECT_EQ(end, (char *)sbrk(0));
	/* At the top it goes, and what it joined with it. */
	free(high);
	EXPECT_GT(end - 200 * K, (char *)sbrk(0));
	EXPECT_GT(PAGE + 64, mallinfo2().keepcost);
}

TEST_HARNESS_MAIN
