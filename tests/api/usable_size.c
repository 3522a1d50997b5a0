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
		/* On the heap no more than a chunk's rounding; mapped alone or aligned, a page. */
		ASSERT_GE(size + (size < 100 * K ? 64 : PAGE + 64), usable);
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

TEST(smallest_chunks)
{
	for (size_t size = 0; size <= 24; size++)
		EXPECT_EQ(24, malloc_usable_size(hide(malloc(size))));
	EXPECT_EQ(40, malloc_usable_size(hide(malloc(25))));
	EXPECT_EQ(1032, malloc_usable_size(hide(malloc(1032))));
	EXPECT_EQ(1048, malloc_usable_size(hide(malloc(1033))));
}

TEST_HARNESS_MAIN
