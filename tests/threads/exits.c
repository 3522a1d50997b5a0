// SPDX-License-Identifier: LGPL-2.1-or-later
/* The ends of threads, and of the process: what a thread had cached is others' then. */
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>

#include "busy.h"
#include "growth.h"
#include "kselftest_harness.h"

/* What is taken from the heap is to be seen alone, and all in one place. */
RUN_WITH_ENVIRONMENT("WEIR_OPTIONS", "policy=fixed,mmap_max=0,trim_threshold=-1,top_pad=0,arena_max=1")

#define AT_ONCE 16
static pthread_barrier_t step;

/* Blocks of all the small sizes, again and again: a cache that adapts holds many of them in the end. */
#define SIZES 64
#define EACH 4
static void *fill_cache(void *unused)
{
	void *block[SIZES][EACH];

	(void)unused;
	pthread_barrier_wait(&step);
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < SIZES; i++)
			for (int j = 0; j < EACH; j++)
				block[i][j] = hide(malloc(i * 16));
		for (int i = 0; i < SIZES; i++)
			for (int j = 0; j < EACH; j++)
				free(block[i][j]);
	}
	pthread_barrier_wait(&step);
	pthread_barrier_wait(&step);
	return NULL;
}

/* Bytes in caches while the threads were alive, all of them at once. */
static size_t generation(void)
{
	pthread_t thread[AT_ONCE];
	size_t cached;

	pthread_barrier_init(&step, NULL, AT_ONCE + 1);
	for (int i = 0; i < AT_ONCE; i++)
		if (pthread_create(&thread[i], NULL, fill_cache, NULL) != 0)
			return 0;
	pthread_barrier_wait(&step);
	pthread_barrier_wait(&step);
	cached = mallinfo2().fsmblks;
	pthread_barrier_wait(&step);
	for (int i = 0; i < AT_ONCE; i++)
		pthread_join(thread[i], NULL);
	return cached;
}

TEST(what_a_thread_had_cached_is_free_for_others)
{
	size_t before, in_use;

	in_use = mallinfo2().uordblks;
	/* There is something to see: */
	EXPECT_LE(AT_ONCE * 2 * K, generation());
	before = mallinfo2().arena;
	for (int i = 0; i < 100; i++)
		EXPECT_LE(AT_ONCE * 2 * K, generation());
	EXPECT_GE(before + 2 * M, mallinfo2().arena);
	/* The C library's own for each thread remain. */
	EXPECT_GE(in_use + AT_ONCE * 10 * K, mallinfo2().uordblks);
	/* Of sizes that no cache has: there is room for them, too. */
	before = mallinfo2().arena;
	for (size_t taken = 0; taken < before / 4 * 3; taken += 20 * K)
		ASSERT_NE(NULL, hide(malloc(20 * K)));
	EXPECT_GE(before + 20 * K, mallinfo2().arena);
}

/*
 * Destructors of keys run in rounds, while values are left. That of the cache is called in the first round,
 * before all others: what they free is freed without a cache.
 */
#define ROUNDS PTHREAD_DESTRUCTOR_ITERATIONS
#define PER_ROUND 30
static pthread_key_t key;
static _Thread_local void *left[ROUNDS][PER_ROUND];

static void free_in_round(void *round)
{
	long number = (long)round;

	for (int i = 0; i < PER_ROUND; i++)
		block_free(left[number - 1][i]);
	free(hide(calloc(3, 1000)));
	free(hide(realloc(hide(malloc(10)), 70)));
	if (number < ROUNDS)
		pthread_setspecific(key, (void *)(number + 1));
}

static void *leave_to_destructors(void *seed)
{
	unsigned int state = (uintptr_t)seed;

	for (int i = 0; i < ROUNDS; i++)
		for (int j = 0; j < PER_ROUND; j++)
			left[i][j] = block_make(random_block_size(&state));
	pthread_setspecific(key, (void *)1);
	return NULL;
}

/* A thread whose first block of all comes when its end has begun, in round i. */
static long first_round;

static void allocate_first_in_round(void *round)
{
	long number = (long)round;

	if (number == first_round)
		for (int i = 0; i < 10; i++)
			free(hide(malloc(100 * i)));
	if (number < ROUNDS)
		pthread_setspecific(key, (void *)(number + 1));
}

static void *leave_a_round(void *unused)
{
	(void)unused;
	pthread_setspecific(key, (void *)1);
	return NULL;
}

/* Destructors of C++ run before those of keys. */
extern int __cxa_thread_atexit_impl(void (*destructor)(void *), void *object, void *dso);
extern void *__dso_handle;

