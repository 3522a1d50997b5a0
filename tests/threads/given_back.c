// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What 64 threads had, in their arenas, is the kernel's again when they have ended. Built twice: the fixed
 * policy gives back at once, the automatic one what has not been used for a while.
 */
#include <limits.h>
#include <pthread.h>

#include "arena_of.h"
#include "busy.h"
#include "growth.h"
#include "kselftest_harness.h"

RUN_WITH_ENVIRONMENT("WEIR_OPTIONS", POLICY)

#define CROWD 64
#define EACH 64			/* blocks of a thread, together some 2 MB */
static void *block[CROWD][EACH];
static pthread_barrier_t all_here;

static size_t size_of(int i) { return 500 + i * i * 24; }

static void *allocate(void *mine)
{
	void **at = mine;

	pthread_barrier_wait(&all_here);
	for (int i = 0; i < EACH; i++)
		at[i] = memset(hide(malloc(size_of(i))), 1, size_of(i));
	pthread_barrier_wait(&all_here);
	pthread_barrier_wait(&all_here);
	return NULL;
}

static void free_all_but(void **mine, int kept)
{
	for (int i = 0; i < EACH; i++)
		if (i != kept)
			free(mine[i]);
}

static void *do_nothing(void *unused)
{
	pthread_barrier_wait(&all_here);
	pthread_barrier_wait(&all_here);
	pthread_barrier_wait(&all_here);
	return unused;
}

/* As much as is there when all of them have done it. */
static struct level run_crowd(struct __test_metadata *_metadata, void *(*what)(void *))
{
	pthread_t thread[CROWD];
	struct level level;

	pthread_barrier_init(&all_here, NULL, CROWD + 1);
	for (int i = 0; i < CROWD; i++)
		ASSERT_EQ(0, create_on_cpu(&thread[i], i, what, block[i]));
	pthread_barrier_wait(&all_here);
	pthread_barrier_wait(&all_here);
	level = level_now();
	pthread_barrier_wait(&all_here);
	for (int i = 0; i < CROWD; i++)
		pthread_join(thread[i], NULL);
	return level;
}

/* before, and this much on top, in kilobytes. */
static struct level allowance(struct level before, long resident, long virtual)
{
	before.resident += resident;
	before.virtual += virtual;
	return before;
}

FIXTURE(given_back) { struct level before; };
FIXTURE_SETUP(given_back)
{
	/* With the stacks that the C library keeps. */
	run_crowd(_metadata, do_nothing);
	self->before = level_now();
}
FIXTURE_TEARDOWN(given_back) { }

/* A heap of each arena but the main one may stay, with its first pages. */
#define HEAPS (64 * 1024 * (cpus_allowed() - 1) + 16384)
#define PAGES 4096

/* By malloc_trim(), which may be asked for it at any time. */
TEST_F_TIMEOUT(given_back, when_asked, 60)
{
	struct level wanted = allowance(self->before, PAGES, HEAPS), now;

	EXPECT_LE(CROWD * 1500, run_crowd(_metadata, allocate).resident);
	for (int i = 0; i < CROWD; i++)
		free_all_but(block[i], i);
	EXPECT_EQ(1, malloc_trim(0));
	now = level_now();
	/* A block of each thread is still there. */
	EXPECT_LE(now.resident, wanted.resident + now.in_use + CROWD * 8);
	for (int i = 0; i < CROWD; i++)
		free(block[i][i]);
	malloc_trim(0);
	now = level_now();
	EXPECT_LE(now.resident, wanted.resident);
	EXPECT_LE(now.virtual, wanted.virtual);
}

/* Of the thread that is left, on paths that leave its cache: as long as it takes, up to two seconds. */
static struct level be_active(struct level wanted)
{
	struct level now;

	for (int ms = 0; ms < 2000; ms++) {
		free(hide(malloc(100 * K)));
		usleep(1000);
		if (ms % 100 != 99)
			continue;
		now = level_now();
		if (now.resident <= wanted.resident && now.virtual <= wanted.virtual)
			break;
	}
	return now;
}

/* Without the heap of any arena. */
#define NO_HEAPS 16384

#ifdef LETS_GO
/*
 * Their blocks, freed by another thread, are let go without anybody's asking. A few stay in its cache: with these
 * in between, the fixed policy, as ptmalloc, keeps what is not at the top.
 */
