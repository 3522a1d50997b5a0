// SPDX-License-Identifier: LGPL-2.1-or-later
/* The main arena where brk is not its own: somebody else moves it, it fails, or it fails half-way. */
#include <errno.h>
#include <malloc.h>

#include "kselftest_harness.h"
#include "process.h"

RUN_WITH_ENVIRONMENT("WEIR_OPTIONS", "policy=fixed")

/* Stands before the C library's: the library calls this one. */
static int fail_after = -1;	/* so many calls succeed from now on; -1: all */
static char *kernel_break;

void *sbrk(intptr_t increment)
{
	char *old, *asked;

	if (!kernel_break)
		kernel_break = (char *)syscall(12 /* brk */, 0);
	old = kernel_break;
	if (!increment)
		return old;
	if (increment > 0 && fail_after >= 0 && fail_after-- == 0) {
		fail_after = 0;
		errno = ENOMEM;
		return (void *)-1;
	}
	asked = old + increment;
	kernel_break = (char *)syscall(12 /* brk */, asked);
	if (kernel_break == asked)
		return old;
	errno = ENOMEM;
	return (void *)-1;
}

static bool zeroed_and_usable(size_t size)
{
	unsigned char *p = hide(calloc(1, size));
	bool ok = p && is_filled(p, 0, malloc_usable_size(p));

	if (p)
		memset(p, 0xee, malloc_usable_size(p));
	free(p);
	return ok;
}

static bool work(void)
{
	static unsigned char *p[300];
	bool ok = true;

	for (int i = 0; i < 300; i++) {
		size_t size = i * i;

		p[i] = hide(calloc(1, size));
		ok = ok && p[i] && is_filled(p[i], 0, size);
		memset(p[i], i, size);
	}
	for (int i = 0; i < 300; i += 2) {
		ok = ok && is_filled(p[i], i, i * i);
		free(p[i]);
	}
	for (int i = 1; i < 300; i += 2) {
		ok = ok && is_filled(p[i], i, i * i);
		free(p[i]);
	}
	malloc_trim(0);
	return ok;
}

FIXTURE(brk) { };
FIXTURE_SETUP(brk)
{
	mallopt(M_MMAP_MAX, 0);
	mallopt(M_TRIM_THRESHOLD, 0);
}
FIXTURE_TEARDOWN(brk) { }

TEST_F(brk, is_used)
{
	char *before = sbrk(0);

	EXPECT_EQ(before + 16, hide(malloc(100)));
	EXPECT_TRUE(work());
}

TEST_F(brk, fails_from_the_start)
{
	char *before = sbrk(0);

	fail_after = 0;
	EXPECT_TRUE(work());
	EXPECT_NE(NULL, hide(malloc(30 * M)));
	EXPECT_TRUE(work());
	EXPECT_EQ(before, (char *)sbrk(0));
	EXPECT_LE(30 * M, mallinfo2().arena);
}

TEST_F(brk, fails_later_and_comes_back)
{
	EXPECT_TRUE(work());
	for (int i = 0; i < 50; i++) {
		fail_after = i % 7;
		EXPECT_TRUE(work());
		hide(malloc(20000));
		fail_after = -1;
		EXPECT_TRUE(work());
		hide(malloc(i * 1000));
	}
}

TEST_F(brk, somebody_else_moves_it)
{
	for (int i = 0; i < 200; i++) {
		size_t size = i * 37 % 5000 + 1;
		unsigned char *foreign;

		EXPECT_TRUE(work());
		hide(malloc(1000 + i));
		foreign = sbrk(size);
		ASSERT_NE((void *)-1, foreign);
		memset(foreign, 0xff, size);
		ASSERT_TRUE(zeroed_and_usable(100000 + i * 100));
		ASSERT_TRUE(is_filled(foreign, 0xff, size));
	}
	/* What is free in the segments below is found and joined as ever. */
	EXPECT_TRUE(work());
}

/* Somebody else's few bytes, and then brk gives no more than what was asked for first. */
TEST_F(brk, fails_after_somebody_moved_it)
{
	for (int i = 1; i < 100; i++) {
		unsigned char *foreign;

		fail_after = -1;
		foreign = sbrk(i * 16);
		ASSERT_NE((void *)-1, foreign);
		memset(foreign, 0xff, i * 16);
		fail_after = 1;
		for (int j = 0; j < 20; j++)
			ASSERT_TRUE(zeroed_and_usable(60000 + i * 100 + j * 5000));
		EXPECT_TRUE(work());
		fail_after = -1;
		for (int j = 0; j < 20; j++)
			ASSERT_TRUE(zeroed_and_usable(150000 + i * 100 + j * 5000));
		ASSERT_TRUE(is_filled(foreign, 0xff, i * 16));
	}
}

/* What others hold above us cannot be given back, and is not. */
TEST_F(brk, trim_below_foreign_memory)
{
	char *p = hide(malloc(1 * M)), *foreign = sbrk(100);

	memset(foreign, 0xff, 100);
	free(p);
	EXPECT_EQ(foreign + 100, (char *)sbrk(0));
	malloc_trim(0);
	EXPECT_EQ(foreign + 100, (char *)sbrk(0));
	EXPECT_TRUE(is_filled(foreign, 0xff, 100));
	EXPECT_EQ(p, hide(malloc(1 * M)));
	/* Once they give it back, we continue where we were. */
	sbrk(-100);
	EXPECT_TRUE(work());
}

TEST_HARNESS_MAIN
