// SPDX-License-Identifier: LGPL-2.1-or-later
/* How many arenas there are, and which threads share one. */
#include <malloc.h>
#include <pthread.h>
#include <sys/resource.h>

#include "arena_of.h"
#include "kselftest_harness.h"
#include "process.h"

/* Blocks from arenas, none mapped alone and none from a cache. */
RUN_WITH_ENVIRONMENT("WEIR_OPTIONS", "policy=fixed,mmap_max=0")
#define LARGE (100 * K)

#define CROWD 64
#define CPUS_MAX 1024

/* As malloc_info() counts them. */
static int count_arenas(void)
{
	char line[1000];
	FILE *tmp = tmpfile();
	int n = 0;

	malloc_info(0, tmp);
	rewind(tmp);
	while (fgets(line, sizeof(line), tmp))
		n += strncmp(line, "<heap nr=", 9) == 0;
	fclose(tmp);
	return n;
}

static pthread_barrier_t all_here;

/* In and out of the arena while all others want one, too. */
static void *be_busy(void *unused)
{
	void *block[20];

	pthread_barrier_wait(&all_here);
	for (int round = 0; round < 50; round++) {
		for (int i = 0; i < 20; i++)
			block[i] = hide(malloc(2000 + i * 1000));
		sched_yield();
		for (int i = 0; i < 20; i++)
			free(block[i]);
	}
	return unused;
}

static void run_crowd(struct __test_metadata *_metadata)
{
	pthread_t thread[CROWD];

	pthread_barrier_init(&all_here, NULL, CROWD);
	/* Spread over the CPUs, then free to go where they like. */
	for (int i = 0; i < CROWD; i++)
		ASSERT_EQ(0, create_on_cpu(&thread[i], i, be_busy, NULL));
	for (int i = 0; i < CROWD; i++)
		pthread_join(thread[i], NULL);
	for (int i = 0; i < CROWD; i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, be_busy, NULL));
	for (int i = 0; i < CROWD; i++)
		pthread_join(thread[i], NULL);
}

FIXTURE(arena_max) { };
FIXTURE_VARIANT(arena_max) { int max; };
FIXTURE_VARIANT_ADD(arena_max, by_default) { 0 };
FIXTURE_VARIANT_ADD(arena_max, of_1) { 1 };
FIXTURE_VARIANT_ADD(arena_max, of_2) { 2 };
FIXTURE_VARIANT_ADD(arena_max, of_1000) { 1000 };
FIXTURE_SETUP(arena_max) { }
FIXTURE_TEARDOWN(arena_max) { }

TEST_F(arena_max, holds_for_a_crowd)
{
	int cpus = cpus_allowed(), most = variant->max ? variant->max : cpus;

	if (variant->max)
		ASSERT_EQ(1, mallopt(M_ARENA_MAX, variant->max));
	run_crowd(_metadata);
	EXPECT_GE(most, count_arenas());
	/* On this many CPUs they would get in each others' way otherwise. */
	EXPECT_LE(most < cpus ? most : cpus, count_arenas());
}

static void *allocate_large(void *block)
{
	void **at = block;

	for (int i = 0; i < 10; i++)
		at[i] = hide(malloc(LARGE));
	return NULL;
}

TEST(threads_on_different_cpus_have_different_arenas)
{
	static void *block[CPUS_MAX][10];
	int cpus = cpus_allowed();
	pthread_t thread;

	/* A machine with one CPU cannot show it. */
	ASSERT_LE(2, cpus);
	hide(malloc(LARGE));
	for (int i = 0; i < cpus && i < CPUS_MAX; i++) {
		ASSERT_EQ(0, create_on_cpu(&thread, i, allocate_large, block[i]));
		pthread_join(thread, NULL);
		for (int j = 1; j < 10; j++)
			EXPECT_EQ(heap_number(block[i][0]), heap_number(block[i][j]));
		for (int j = 0; j < i; j++)
			EXPECT_NE(heap_number(block[j][0]), heap_number(block[i][0]));
	}
	EXPECT_EQ(cpus, count_arenas());
}

/* What is free in any arena is found where no more memory is to be had. */
static void *allocate_and_free_large(void *unused)
{
	void *block[200];

	for (int i = 0; i < 200; i++)
		block[i] = hide(malloc(LARGE));
	for (int i = 0; i < 200; i++)
		free(block[i]);
	pthread_barrier_wait(&all_here);
	pthread_barrier_wait(&all_here);
	return unused;
}