TEST_F_TIMEOUT(given_back, when_threads_have_ended, 60)
{
	struct level wanted = allowance(self->before, PAGES, LONG_MAX / 2), now;

	EXPECT_LE(CROWD * 1500, run_crowd(_metadata, allocate).resident);
	for (int i = 0; i < CROWD; i++)
		free_all_but(block[i], -1);
	now = be_active(wanted);
	EXPECT_LE(now.resident, wanted.resident);
}
#endif

static void *allocate_and_free(void *mine)
{
	allocate(mine);
	free_all_but(mine, -1);
	return NULL;
}

TEST_F_TIMEOUT(given_back, by_threads_that_end, 60)
{
	struct level wanted = allowance(self->before, PAGES, NO_HEAPS), now;

	EXPECT_LE(CROWD * 1500, run_crowd(_metadata, allocate_and_free).resident);
	now = be_active(wanted);
	EXPECT_LE(now.resident, wanted.resident);
	EXPECT_LE(now.virtual, wanted.virtual);
}

/*
 * The last thread of an arena lets go of it as it ends, though nobody is active afterwards. One has a heap,
 * CROWD have several.
 */
static void end_of_arena(struct __test_metadata *_metadata, int threads)
{
	pthread_t thread[CROWD];
	struct level before, now;

	ASSERT_LE(2, cpus_allowed());
	pthread_barrier_init(&all_here, NULL, threads);
	hide(malloc(100));
	before = level_now();
	for (int i = 0; i < threads; i++)
		ASSERT_EQ(0, create_on_cpu(&thread[i], 1, allocate_and_free, block[i]));
	for (int i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	EXPECT_NE(0, heap_number(block[0][0]));
	now = level_now();
	/* Caches are kept for other threads, and the map of pieces has new leaves. */
	EXPECT_GE(before.resident + 256 + 32 * threads, now.resident);
	EXPECT_GE(before.virtual + 16384, now.virtual);
}

TEST_F_TIMEOUT(given_back, by_the_last_thread_of_an_arena, 60) { end_of_arena(_metadata, 1); }
TEST_F_TIMEOUT(given_back, by_the_last_of_many_threads, 60) { end_of_arena(_metadata, CROWD); }

/*
 * Blocks left to the arena of a thread that sleeps lie between others that are free, but too few to be taken
 * in by whoever freed them.
 */
static void *allocate_and_sleep(void *unused)
{
	for (int i = 0; i < CROWD; i++)
		for (int j = 0; j < EACH; j++)
			block[i][j] = memset(hide(malloc(j ? 40000 : 2000)), 1, j ? 40000 : 2000);
	for (int i = 0; i < CROWD; i++)
		for (int j = 1; j < EACH; j++)
			free(block[i][j]);
	pthread_barrier_wait(&all_here);
	pthread_barrier_wait(&all_here);
	return unused;
}

TEST_F_TIMEOUT(given_back, though_the_owner_sleeps, 60)
{
	struct level wanted = allowance(self->before, PAGES, NO_HEAPS), now;
	pthread_t thread;

	pthread_barrier_init(&all_here, NULL, 2);
	hide(malloc(100));
	ASSERT_EQ(0, create_on_cpu(&thread, 1, allocate_and_sleep, NULL));
	pthread_barrier_wait(&all_here);
	for (int i = 0; i < CROWD; i++)
		free(block[i][0]);
	now = be_active(wanted);
	EXPECT_LE(now.resident, wanted.resident);
	pthread_barrier_wait(&all_here);
	pthread_join(thread, NULL);
}

/* Heaps in the middle, between others with blocks in use. */
#define ROW 2000	/* blocks of 100 KB: three heaps and more */
static void *row[ROW];

static void *allocate_row(void *unused)
{
	for (int i = 0; i < ROW; i++)
		row[i] = memset(hide(malloc(100 * K)), 1, 100 * K);
	for (int i = 1; i < ROW - 1; i++)
		free(row[i]);
	malloc_trim(0);
	return unused;
}

TEST_F_TIMEOUT(given_back, heaps_between_others, 60)
{
	struct level before = level_now(), now;
	pthread_t thread;

	ASSERT_EQ(0, create_on_cpu(&thread, 1, allocate_row, NULL));
	pthread_join(thread, NULL);
	EXPECT_NE(0, heap_number(row[0]));
	EXPECT_NE(heap_number(row[0]), heap_number(row[ROW - 1]));
	EXPECT_TRUE(is_filled(row[0], 1, 100 * K) && is_filled(row[ROW - 1], 1, 100 * K));
	now = level_now();
	/* The first and the last. */
	EXPECT_GE(before.virtual + 2 * 64 * 1024 + 16384, now.virtual);
}

TEST_HARNESS_MAIN
