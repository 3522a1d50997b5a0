// SPDX-License-Identifier: LGPL-2.1-or-later
/* Many threads: 10,000 short ones, and 64 at a time on two CPUs. Neither makes memory grow. */
#include <pthread.h>
#include <sched.h>

#include "busy.h"
#include "growth.h"
#include "kselftest_harness.h"

#define SHORT_LIVES 10000
#define AT_A_TIME 4
#define CROWD 64
#define BLOCKS 64

/* Before there is more than one arena. */
static __attribute__((constructor)) void run_on_two_cpus(void)
{
	cpu_set_t allowed, two;

	CPU_ZERO(&two);
	sched_getaffinity(0, sizeof(allowed), &allowed);
	for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&two) < 2; cpu++)
		if (CPU_ISSET(cpu, &allowed))
			CPU_SET(cpu, &two);
	sched_setaffinity(0, sizeof(two), &two);
}

static void *keep_to_itself(void *seed)
{
	unsigned int state = (uintptr_t)seed;
	void *block[BLOCKS];

	for (int i = 0; i < BLOCKS; i++)
		block[i] = block_make(random_block_size(&state));
	for (int i = 0; i < BLOCKS; i++)
		block_free(block[i]);
	return NULL;
}

/* What lies in the table was left there by threads that are gone. */
static void *leave_to_others(void *seed)
{
	unsigned int state = (uintptr_t)seed;

	for (int i = 0; i < BLOCKS; i++)
		block_free(atomic_exchange(&busy_table[next_random(&state) % BUSY_TABLE],
					   block_make(random_block_size(&state))));
	return NULL;
}

/* number threads that do that, all there at the same time. */
static bool run(void *(*what)(void *), int number, unsigned int seed)
{
	pthread_t thread[CROWD];

	for (int i = 0; i < number; i++)
		if (pthread_create(&thread[i], NULL, what, (void *)(long)(seed + i)) != 0)
			return false;
	for (int i = 0; i < number; i++)
		pthread_join(thread[i], NULL);
	return true;
}

FIXTURE(short_lives) { };
FIXTURE_VARIANT(short_lives) { void *(*what)(void *); };
FIXTURE_VARIANT_ADD(short_lives, that_keep_to_themselves) { keep_to_itself };
FIXTURE_VARIANT_ADD(short_lives, that_leave_blocks_to_others) { leave_to_others };
FIXTURE_SETUP(short_lives) { }
FIXTURE_TEARDOWN(short_lives) { }

TEST_F_TIMEOUT(short_lives, do_not_grow, 100)
{
	struct growth growth = { 0 };

	for (int i = 1; i <= LOOKS; i++) {
		for (int j = 0; j < SHORT_LIVES / LOOKS; j += AT_A_TIME)
			ASSERT_TRUE(run(variant->what, AT_A_TIME, i * SHORT_LIVES + j));
		growth_look(&growth);
	}
	EXPECT_NO_GROWTH(growth, 2 * M);
	busy_free_table();
	EXPECT_EQ(NULL, atomic_load(&busy_wrong));
}

/* The whole crowd comes, works and goes, again and again. */
static pthread_barrier_t all_here;

static void *come_and_go(void *seed)
{
	unsigned int state = (uintptr_t)seed;

	pthread_barrier_wait(&all_here);
	keep_to_itself(seed);
	for (int i = 0; i < 500; i++)
		busy_step(&state);
	return NULL;
}

FIXTURE(crowd) { };
FIXTURE_SETUP(crowd) { }
FIXTURE_TEARDOWN(crowd) { }

TEST_F_TIMEOUT(crowd, that_comes_and_goes_does_not_grow, 100)
{
	struct growth growth = { 0 };

	pthread_barrier_init(&all_here, NULL, CROWD);
	for (int i = 1; i <= LOOKS * 4; i++) {
		ASSERT_TRUE(run(come_and_go, CROWD, i * CROWD));
		if (i % 4 == 0)
			growth_look(&growth);
	}
	EXPECT_NO_GROWTH(growth, 8 * M);
	busy_free_table();
	EXPECT_EQ(NULL, atomic_load(&busy_wrong));
}

/* All stay and replace what they have, and each other's, all the time. */
#define STEPS 50000
static _Atomic long steps;
static pthread_barrier_t looked;

static void *stay(void *seed)
{
	unsigned int state = (uintptr_t)seed, i;
	void *block[BLOCKS] = { 0 };

	for (int step = 1; step <= STEPS; step++) {
		i = next_random(&state) % BLOCKS;
		block_free(block[i]);
		block[i] = block_make(random_block_size(&state));
		busy_step(&state);
		if (step % 100 == 0)
			steps += 100;
	}
	pthread_barrier_wait(&looked);
	for (int j = 0; j < BLOCKS; j++)
		block_free(block[j]);
	return NULL;
}

TEST_F_TIMEOUT(crowd, that_stays_does_not_grow, 100)
{
	struct growth growth = { 0 };
	pthread_t thread[CROWD];

	pthread_barrier_init(&looked, NULL, CROWD + 1);
	for (long i = 0; i < CROWD; i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, stay, (void *)i));
	for (long i = 1; i <= LOOKS; i++) {
		while (steps < (long)CROWD * STEPS / LOOKS * i)
			usleep(500);
		growth_look(&growth);
	}
	pthread_barrier_wait(&looked);
	for (int i = 0; i < CROWD; i++)
		pthread_join(thread[i], NULL);
	/* The caches of so many threads take their time to fill. */
	EXPECT_NO_GROWTH(growth, 24 * M);
	busy_free_table();
	EXPECT_EQ(NULL, atomic_load(&busy_wrong));
}

/*
 * Blocks that a cache has just given back are another thread's at once. One that has no cache any more frees them with the look
 * of free ones: nobody may take that for a double free.
 */
static _Atomic bool stop_bursts;
static pthread_key_t late;

static void *bursts(void *unused)
{
	void *block[600];

	while (!stop_bursts) {
		for (int i = 0; i < 600; i++)
			block[i] = hide(malloc(40));
		for (int i = 0; i < 600; i++)
			free(block[i]);
	}
	return unused;
}

static void use_without_cache(void *round)
{
	void *block[50];

	/* In the first round the cache may be there. */
	if (round == (void *)1) {
		pthread_setspecific(late, (void *)2);
		return;
	}
	for (int times = 0; times < 400; times++) {
		for (int i = 0; i < 50; i++)
			block[i] = hide(malloc(40));
		for (int i = 0; i < 50; i++)
			free(block[i]);
	}
}

static void *end_late(void *unused)
{
	free(hide(malloc(40)));
	pthread_setspecific(late, (void *)1);
	return unused;
}

TEST(blocks_just_given_back)
{
	pthread_t thread[2], ending;

	ASSERT_EQ(1, mallopt(M_ARENA_MAX, 1));
	ASSERT_EQ(0, pthread_key_create(&late, use_without_cache));
	for (int i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, bursts, NULL));
	for (int i = 0; i < 50; i++) {
		ASSERT_EQ(0, pthread_create(&ending, NULL, end_late, NULL));
		pthread_join(ending, NULL);
	}
	stop_bursts = true;
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
}

TEST_HARNESS_MAIN
