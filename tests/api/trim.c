// SPDX-License-Identifier: LGPL-2.1-or-later
/* malloc_trim gives back the top and the whole pages inside free chunks, in every arena. */
#include <malloc.h>
#include <pthread.h>

#include "kselftest_harness.h"
#include "process.h"

RUN_WITH_ENVIRONMENT("WEIR_OPTIONS", "policy=fixed,mmap_max=0,trim_threshold=-1")

#define BLOCKS 1000
static char *block[BLOCKS];

/* In pieces with a block that stays between them; then the pieces are freed. */
static void fragment(size_t size)
{
	for (int i = 0; i < BLOCKS; i++) {
		block[i] = hide(malloc(i % 2 ? 100 : size));
		memset(block[i], 1, i % 2 ? 100 : size);
	}
	for (int i = 0; i < BLOCKS; i += 2)
		free(block[i]);
}

static bool kept(void)
{
	for (int i = 1; i < BLOCKS; i += 2)
		if (!is_filled(block[i], 1, 100))
			return false;
	return true;
}

TEST(nothing_to_give)
{
	hide(malloc(100));
	malloc_trim(0);
	EXPECT_EQ(0, malloc_trim(0));
}

TEST(the_top)
{
	char *p = hide(malloc(10 * M));
	long before;

	memset(p, 1, 10 * M);
	before = physical_memory();
	free(p);
	EXPECT_EQ(1, malloc_trim(0));
	EXPECT_LE(10 * M / K, (size_t)(before - physical_memory()));
	EXPECT_GT(2 * PAGE, mallinfo2().arena);
}

TEST(pad_stays)
{
	free(hide(malloc(10 * M)));
	EXPECT_EQ(1, malloc_trim(3 * M));
	EXPECT_LE(3 * M, mallinfo2().keepcost);
	EXPECT_GT(3 * M + 2 * PAGE, mallinfo2().keepcost);
	EXPECT_EQ(0, malloc_trim(3 * M));
	EXPECT_EQ(0, malloc_trim(20 * M));
	EXPECT_EQ(1, malloc_trim(1 * M));
}

TEST(pages_in_the_middle)
{
	long before;

	fragment(20 * K);
	before = physical_memory();
	EXPECT_EQ(1, malloc_trim(0));
	/* Of 20 KiB at least 3 of 5 pages lie inside. */
	EXPECT_LE((long)(BLOCKS / 2 * 3 * PAGE / K), before - physical_memory());
	EXPECT_TRUE(kept());
	/* The free chunks are whole and can be used. */
	for (int i = 0; i < BLOCKS; i += 2) {
		char *p = hide(calloc(1, 20 * K));

		ASSERT_TRUE(is_filled(p, 0, 20 * K));
		memset(p, 2, 20 * K);
	}
	EXPECT_TRUE(kept());
}

TEST(cached_chunks_are_given_back_first)
{
	for (int i = 0; i < BLOCKS; i++)
		block[i] = hide(malloc(1000));
	for (int i = 0; i < BLOCKS; i++)
		free(block[i]);
	EXPECT_LE(1, mallinfo2().smblks);
	EXPECT_EQ(1, malloc_trim(0));
	EXPECT_EQ(0, mallinfo2().smblks);
	EXPECT_EQ(1, mallinfo2().ordblks);
	EXPECT_GT(2 * PAGE, mallinfo2().arena);
}

static pthread_barrier_t step;

static void *other_arena(void *unused)
{
	(void)unused;
	for (int round = 0; round < 2; round++) {
		fragment(20 * K);
		pthread_barrier_wait(&step);
		pthread_barrier_wait(&step);
		if (!kept())
			return "overwritten";
	}
	return NULL;
}

TEST(other_arenas)
{
	pthread_t thread;
	void *wrong;
	long before;

	hide(malloc(10));
	pthread_barrier_init(&step, NULL, 2);
	pthread_create(&thread, NULL, other_arena, NULL);
	for (int round = 0; round < 2; round++) {
		pthread_barrier_wait(&step);
		before = physical_memory();
		EXPECT_EQ(1, malloc_trim(0));
		EXPECT_LE((long)(BLOCKS / 2 * 3 * PAGE / K), before - physical_memory());
		pthread_barrier_wait(&step);
	}
	pthread_join(thread, &wrong);
	EXPECT_EQ(NULL, wrong);
}

static _Atomic bool done;

static void *churn(void *unused)
{
	(void)unused;
	while (!done) {
		unsigned char *p[50];

		for (int i = 0; i < 50; i++)
			memset(p[i] = hide(malloc(i * 1000)), i, i * 1000);
		for (int i = 0; i < 50; i++) {
			if (!is_filled(p[i], i, i * 1000))
				return "overwritten";
			free(p[i]);
		}
	}
	return NULL;
}

TEST(while_others_allocate)
{
	pthread_t thread[3];
	void *wrong;

	for (int i = 0; i < 3; i++)
		pthread_create(&thread[i], NULL, churn, NULL);
	for (int i = 0; i < 1000; i++)
		malloc_trim(i * 10);
	done = true;
	for (int i = 0; i < 3; i++) {
		pthread_join(thread[i], &wrong);
		EXPECT_EQ(NULL, wrong);
	}
}

TEST_HARNESS_MAIN
