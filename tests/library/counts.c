// SPDX-License-Identifier: GPL-2.0
/* The faults of a process that uses the library, by the allocator's regions. */
#include <malloc.h>
#include <pthread.h>
#include <sys/prctl.h>

#include "weir_test.h"
#include "process.h"

RUN_WITH_ENVIRONMENT("WEIR_OPTIONS", "policy=fixed")

/* A huge page would be one fault for 512 pages, wherever the random address lets it be. */
static __attribute__((constructor)) void no_huge_pages(void)
{
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
}

#define MINE(name)	sysfs_number("processes/%d/" name, getpid())
#define PAGES		100

static void touch(volatile char *p, size_t pages)
{
	for (size_t i = 0; i < pages; i++)
		p[i * PAGE] = 1;
}

TEST(a_chunk_mapped_alone_counts_as_mmap)
{
	long long mmap = MINE("mmap_minflt"), heap = MINE("heap_minflt"), all;
	char *p;

	all = MINE("minflt");
	p = malloc(PAGES * PAGE + 4 * M);
	ASSERT_NE(NULL, p);
	/* p lies 16 bytes into its first page, which its header has touched. */
	touch(p, PAGES);
	EXPECT_EQ(mmap + PAGES, MINE("mmap_minflt"));
	/* The allocator's own pages, copied after the fork of this test. */
	EXPECT_GE(heap + 5, MINE("heap_minflt"));
	EXPECT_LE(all + PAGES, MINE("minflt"));
	free(p);
}

TEST(the_heap_counts_as_heap)
{
	long long mmap, heap;
	char *p;

	ASSERT_EQ(1, mallopt(M_MMAP_MAX, 0));
	p = malloc(PAGES * PAGE + 4 * M);
	ASSERT_NE(NULL, p);
	mmap = MINE("mmap_minflt");
	heap = MINE("heap_minflt");
	touch((char *)(((uintptr_t)p + 2 * PAGE) & -PAGE), PAGES);
	EXPECT_EQ(heap + PAGES, MINE("heap_minflt"));
	EXPECT_EQ(mmap, MINE("mmap_minflt"));
	free(p);
}

static void *in_thread(void *arg)
{
	char *p = malloc(M);	/* not in the main arena, where the other threads are */

	touch((char *)(((uintptr_t)p + 2 * PAGE) & -PAGE), PAGES);
	*(bool *)arg = (uintptr_t)p > (uintptr_t)sbrk(0);
	pause();
	return p;
}

/* A thread that runs while the main arena's threads do has a mapped heap, which is heap as well. */
TEST(a_mapped_heap_counts_as_heap)
{
	pthread_t thread[8];
	bool mapped[8] = { false };
	long long heap, mmap;

	ASSERT_EQ(1, mallopt(M_MMAP_MAX, 0));
	heap = MINE("heap_minflt");
	mmap = MINE("mmap_minflt");
	for (int i = 0; i < 8; i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, in_thread, &mapped[i]));
	usleep(500000);
	EXPECT_LE(heap + 8 * PAGES, MINE("heap_minflt"));
	EXPECT_GE(heap + 8 * (PAGES + 20), MINE("heap_minflt"));
	EXPECT_EQ(mmap, MINE("mmap_minflt"));
}

TEST(minflt_is_what_getrusage_says)
{
	long long before, after;
	struct rusage usage;

	for (int i = 0; i < 20; i++)
		free(memset(malloc(i * 100000 + 1), 1, i * 100000 + 1));
	/* The first calls touch what calling touches. */
	getrusage(RUSAGE_SELF, &usage);
	before = MINE("minflt");
	getrusage(RUSAGE_SELF, &usage);
	before = MINE("minflt");
	getrusage(RUSAGE_SELF, &usage);
	after = MINE("minflt");
	EXPECT_LE(before, usage.ru_minflt);
	EXPECT_EQ(after, usage.ru_minflt);
}

TEST_HARNESS_MAIN
