// SPDX-License-Identifier: LGPL-2.1-or-later
/* Blocks that one thread allocates and another frees: memory goes round, it does not pile up. */
#include <pthread.h>
#include <sched.h>

#include "busy.h"
#include "growth.h"
#include "kselftest_harness.h"

#define QUEUE 256
#define THREADS 4
static void *_Atomic queue[QUEUE];
static long blocks_each;		/* that a producer makes */
static long blocks_all;
static _Atomic long consumed;

static void *produce(void *seed)
{
	unsigned int state = (uintptr_t)seed, at = state;
	void *block, *empty;

	for (long i = 0; i < blocks_each; i++) {
		block = block_make(random_block_size(&state));
		for (int tries = 1; ; tries++) {
			empty = NULL;
			if (atomic_compare_exchange_strong(&queue[at++ % QUEUE], &empty, block))
				break;
			if (tries % QUEUE == 0)
				sched_yield();
		}
	}
	return NULL;
}

/* Never allocates, nor does the C library for it. */
static void *consume(void *seed)
{
	unsigned int at = (uintptr_t)seed;
	void *block;
	int tries = 0;

	while (consumed < blocks_all) {
		block = atomic_exchange(&queue[at++ % QUEUE], NULL);
		if (block) {
			block_free(block);
			consumed++;
			tries = 0;
		} else if (++tries % QUEUE == 0) {
			sched_yield();
		}
	}
	return NULL;
}

FIXTURE(passing) { };
FIXTURE_VARIANT(passing) { int producers, consumers; };
FIXTURE_VARIANT_ADD(passing, one_to_one) { 1, 1 };
FIXTURE_VARIANT_ADD(passing, many_to_one) { THREADS, 1 };
FIXTURE_VARIANT_ADD(passing, one_to_many) { 1, THREADS };
FIXTURE_VARIANT_ADD(passing, many_to_many) { THREADS, THREADS };
FIXTURE_SETUP(passing) { }
FIXTURE_TEARDOWN(passing) { }

static void start(pthread_t *thread, int producers, int consumers)
{
	consumed = 0;
	blocks_all = blocks_each * producers;
	for (long i = 0; i < producers; i++)
		pthread_create(&thread[i], NULL, produce, (void *)(i * 100));
	for (long i = 0; i < consumers; i++)
		pthread_create(&thread[producers + i], NULL, consume, (void *)(i * 100));
}

TEST_F_TIMEOUT(passing, over_time, 100)
{
	pthread_t thread[2 * THREADS];
	struct growth growth = { 0 };

	blocks_each = 800000 / variant->producers;
	start(thread, variant->producers, variant->consumers);
	for (long i = 1; i <= LOOKS; i++) {
		while (consumed < blocks_all * i / LOOKS)
			usleep(500);
		growth_look(&growth);
	}
	for (int i = 0; i < variant->producers + variant->consumers; i++)
		pthread_join(thread[i], NULL);
	EXPECT_NO_GROWTH(growth, 4 * M);
	EXPECT_EQ(NULL, atomic_load(&busy_wrong));
}

/* Each round by threads of its own, so that blocks outlive who made them. */
TEST_F_TIMEOUT(passing, by_ever_new_threads, 100)
{
	pthread_t thread[2 * THREADS];
	struct growth growth = { 0 };

	for (long i = 1; i <= LOOKS * 10; i++) {
		blocks_each = 5000 / variant->producers;
		start(thread, variant->producers, variant->consumers);
		for (int j = 0; j < variant->producers + variant->consumers; j++)
			pthread_join(thread[j], NULL);
		if (i % 10 == 0)
			growth_look(&growth);
	}
	EXPECT_NO_GROWTH(growth, 4 * M);
	EXPECT_EQ(NULL, atomic_load(&busy_wrong));
}

#define MANY 4000
static void *made[MANY];

static void make_many(unsigned int seed)
{
	for (int i = 0; i < MANY; i++)
		made[i] = block_make(random_block_size(&seed));
}

static void *free_some(void *first)
{
	for (int i = 0; i < MANY / THREADS; i++)
		block_free(((void **)first)[i]);
	return NULL;
}

static void free_many_in_threads(void)
{
	pthread_t thread[THREADS];

	for (int i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, free_some, &made[MANY / THREADS * i]);
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
}

/* A free is the first that such a thread asks of the allocator, and the last. */
TEST(threads_that_only_free)
{
	struct growth growth = { 0 };

	for (int i = 1; i <= LOOKS * 10; i++) {
		make_many(i);
		free_many_in_threads();
		if (i % 10 == 0)
			growth_look(&growth);
	}
	EXPECT_NO_GROWTH(growth, 2 * M);
	EXPECT_EQ(NULL, atomic_load(&busy_wrong));
}

/* The threads that made the blocks are alive, but do not come to take them back. */
#define SLEEPERS 4
static pthread_barrier_t step;
static void *slept_on[SLEEPERS][MANY / 2];

static void *make_and_sleep(void *number)
{
	unsigned int state = (uintptr_t)number;

	for (int i = 0; i < MANY / 2; i++)
		slept_on[(long)number][i] = block_make(random_block_size(&state));
	pthread_barrier_wait(&step);
	pthread_barrier_wait(&step);
	return NULL;
}

static void free_while_they_sleep(struct growth *growth)
{
	pthread_t thread[SLEEPERS];

	for (long i = 0; i < SLEEPERS; i++)
		pthread_create(&thread[i], NULL, make_and_sleep, (void *)i);
	pthread_barrier_wait(&step);
	for (int i = 0; i < MANY / 2 * SLEEPERS; i++)
		block_free(slept_on[i % SLEEPERS][i / SLEEPERS]);
	/* All of that is in reach of others. */
	make_many(0);
	if (growth)
		growth_look(growth);
	free_some(made);
	for (int i = MANY / THREADS; i < MANY; i++)
		block_free(made[i]);
	pthread_barrier_wait(&step);
	for (int i = 0; i < SLEEPERS; i++)
		pthread_join(thread[i], NULL);
}

TEST(blocks_of_threads_that_sleep)
{
	struct growth growth = { 0 };

	pthread_barrier_init(&step, NULL, SLEEPERS + 1);
	for (int i = 1; i <= LOOKS * 3; i++)
		free_while_they_sleep(i % 3 ? NULL : &growth);
	/* How the threads fall to the arenas differs from round to round: each may have had all of it. */
	EXPECT_NO_GROWTH(growth, 16 * M);
	EXPECT_EQ(NULL, atomic_load(&busy_wrong));
}

TEST_HARNESS_MAIN