TEST(what_is_free_in_another_arena_is_found)
{
	struct rlimit none = { 0, 0 };
	size_t found = 0;
	pthread_t thread;

	ASSERT_LE(2, cpus_allowed());
	ASSERT_EQ(1, mallopt(M_TRIM_THRESHOLD, -1));
	hide(malloc(LARGE));
	pthread_barrier_init(&all_here, NULL, 2);
	ASSERT_EQ(0, create_on_cpu(&thread, 1, allocate_and_free_large, NULL));
	pthread_barrier_wait(&all_here);
	ASSERT_EQ(0, setrlimit(RLIMIT_AS, &none));
	while (hide(malloc(LARGE)))
		found++;
	EXPECT_LE(199, found);
	/* And when all is in use, no less than before. */
	EXPECT_EQ(NULL, hide(malloc(LARGE)));
	pthread_barrier_wait(&all_here);
	pthread_join(thread, NULL);
}

TEST(threads_on_one_cpu_share_an_arena)
{
	void *block[2][10];
	pthread_t thread;

	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, create_on_cpu(&thread, 1, allocate_large, block[i]));
		pthread_join(thread, NULL);
	}
	EXPECT_EQ(heap_number(block[0][0]), heap_number(block[1][0]));
}

/* Threads that have an arena leave it when the knob says that it is one too many. */
static pthread_barrier_t step;

static void *allocate_in_steps(void *block)
{
	void **at = block;

	at[0] = hide(malloc(LARGE));
	pthread_barrier_wait(&step);
	pthread_barrier_wait(&step);
	at[1] = hide(malloc(LARGE));
	/* And free what is from where they were. */
	free(at[0]);
	return NULL;
}

TEST(arena_max_lowered_while_threads_run)
{
	int cpus = cpus_allowed() < CROWD ? cpus_allowed() : CROWD, arenas;
	void *block[CROWD][2];
	pthread_t thread[CROWD];

	hide(malloc(LARGE));
	pthread_barrier_init(&step, NULL, cpus + 1);
	for (int i = 0; i < cpus; i++)
		ASSERT_EQ(0, create_on_cpu(&thread[i], i, allocate_in_steps, block[i]));
	pthread_barrier_wait(&step);
	arenas = count_arenas();
	EXPECT_LE(2, arenas);
	ASSERT_EQ(1, mallopt(M_ARENA_MAX, 1));
	pthread_barrier_wait(&step);
	for (int i = 0; i < cpus; i++) {
		pthread_join(thread[i], NULL);
		EXPECT_EQ(0, heap_number(block[i][1]));
	}
	run_crowd(_metadata);
	EXPECT_GE(arenas, count_arenas());
}

/* Who frees for an owner that does not come back takes the blocks in, and gives back what is to be. */
#define LEFT 3000
static void *left[LEFT];

static void *make_and_sleep(void *unused)
{
	for (int i = 0; i < LEFT; i++)
		left[i] = memset(hide(malloc(10 * K)), 1, 10 * K);
	pthread_barrier_wait(&step);
	pthread_barrier_wait(&step);
	return unused;
}

FIXTURE(owner_that_sleeps) { };
FIXTURE_VARIANT(owner_that_sleeps) { bool last_first; };
FIXTURE_VARIANT_ADD(owner_that_sleeps, last_first) { true };
FIXTURE_SETUP(owner_that_sleeps) { }
FIXTURE_TEARDOWN(owner_that_sleeps) { }

TEST_F(owner_that_sleeps, is_done_for)
{
	pthread_t thread;
	long before;

	hide(malloc(LARGE));
	pthread_barrier_init(&step, NULL, 2);
	before = physical_memory();
	ASSERT_EQ(0, create_on_cpu(&thread, 1, make_and_sleep, NULL));
	pthread_barrier_wait(&step);
	EXPECT_NE(0, heap_number(left[0]));
	EXPECT_LE(before + (long)(LEFT * 10), physical_memory());
	for (int i = 0; i < LEFT; i++)
		free(left[variant->last_first ? LEFT - 1 - i : i]);
	/* Asked of the kernel: mallinfo2() would go through the arenas. */
	EXPECT_GE(before + 2048, physical_memory());
	pthread_barrier_wait(&step);
	pthread_join(thread, NULL);
}

TEST_HARNESS_MAIN
