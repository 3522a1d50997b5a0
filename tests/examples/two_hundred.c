// SPDX-License-Identifier: LGPL-2.1-or-later
/* 200 blocks of i KiB, i = 0..199, then every odd one freed: mallinfo's figures to the byte. */
#include <malloc.h>

#include "kselftest_harness.h"
#include "process.h"

RUN_WITH_ENVIRONMENT("WEIR_OPTIONS", "policy=fixed")

#define BLOCKS 200

static char *blocks[BLOCKS];

static void allocate(void)
{
	for (int i = 0; i < BLOCKS; i++)
		blocks[i] = hide(malloc(i * K));
}

static void free_odd(void)
{
	for (int i = 1; i < BLOCKS; i += 2)
		free(blocks[i]);
}

TEST(nothing_before)
{
	struct mallinfo2 info = mallinfo2();

	EXPECT_EQ(0, info.uordblks);
	EXPECT_EQ(0, info.hblks);
	EXPECT_EQ(0, info.hblkhd);
}

TEST(allocated)
{
	char *heap = sbrk(0);
	struct mallinfo2 info;
	struct mallinfo old;

	allocate();
	info = mallinfo2();
	EXPECT_EQ(72, info.hblks);
	EXPECT_EQ(12238848, info.hblkhd);
	EXPECT_EQ(8325136, info.uordblks);
	EXPECT_EQ((size_t)((char *)sbrk(0) - heap), info.arena);
	EXPECT_EQ(info.arena, info.uordblks + info.fordblks);
	EXPECT_EQ(1, info.ordblks);
	EXPECT_EQ(info.keepcost, info.fordblks - info.fsmblks);
	old = mallinfo();
	EXPECT_EQ(72, old.hblks);
	EXPECT_EQ(12238848, old.hblkhd);
	EXPECT_EQ(8325136, old.uordblks);
}

TEST(every_odd_one_freed)
{
	struct mallinfo2 info;

	allocate();
	free_odd();
	info = mallinfo2();
	EXPECT_EQ(36, info.hblks);
	EXPECT_EQ(6119424, info.hblkhd);
	EXPECT_EQ(4129808, info.uordblks);
	EXPECT_EQ(info.arena, info.uordblks + info.fordblks);
	/* The block of 1 KiB waits in the thread's cache, that of 127 KiB has joined the top. */
	EXPECT_EQ(1, info.smblks);
	EXPECT_EQ(1040, info.fsmblks);
	EXPECT_EQ(63, info.ordblks);
}

TEST(all_freed)
{
	allocate();
	free_odd();
	for (int i = 0; i < BLOCKS; i += 2)
		free(blocks[i]);
	EXPECT_EQ(0, mallinfo2().uordblks);
	EXPECT_EQ(0, mallinfo2().hblkhd);
}

TEST_HARNESS_MAIN
