// SPDX-License-Identifier: LGPL-2.1-or-later
/* mallinfo2, malloc_info and malloc_stats under the automatic policy: exact when quiet, and never below zero. */
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>

#include "kselftest_harness.h"
#include "process.h"

RUN_WITH_ENVIRONMENT("WEIR_OPTIONS", "policy=auto")

static size_t in_use(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

/* A block that is cached counts with all of its chunk, however much longer that is than its class. */
TEST(cached_chunks_count_in_full)
{
	for (size_t size = 600; size < 32 * K; size = size * 9 / 8) {
		void *p = hide(malloc(40 * K));
		size_t before, held;	/* without the block */

		free(hide(malloc(size)));
		before = in_use();
		p = hide(realloc(p, size));
		held = in_use() - (malloc_usable_size(p) + sizeof(size_t));
		free(p);
		EXPECT_EQ(held, in_use()) TH_LOG("%zu", size);
		EXPECT_GE(before, in_use());
	}
}

/* Whatever was done before, when all is free nothing is in use but what was. */
TEST(nothing_in_use_is_zero)
{
	static void *block[3000];
	size_t before;

	free(hide(malloc(1)));
	before = in_use();
	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 3000; i++)
			block[i] = i % 7 ? hide(malloc((i * 701 + round * 333) % 33000)) :
				hide(memalign(64 << i % 5, i * 11));
		for (int i = 0; i < 3000; i += 3)
			block[i] = hide(realloc(block[i], i * 5 + 1));
		for (int i = 0; i < 3000; i++)
			free(block[(i * 7) % 3000]);
		EXPECT_EQ(before, in_use());
	}
}

static _Atomic bool stop;

/* All that there is comes new, and goes into a cache at once. */
static void *live_shortly(void *unused)
{
	void *block[64];

	for (int i = 0; i < 64; i++)
		block[i] = hide(malloc(i * 50));
	for (int i = 0; i < 64; i++)
		free(block[i]);
	return unused;
}

static void *be_busy(void *unused)
{
	pthread_t thread;

	while (!stop)
		if (pthread_create(&thread, NULL, live_shortly, NULL) == 0)
			pthread_join(thread, NULL);
	return unused;
}

#define LOOKS 20000
TEST(never_below_zero)
{
	pthread_t thread[3];

	for (long i = 0; i < 3; i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, be_busy, (void *)(i + 1)));
	for (int i = 0; i < LOOKS; i++) {
		struct mallinfo2 info = mallinfo2();

		ASSERT_GE(info.arena, info.uordblks);
		ASSERT_GE(info.arena, info.fordblks);
		ASSERT_EQ(info.arena, info.uordblks + info.fordblks);
		ASSERT_GE(1UL << 40, info.hblkhd);
	}
	stop = true;
	for (int i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
}

TEST_HARNESS_MAIN
