// SPDX-License-Identifier: LGPL-2.1-or-later
/* Threads: many short ones, blocks freed by others, an exit and a cancellation in the middle. */
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "process.h"

static size_t held(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.arena + info.hblkhd;
}

static void *short_life(void *unused)
{
	void *p[64];

	(void)unused;
	for (int i = 0; i < 64; i++)
		memset(p[i] = hide(malloc(i * 40)), i, i * 40);
	for (int i = 0; i < 64; i++)
		free(p[i]);
	return NULL;
}

static void run_threads(int rounds)
{
	pthread_t thread[4];

	for (int round = 0; round < rounds; round++) {
		for (int i = 0; i < 4; i++)
			pthread_create(&thread[i], NULL, short_life, NULL);
		for (int i = 0; i < 4; i++)
			pthread_join(thread[i], NULL);
	}
}

TEST(thousands_of_short_threads)
{
	size_t before;
	long virtual;

	run_threads(100);
	before = held();
	virtual = virtual_memory();
	run_threads(1000);
	/* A CPU's arena may have been made only now, with 64 MiB of address space. */
	EXPECT_GE(before + 2 * M, held());
	EXPECT_GE(virtual + 1024 + 64 * 1024 * get_nprocs(), virtual_memory());
	/* What the threads had cached went back when they ended. */
	malloc_trim(0);
	EXPECT_EQ(0, mallinfo2().smblks);
}

/* One allocates, the other frees. */
#define QUEUE 256
static void *_Atomic queue[QUEUE];
static _Atomic bool wrong;

static void *produce(void *blocks)
{
	for (long i = 0; i < (long)blocks; i++) {
		size_t size = 16 + i % 97 * (i % 50 == 0 ? 3000 : 20);
		void *expected;
		unsigned char *p = hide(malloc(size));

		memset(p, size, size);
		*(size_t *)p = size;
		do {
			expected = NULL;
		} while (!atomic_compare_exchange_weak(&queue[i % QUEUE], &expected, p));
	}
	return NULL;
}

static void *consume(void *blocks)
{
	for (long i = 0; i < (long)blocks; i++) {
		unsigned char *p;
		size_t size;

		while (!(p = atomic_exchange(&queue[i % QUEUE], NULL)))
			sched_yield();
		size = *(size_t *)p;
		if (!is_filled(p + 8, size, size - 8))
			wrong = true;
		free(p);
	}
	return NULL;
}

static void pass_blocks(long blocks)
{
	pthread_t producer, consumer;

	pthread_create(&producer, NULL, produce, (void *)blocks);
	pthread_create(&consumer, NULL, consume, (void *)blocks);
	pthread_join(producer, NULL);
	pthread_join(consumer, NULL);
}

TEST(producer_and_consumer)
{
	size_t before;

	pass_blocks(20000);
	before = held();
	for (int i = 0; i < 5; i++)
		pass_blocks(20000);
	EXPECT_FALSE(atomic_load(&wrong));
	/* Memory goes round, it does not pile up. */
	EXPECT_GE(before + 4 * M, held());
}

static void *churn(void *unused)
{
	(void)unused;
	for (unsigned int i = 0;; i++)
		free(hide(malloc(i * 7919 % 300000)));
	return NULL;
}

TEST(exit_while_threads_allocate)
{
	for (int round = 0; round < 30; round++) {
		pid_t child = fork();
		pthread_t thread;
		int status;

		if (child == 0) {
			for (int i = 0; i < 3; i++)
				pthread_create(&thread, NULL, churn, NULL);
			usleep(round * 500);
			exit(7);
		}
		ASSERT_EQ(child, waitpid(child, &status, 0));
		ASSERT_EQ(7 << 8, status);
	}
}

/* Destructors that run before and after the one of the thread's cache. */
static pthread_key_t key[100];

static void destroy(void *block)
{
	static __thread int round;

	if (!is_filled(block, 9, 500))
		wrong = true;
	free(block);
	if (round++ < 200) {
		block = hide(malloc(500));
		memset(block, 9, 500);
		pthread_setspecific(key[round % 100], block);
	}
	free(hide(calloc(3, 1000)));
	free(hide(realloc(hide(malloc(10)), 70)));
}

static void *with_destructors(void *unused)
{
	(void)unused;
	for (int i = 0; i < 100; i++) {
		void *block = hide(malloc(500));

		memset(block, 9, 500);
		pthread_setspecific(key[i], block);
	}
	return NULL;
}

TEST(destructors_that_allocate_and_free)
{
	size_t before = 0;
	pthread_t thread[4];

	for (int i = 0; i < 100; i++)
		ASSERT_EQ(0, pthread_key_create(&key[i], destroy));
	for (int i = 0; i < 100; i++) {
		/* Several at a time: one's cache is another's as soon as it is given back. */
		for (int j = 0; j < 4; j++)
			ASSERT_EQ(0, pthread_create(&thread[j], NULL, with_destructors, NULL));
		for (int j = 0; j < 4; j++)
			pthread_join(thread[j], NULL);
		if (i == 10)
			before = held();
	}
	EXPECT_FALSE(atomic_load(&wrong));
	/* The destructors of the last round leave a block each: 4 rounds, as POSIX says at least. */
	EXPECT_GE(before + 90 * 4 * 100 * 520 + 1 * M, held());
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

TEST_HARNESS_MAIN
