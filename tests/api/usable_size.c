// SPDX-License-Identifier: LGPL-2.1-or-later
/* All bytes that malloc_usable_size() reports may be written; none is anybody else's. */
#include <malloc.h>

#include "kselftest_harness.h"
#include "process.h"

#define BLOCKS 500

static unsigned char *block[BLOCKS];

TEST(all_of_it_is_usable)
{
	size_t size = 0, usable;

	for (int i = 0; i < BLOCKS; i++, size += 1 + size / 40) {
		block[i] = hide(i % 3 ? malloc(size) : memalign((size_t)8 << i % 12, size));
		ASSERT_NE(NULL, block[i]);
		usable = malloc_usable_size(block[i]);
		ASSERT_LE(size, usable);
		/* On the heap no more than the rounding to a class, 1/8; mapped alone or aligned, a page. */
		ASSERT_GE(size + size / 8 + (size < 100 * K ? 64 : PAGE + 64), usable);
		memset(block[i], i, usable);
	}
	for (int i = 0; i < BLOCKS; i++)
		ASSERT_TRUE(is_filled(block[i], i, malloc_usable_size(block[i])));
	for (int i = 0; i < BLOCKS; i += 2)
		free(block[i]);
	for (int i = 1; i < BLOCKS; i += 2) {
		ASSERT_TRUE(is_filled(block[i], i, malloc_usable_size(block[i])));
		free(block[i]);
	}
}

/* A piece has no head: all of it is the user's. */
TEST(pieces)
{
	for (size_t size = 0; size <= 32; size++)
		EXPECT_EQ(32, malloc_usable_size(hide(malloc(size))));
	for (size_t size = 33; size <= 512; size++)
		EXPECT_EQ((size + 15) / 16 * 16, malloc_usable_size(hide(malloc(size))));
}

/* A chunk has one; requests of round sizes lose nothing to their class. */
TEST(chunks)
{
	for (size_t size = 1024; size <= 32 * K; size *= 2)
		EXPECT_EQ(size + 8, malloc_usable_size(hide(malloc(size))));
}

TEST_HARNESS_MAIN
