// SPDX-License-Identifier: LGPL-2.1-or-later
/* Out of memory is NULL and ENOMEM, harms nothing, and is over when memory is there again. */
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/resource.h>

#include "kselftest_harness.h"
#include "process.h"

static int limit(int resource, rlim_t more)
{
	static struct rlimit rlimit;
	long now = resource == RLIMIT_AS ? proc_field("/proc/self/status", "VmSize") :
		proc_field("/proc/self/status", "VmData");

	getrlimit(resource, &rlimit);
	rlimit.rlim_cur = more == RLIM_INFINITY ? more : now * K + more;
	return setrlimit(resource, &rlimit);
}

/* Fill what there is; returns how many blocks of this size it had room for. */
static long exhaust(size_t size)
{
	void **list = NULL, **p;
	long n = 0;

	errno = 0;
	while ((p = hide(malloc(size)))) {
		*p = list;
		list = p;
		n++;
	}
	if (errno != ENOMEM)
		n = -1;
	/* It stays that way, and every function says so. */
	if (malloc(size) || calloc(2, size) || realloc(NULL, 2 * size) || memalign(4096, 2 * size))
		n = -1;
	if (errno != ENOMEM)
		n = -1;
	for (; list; list = p) {
		p = *list;
		free(list);
	}
	return n;
}

FIXTURE(limits) { };
FIXTURE_VARIANT(limits) { int resource; size_t size; };
FIXTURE_VARIANT_ADD(limits, as_small) { .resource = RLIMIT_AS, .size = 100 };
FIXTURE_VARIANT_ADD(limits, as_medium) { .resource = RLIMIT_AS, .size = 10000 };
FIXTURE_VARIANT_ADD(limits, as_mapped) { .resource = RLIMIT_AS, .size = 300000 };
FIXTURE_VARIANT_ADD(limits, data_small) { .resource = RLIMIT_DATA, .size = 100 };
FIXTURE_VARIANT_ADD(limits, data_medium) { .resource = RLIMIT_DATA, .size = 10000 };
FIXTURE_VARIANT_ADD(limits, data_mapped) { .resource = RLIMIT_DATA, .size = 300000 };
FIXTURE_SETUP(limits) { }
FIXTURE_TEARDOWN(limits) { }

TEST_F(limits, in_one_thread)
{
	long first;

	hide(malloc(1));
	ASSERT_EQ(0, limit(variant->resource, 40 * M));
	first = exhaust(variant->size);
	/* Nearly all of it could be had. */
	EXPECT_LE((long)(30 * M / variant->size), first);
	EXPECT_GE((long)(41 * M / variant->size), first);
	/* And again: nothing is lost. */
	for (int i = 0; i < 3; i++)
		EXPECT_LE(first * 95 / 100, exhaust(variant->size));
	ASSERT_EQ(0, limit(variant->resource, RLIM_INFINITY));
	free(hide(malloc(100 * M)));
	free(hide(malloc(100)));
	EXPECT_NE(NULL, hide(malloc(100 * M)));
}

/* None starts before all are there: creating a thread takes memory too. */
static pthread_barrier_t all_there;

static void *exhaust_in_thread(void *size)
{
	pthread_barrier_wait(&all_there);
	return (void *)exhaust((size_t)size);
}

TEST_F(limits, in_threads)
{
	pthread_t thread[3];
	void *n;
	long sum = 0;

	/* With room for no heap of 64 MiB. */
	ASSERT_EQ(0, limit(variant->resource, 70 * M));
	ASSERT_EQ(0, pthread_barrier_init(&all_there, NULL, 3));
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, exhaust_in_thread, (void *)variant->size));
	for (int i = 0; i < 3; i++) {
		pthread_join(thread[i], &n);
		/* Another thread may have given some back just as this one looked: not -1 for certain. */
		sum += (long)n > 0 ? (long)n : 0;
	}
	EXPECT_LE(1, sum);
	EXPECT_NE(-1, exhaust(variant->size));
	ASSERT_EQ(0, limit(variant->resource, RLIM_INFINITY));
	EXPECT_NE(NULL, hide(malloc(100 * M)));
}

TEST(realloc_fails_and_keeps)
{
	unsigned char *small = hide(malloc(5000)), *mapped = hide(malloc(500 * K));

	memset(small, 1, 5000);
	memset(mapped, 2, 500 * K);
	hide(malloc(100));
	ASSERT_EQ(0, limit(RLIMIT_AS, 4 * M));
	EXPECT_EQ(NULL, hide(realloc(small, 50 * M)));
	EXPECT_EQ(ENOMEM, errno);
	EXPECT_EQ(NULL, hide(realloc(mapped, 50 * M)));
	EXPECT_EQ(ENOMEM, errno);
	EXPECT_TRUE(is_filled(small, 1, 5000));
	EXPECT_TRUE(is_filled(mapped, 2, 500 * K));
	ASSERT_EQ(0, limit(RLIMIT_AS, RLIM_INFINITY));
	ASSERT_NE(NULL, mapped = hide(realloc(mapped, 50 * M)));
	EXPECT_TRUE(is_filled(mapped, 2, 500 * K));
}

/* Shrinking needs no memory. */
TEST(realloc_to_less_succeeds)
{
	unsigned char *small = hide(malloc(50000)), *mapped = hide(malloc(5 * M));

	ASSERT_EQ(0, limit(RLIMIT_AS, 0));
	EXPECT_NE(NULL, hide(realloc(small, 5000)));
	EXPECT_NE(NULL, hide(realloc(mapped, 1 * M)));
	EXPECT_EQ(0, limit(RLIMIT_AS, RLIM_INFINITY));
}

TEST_HARNESS_MAIN
