// SPDX-License-Identifier: LGPL-2.1-or-later
/* mallopt: what each parameter does, what is refused and then changes nothing. */
#include <limits.h>
#include <malloc.h>
#include <pthread.h>

#include "kselftest_harness.h"
#include "process.h"

/* The default policy learns thresholds; here each is to be seen alone. */
RUN_WITH_ENVIRONMENT("WEIR_OPTIONS", "policy=fixed")

static bool is_mapped_alone(size_t size)
{
	size_t before = mallinfo2().hblks;
	void *p;
	bool mapped;

	malloc_trim(0);		/* what the heap has free comes first */
	p = hide(malloc(size));
	mapped = mallinfo2().hblks == before + 1;

	free(p);
	return mapped;
}

TEST(unknown_parameters_are_refused)
{
	static const int unknown[] = { 0, 2, 3, 4, 5, 42, 1000, -9, -100, INT_MIN, INT_MAX };

	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		EXPECT_EQ(0, mallopt(unknown[i], 1));
}

TEST(values_out_of_range_are_refused)
{
	EXPECT_EQ(0, mallopt(M_MXFAST, -1));
	EXPECT_EQ(0, mallopt(M_MXFAST, 161));
	EXPECT_EQ(0, mallopt(M_MXFAST, INT_MAX));
	EXPECT_EQ(0, mallopt(M_TOP_PAD, -1));
	EXPECT_EQ(0, mallopt(M_TOP_PAD, INT_MAX));
	EXPECT_EQ(0, mallopt(M_ARENA_MAX, -1));
	EXPECT_EQ(0, mallopt(M_ARENA_MAX, 0));
	EXPECT_EQ(0, mallopt(M_ARENA_TEST, -1));
	EXPECT_EQ(0, mallopt(M_ARENA_TEST, 0));
}

TEST(values_at_the_ends_are_accepted)
{
	EXPECT_EQ(1, mallopt(M_MXFAST, 0));
	EXPECT_EQ(1, mallopt(M_MXFAST, 160));
	EXPECT_EQ(1, mallopt(M_TOP_PAD, 0));
	EXPECT_EQ(1, mallopt(M_TOP_PAD, 1 << 30));
	EXPECT_EQ(1, mallopt(M_TRIM_THRESHOLD, 0));
	EXPECT_EQ(1, mallopt(M_TRIM_THRESHOLD, INT_MAX));
	EXPECT_EQ(1, mallopt(M_TRIM_THRESHOLD, -1));
	EXPECT_EQ(1, mallopt(M_TRIM_THRESHOLD, INT_MIN));
	EXPECT_EQ(1, mallopt(M_MMAP_THRESHOLD, 0));
	EXPECT_EQ(1, mallopt(M_MMAP_THRESHOLD, INT_MAX));
	EXPECT_EQ(1, mallopt(M_MMAP_THRESHOLD, -1));
	EXPECT_EQ(1, mallopt(M_MMAP_MAX, 0));
	EXPECT_EQ(1, mallopt(M_MMAP_MAX, INT_MAX));
	EXPECT_EQ(1, mallopt(M_MMAP_MAX, -1));
	EXPECT_EQ(1, mallopt(M_ARENA_MAX, 1));
	EXPECT_EQ(1, mallopt(M_ARENA_MAX, INT_MAX));
	EXPECT_EQ(1, mallopt(M_ARENA_TEST, 1));
	EXPECT_EQ(1, mallopt(M_ARENA_TEST, INT_MAX));
	EXPECT_EQ(1, mallopt(M_PERTURB, 0));
	EXPECT_EQ(1, mallopt(M_PERTURB, INT_MAX));
	EXPECT_EQ(1, mallopt(M_PERTURB, INT_MIN));
	EXPECT_EQ(1, mallopt(M_CHECK_ACTION, 3));
	EXPECT_EQ(1, mallopt(M_CHECK_ACTION, -1));
}

TEST(mmap_threshold)
{
	/* The threshold is compared with the chunk's size, as in glibc. */
	EXPECT_FALSE(is_mapped_alone(128 * K - 24));
	EXPECT_TRUE(is_mapped_alone(128 * K - 8));
	EXPECT_TRUE(is_mapped_alone(128 * K));
	ASSERT_EQ(1, mallopt(M_MMAP_THRESHOLD, 1 * M));
	EXPECT_FALSE(is_mapped_alone(128 * K));
	EXPECT_FALSE(is_mapped_alone(1 * M - 24));
	EXPECT_TRUE(is_mapped_alone(1 * M));
	ASSERT_EQ(1, mallopt(M_MMAP_THRESHOLD, -1));
	EXPECT_FALSE(is_mapped_alone(100 * M));
}