static void destroy_object(void *object)
{
	block_free(object);
	free(hide(malloc(300)));
	pthread_setspecific(key, (void *)1);
}

static void *leave_objects(void *seed)
{
	unsigned int state = (uintptr_t)seed;

	for (int i = 0; i < 20; i++)
		__cxa_thread_atexit_impl(destroy_object, block_make(random_block_size(&state)), &__dso_handle);
	return leave_to_destructors(seed);
}

FIXTURE(destructors) { };
FIXTURE_VARIANT(destructors) { void (*destroy)(void *); void *(*thread)(void *); long first_round; };
FIXTURE_VARIANT_ADD(destructors, of_keys) { free_in_round, leave_to_destructors, 0 };
FIXTURE_VARIANT_ADD(destructors, of_objects) { free_in_round, leave_objects, 0 };
FIXTURE_VARIANT_ADD(destructors, that_allocate_first) { allocate_first_in_round, leave_a_round, 1 };
FIXTURE_VARIANT_ADD(destructors, that_allocate_late) { allocate_first_in_round, leave_a_round, ROUNDS - 1 };
/* No destructor is called any more: the cache is found without. */
FIXTURE_VARIANT_ADD(destructors, that_allocate_last) { allocate_first_in_round, leave_a_round, ROUNDS };
FIXTURE_SETUP(destructors)
{
	first_round = variant->first_round;
	ASSERT_EQ(0, pthread_key_create(&key, variant->destroy));
}
FIXTURE_TEARDOWN(destructors) { }

TEST_F_TIMEOUT(destructors, leave_nothing_behind, 100)
{
	struct growth growth = { 0 };
	pthread_t thread[4];

	for (long i = 1; i <= LOOKS * 25; i++) {
		/* Several at a time: one's cache is another's as soon as it is given back. */
		for (long j = 0; j < 4; j++)
			ASSERT_EQ(0, pthread_create(&thread[j], NULL, variant->thread, (void *)(i * 4 + j)));
		for (int j = 0; j < 4; j++)
			pthread_join(thread[j], NULL);
		if (i % 25 == 0)
			growth_look(&growth);
	}
	EXPECT_NO_GROWTH(growth, 1 * M);
	/* 0.1 % of what was left to destructors in the meantime. */
	EXPECT_GE(growth.early.in_use + 64, growth.late.in_use);
	EXPECT_EQ(NULL, atomic_load(&busy_wrong));
}

/* malloc and free are no cancellation points. */
static void *cancelled(void *unused)
{
	(void)unused;
	pthread_cancel(pthread_self());
	for (int i = 0; i < 13; i++) {
		free(hide(malloc(300 * K)));
		free(hide(malloc(100)));
		malloc_trim(0);
		mallopt(M_TOP_PAD, i * 1000);
		pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
		usleep(100000);
		pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
	}
	return "not cancelled on the way";
}

TEST(no_cancellation_points)
{
	pthread_t thread;
	void *result;

	ASSERT_EQ(0, pthread_create(&thread, NULL, cancelled, NULL));
	ASSERT_EQ(0, pthread_join(thread, &result));
	ASSERT_NE(PTHREAD_CANCELED, result);
	EXPECT_STREQ("not cancelled on the way", result);
	/* And no lock is left taken. */
	EXPECT_EQ(1, mallopt(M_TOP_PAD, 1));
}

TEST(exit_while_threads_allocate)
{
	for (int round = 0; round < 30; round++) {
		pid_t child = fork();

		if (child == 0) {
			busy_start();
			usleep(round * 500);
			exit(7);
		}
		ASSERT_EQ(7 << 8, wait_for(child, 20000));
	}
}

/* The first thread may end before the others, and its cache is given back as theirs are. */
static pthread_t first_thread;

static void *survive(void *unused)
{
	size_t before;

	pthread_join(first_thread, NULL);
	before = mallinfo2().arena;
	for (size_t taken = 0; taken < before / 2; taken += 50 * K)
		if (!hide(malloc(50 * K)))
			_exit(1);
	exit(mallinfo2().arena > before + 50 * K);
	return unused;
}

TEST(the_first_thread_ends_first)
{
	pid_t child = fork();
	pthread_t thread;

	if (child == 0) {
		first_thread = pthread_self();
		pthread_barrier_init(&step, NULL, 1);
		fill_cache(NULL);
		pthread_create(&thread, NULL, survive, NULL);
		pthread_exit(NULL);
	}
	EXPECT_EQ(0, wait_for(child, 20000));
}

TEST_HARNESS_MAIN
