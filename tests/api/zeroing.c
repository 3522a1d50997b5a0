// SPDX-License-Identifier: LGPL-2.1-or-later
/* calloc gives zeroes wherever its memory comes from, however dirty it was. */
#include <malloc.h>
#include <pthread.h>
#include <sys/mman.h>

#include "kselftest_harness.h"
#include "process.h"

static bool zeroed(size_t size)
{
	unsigned char *p = hide(calloc(size, 1));
	bool zero = p && is_filled(p, 0, malloc_usable_size(p));

	memset(p, 0xee, malloc_usable_size(p));
	free(p);
	return zero;
}

/* Twice each: from fresh memory, and from what was just dirtied. */
static bool all_sizes_zeroed(void)
{
	for (size_t size = 0; size < 2 * M; size += 1 + size / 16)
		if (!zeroed(size) || !zeroed(size))
			return false;
	return true;
}

TEST(after_dirtying)
{
	static void *block[3000];

	EXPECT_TRUE(all_sizes_zeroed());
	for (size_t i = 0; i < 3000; i++) {
		block[i] = malloc(i * 3);
		memset(block[i], 0xee, malloc_usable_size(block[i]));
	}
	for (size_t i = 0; i < 3000; i += 2)
		free(block[i]);
	EXPECT_TRUE(all_sizes_zeroed());
	for (size_t i = 1; i < 3000; i += 2)
		free(block[i]);
	EXPECT_TRUE(all_sizes_zeroed());
}

/* The top shrinks and grows: what was trimmed comes back as zeroes, what was not is dirty. */
static bool trim_and_regrow(void)
{
	static const size_t sizes[] = { 2000, 60 * K, 100 * K, 127 * K, 300 * K };

	for (int round = 0; round < 200; round++) {
		size_t size = sizes[round % 5] + round * 16, n = 1 + round % 7;
		unsigned char *p[7];

		for (size_t i = 0; i < n; i++) {
			p[i] = hide(calloc(1, size));
			if (!p[i] || !is_filled(p[i], 0, malloc_usable_size(p[i])))
				return false;
			memset(p[i], 0xee, malloc_usable_size(p[i]));
		}
		for (size_t i = n; i-- > 0;) {
			/* Into the top and out of it again. */
			p[i] = hide(realloc(p[i], size + 5000));
			memset(p[i], 0xee, malloc_usable_size(p[i]));
			free(p[i]);
		}
		if (round % 3 == 0)
			malloc_trim(round * 100);
	}
	return true;
}

TEST(after_trim_and_regrow)
{
	EXPECT_TRUE(trim_and_regrow());
	mallopt(M_MMAP_MAX, 0);
	EXPECT_TRUE(trim_and_regrow());
	mallopt(M_TOP_PAD, 0);
	mallopt(M_TRIM_THRESHOLD, 0);
	EXPECT_TRUE(trim_and_regrow());
	mallopt(M_TRIM_THRESHOLD, -1);
	EXPECT_TRUE(trim_and_regrow());
}

static void *in_thread(void *ok)
{
	*(bool *)ok = all_sizes_zeroed() && trim_and_regrow();
	return NULL;
}

static bool three_threads(void)
{
	pthread_t thread[3];
	bool ok[3] = { false };

	for (int i = 0; i < 3; i++)
		pthread_create(&thread[i], NULL, in_thread, &ok[i]);
	for (int i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
	return ok[0] && ok[1] && ok[2];
}

TEST(in_threads)
{
	EXPECT_TRUE(three_threads());
	mallopt(M_MMAP_MAX, 0);
	mallopt(M_TOP_PAD, 0);
	mallopt(M_TRIM_THRESHOLD, 0);
	EXPECT_TRUE(three_threads());
}

/* Pages of a locked process cannot be let go: what a heap gave up comes back as it was. */
TEST(with_memory_locked)
{
	mallopt(M_MMAP_MAX, 0);
	mallopt(M_TOP_PAD, 0);
	mallopt(M_TRIM_THRESHOLD, 0);
	ASSERT_EQ(0, mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT));
	EXPECT_TRUE(trim_and_regrow());
	/* More than once: which arena a thread gets depends on the CPU it runs on. */
	for (int i = 0; i < 8; i++)
		EXPECT_TRUE(three_threads());
}

TEST(mapped)
{
	mallopt(M_MMAP_THRESHOLD, 4096);
	for (size_t size = 4096; size < 3 * M; size += size / 3) {
		EXPECT_TRUE(zeroed(size));
		EXPECT_TRUE(zeroed(size));
	}
	EXPECT_EQ(0, mallinfo2().hblks);
}

TEST(with_perturb)
{
	mallopt(M_PERTURB, 0xa5);
	EXPECT_TRUE(all_sizes_zeroed());
	EXPECT_TRUE(trim_and_regrow());
}

TEST_HARNESS_MAIN