TEST(mmap_max)
{
	void *p[3];

	ASSERT_EQ(1, mallopt(M_MMAP_MAX, 2));
	for (int i = 0; i < 3; i++)
		p[i] = hide(malloc(200 * K));
	EXPECT_EQ(2, mallinfo2().hblks);
	free(p[0]);
	EXPECT_TRUE(is_mapped_alone(500 * K));
	ASSERT_EQ(1, mallopt(M_MMAP_MAX, 0));
	EXPECT_FALSE(is_mapped_alone(5 * M));
	/* Those that are there are freed as ever. */
	free(p[1]);
	EXPECT_EQ(0, mallinfo2().hblks);
}

TEST(trim_threshold_and_top_pad)
{
	void *p;
	char *end;

	ASSERT_EQ(1, mallopt(M_MMAP_MAX, 0));
	ASSERT_EQ(1, mallopt(M_TRIM_THRESHOLD, -1));
	ASSERT_EQ(1, mallopt(M_TOP_PAD, 0));
	p = hide(malloc(1 * M));
	EXPECT_GT(PAGE + 64, mallinfo2().keepcost);
	free(p);
	EXPECT_LE(1 * M, mallinfo2().keepcost);
	/* A lower threshold acts at the next free that looks. */
	ASSERT_EQ(1, mallopt(M_TRIM_THRESHOLD, 512 * K));
	EXPECT_LE(1 * M, mallinfo2().keepcost);
	free(hide(malloc(2000)));
	EXPECT_GT(PAGE + 64, mallinfo2().keepcost);
	/* And so does a pad. */
	ASSERT_EQ(1, mallopt(M_TOP_PAD, 256 * K));
	end = sbrk(0);
	p = hide(malloc(64 * K));
	EXPECT_LE(end + 256 * K, (char *)sbrk(0));
	free(p);
}

TEST(perturb)
{
	unsigned char *p, *q, *guard;

	ASSERT_EQ(1, mallopt(M_PERTURB, 0x5a));
	p = hide(malloc(3000));
	EXPECT_TRUE(is_filled(p, 0xa5, 3000));
	guard = hide(malloc(100));
	EXPECT_TRUE(is_filled(guard, 0xa5, 100));
	memset(p, 1, 3000);
	free(p);
	/* Behind the links of the free chunk. */
	EXPECT_TRUE(is_filled(p + 32, 0x5a, 2900));
	q = hide(calloc(1, 3000));
	EXPECT_EQ(p, q);
	EXPECT_TRUE(is_filled(q, 0, 3000));
	ASSERT_EQ(1, mallopt(M_PERTURB, 0));
	free(hide(malloc(40)));
	EXPECT_LE(1, mallinfo2().smblks);
}

/* Fast chunks of 0 bytes: large frees leave the cache alone. */
TEST(mxfast)
{
	void *small = hide(malloc(40)), *big = hide(malloc(100 * K));

	ASSERT_EQ(1, mallopt(M_MXFAST, 0));
	free(small);
	free(big);
	EXPECT_EQ(1, mallinfo2().smblks);
	small = hide(malloc(40));
	big = hide(malloc(100 * K));
	ASSERT_EQ(1, mallopt(M_MXFAST, 64));
	free(small);
	free(big);
	EXPECT_EQ(0, mallinfo2().smblks);
}

static void *allocate_in_thread(void *unused)
{
	(void)unused;
	for (int i = 0; i < 20000; i++)
		free(hide(malloc(2000 + i)));
	return hide(malloc(2000));
}

TEST(arena_max_of_one)
{
	pthread_t thread[4];
	void *block;

	ASSERT_EQ(1, mallopt(M_ARENA_MAX, 1));
	for (int i = 0; i < 4; i++)
		pthread_create(&thread[i], NULL, allocate_in_thread, NULL);
	for (int i = 0; i < 4; i++) {
		pthread_join(thread[i], &block);
		/* From brk: the bit of other arenas is not set. */
		EXPECT_EQ(0, ((size_t *)block)[-1] & 4);
	}
}

TEST_HARNESS_MAIN
