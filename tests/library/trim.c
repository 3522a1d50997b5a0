// SPDX-License-Identifier: GPL-2.0
/* A request to trim, as an admin makes it, and what a process that uses the library does about it. */
#include <malloc.h>
#include <pthread.h>
#include <time.h>

#include "weir_test.h"
#include "process.h"

RUN_WITH_ENVIRONMENT("WEIR_OPTIONS", "policy=fixed,mmap_max=0,trim_threshold=-1")

#define GET(name)	sysfs_number("processes/%d/" name, getpid())
#define BLOCK		(60 * K)
#define BLOCKS		1024

static char *block[BLOCKS];

static void fill_and_empty(int of)
{
	for (int i = 0; i < BLOCKS; i++)
		block[i] = memset(malloc(BLOCK), i, BLOCK);
	for (int i = 0; i < BLOCKS; i++)
		if (i % of)
			free(block[i]);
}

static int ask(const char *keep)
{
	return sysfs_put(keep, "processes/%d/trim", getpid());
}

static bool is_pending(void)
{
	return strcmp(sysfs_get("processes/%d/trim", getpid()), "none") != 0;
}

static unsigned long long thread_time(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/* Calls of the allocator until the request is answered, 0 if it is not; *longest in nanoseconds. */
static int serve(unsigned long long *longest)
{
	unsigned long long start, took;
	int n = 0;

	for (*longest = 0; n < 10000 && (n < 2 || is_pending()); n++) {
		start = thread_time();
		free(hide(malloc(BLOCK)));
		took = thread_time() - start;
		*longest = took > *longest ? took : *longest;
	}
	return is_pending() ? 0 : n;
}

TEST(a_request_is_answered_by_those_that_allocate)
{
	size_t idle = BLOCKS / 8 * 7 * BLOCK, before;
	unsigned long long longest;
	int calls;

	fill_and_empty(8);
	before = physical_memory() * K;
	ASSERT_EQ(0, ask("0"));
	EXPECT_TRUE(is_pending());
	calls = serve(&longest);
	EXPECT_LT(0, calls);
	EXPECT_GT(200, calls);
	printf("# %d calls, the longest took %llu us\n", calls, longest / 1000);
	EXPECT_LT(idle / 10 * 9, (size_t)GET("trimmed_bytes"));
	EXPECT_GT(before - idle / 10 * 9, physical_memory() * K);
	for (int i = 0; i < BLOCKS; i += 8)
		EXPECT_TRUE(is_filled(block[i], i, BLOCK));
}

TEST(so_much_stays_as_may)
{
	unsigned long long longest;

	fill_and_empty(BLOCKS);
	ASSERT_EQ(0, ask("20M"));
	EXPECT_LT(0, serve(&longest));
	EXPECT_LT((BLOCKS - 2) * BLOCK - 21 * M, (size_t)GET("trimmed_bytes"));
	EXPECT_GT((BLOCKS - 2) * BLOCK - 19 * M, (size_t)GET("trimmed_bytes"));
}

TEST(all_processes)
{
	unsigned long long longest;

	fill_and_empty(8);
	ASSERT_EQ(0, sysfs_put("0", "trim"));
	EXPECT_LT(0, serve(&longest));
	EXPECT_LT((long long)(30 * M), GET("trimmed_bytes"));
}

static void *allocate(void *stop)
{
	static __thread char *mine[64];

	for (unsigned int i = 0; !__atomic_load_n((bool *)stop, __ATOMIC_RELAXED); i++) {
		free(mine[i % 64]);
		mine[i % 64] = memset(malloc(1000 * (i % 90 + 1)), i, 1000 * (i % 90 + 1));
	}
	for (int i = 0; i < 64; i++)
		free(mine[i]);
	return NULL;
}

TEST(threads_serve_it_too)
{
	pthread_t thread[4];
	bool stop = false;
	int ms = 0;

	fill_and_empty(8);
	for (int i = 0; i < 4; i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, allocate, &stop));
	ASSERT_EQ(0, ask("0"));
	for (; ms < 20000 && is_pending(); ms++)
		usleep(1000);
	EXPECT_FALSE(is_pending());
	for (int n = 0; n < 20; n++) {
		ASSERT_EQ(0, ask("1M"));
		usleep(20000);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (int i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	EXPECT_LT((long long)(30 * M), GET("trimmed_bytes"));
	for (int i = 0; i < BLOCKS; i += 8)
		EXPECT_TRUE(is_filled(block[i], i, BLOCK));
}

TEST(a_child_has_none)
{
	pid_t pid;

	ASSERT_EQ(0, ask("0"));
	IN_CHILD(pid) {
		free(hide(malloc(BLOCK)));
		CHECK(!is_pending());
		CHECK(GET("trimmed_bytes") == 0);
		fill_and_empty(8);
		CHECK(!ask("0"));
		for (int n = 0; n < 1000 && is_pending(); n++)
			free(hide(malloc(BLOCK)));
		CHECK(!is_pending());
		CHECK(GET("trimmed_bytes") > (long long)(30 * M));
	}
	EXPECT_EQ(0, child_status(pid));
}

TEST_HARNESS_MAIN
