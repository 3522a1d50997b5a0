// SPDX-License-Identifier: LGPL-2.1-or-later
/* The main arena where brk is not its own: somebody else moves it, it fails, or it fails half-way. */
#include <errno.h>
#include <malloc.h>
#include <sys/wait.h>

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

#define ZEROED_AND_USABLE(size) do {					\
	unsigned char *got = hide(calloc(1, size));			\
									\
	ASSERT_NE(NULL, got);						\
	ASSERT_TRUE(is_filled(got, 0, malloc_usable_size(got)));	\
	memset(got, 0xee, malloc_usable_size(got));			\
	free(got);							\
} while (0)

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
FIXTURE_VARIANT(brk) { int top_pad; };
FIXTURE_VARIANT_ADD(brk, no_pad) { .top_pad = 0 };
FIXTURE_VARIANT_ADD(brk, odd_pad) { .top_pad = 1000 };
FIXTURE_VARIANT_ADD(brk, default_pad) { .top_pad = 128 * K };
FIXTURE_SETUP(brk)
{
	mallopt(M_MMAP_MAX, 0);
	mallopt(M_TRIM_THRESHOLD, 0);
	mallopt(M_TOP_PAD, variant->top_pad);
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
	errno = 0;
	EXPECT_NE(NULL, hide(malloc(100)));
	EXPECT_NE(NULL, hide(memalign(64, 3 * M)));
	EXPECT_NE(NULL, hide(realloc(hide(malloc(2000)), 5 * M)));
	/* What failed on the way is nobody's business. */
	EXPECT_EQ(0, errno);
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
	for (int i = 0; i < 40; i++) {
		size_t size = i * 37 % 5000 + 1;
		unsigned char *foreign;

		EXPECT_TRUE(work());
		hide(malloc(1000 + i));
		foreign = sbrk(size);
		ASSERT_NE((void *)-1, foreign);
		memset(foreign, 0xff, size);
		ZEROED_AND_USABLE(100000 + i * 100);
		ASSERT_TRUE(is_filled(foreign, 0xff, size));
	}
	/* What is free in the segments below is found and joined as ever. */
	EXPECT_TRUE(work());
}

/* Blocks of this size and larger come zeroed, whether brk gives memory or not; else why not. */
static const char *use(size_t size)
{
	for (int i = 0; i < 10; i++, size += 5000) {
		unsigned char *p = hide(calloc(1, size));

		if (!p)
			return "no memory";
		if (!is_filled(p, 0, malloc_usable_size(p)))
			return "not zero";
		memset(p, 0xee, malloc_usable_size(p));
		free(p);
	}
	return NULL;
}

static const char *use_after_foreign(size_t foreign, size_t size, int calls)
{
	unsigned char *theirs = sbrk(foreign);
	const char *wrong;

	memset(theirs, 0xff, foreign);
	fail_after = calls;
	wrong = use(size);
	fail_after = -1;
	if (!wrong)
		wrong = use(3 * size);
	return wrong ? wrong : is_filled(theirs, 0xff, foreign) ? NULL : "wrote to others' memory";
}

/*
 * Somebody else's few bytes, and then brk gives no more than what was asked for first: the end is not
 * at a page's boundary. Each try in a process of its own, since the arena stays with mmap later.
 */
TEST_F(brk, fails_after_somebody_moved_it)
{
	for (int i = 1; i < 100; i++) {
		pid_t child = fork();
		int status;

		if (!child) {
			const char *wrong;

			hide(malloc(i * 50));
			wrong = use_after_foreign(i * 8, 60000 + i * 100, 1 + i % 3);
			if (wrong)
				fprintf(stderr, "# %d: %s\n", i, wrong);
			_exit(wrong != NULL);
		}
		ASSERT_EQ(child, waitpid(child, &status, 0));
		ASSERT_EQ(0, status);
	}
}

/* Segments that follow each other are one: pages of the test's own keep them apart. */
#define SEGMENTS 20
static char *segment_of_its_own(void)
{
	char *block = hide(malloc(3 * M)), *behind = (char *)((uintptr_t)(block + 3 * M + PAGE) & -PAGE);

	for (int i = 0; i < 64; i++, behind += PAGE)
		mmap(behind, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	return block;
}

/* From the middle outwards, so that the newest is in no special place. */
TEST_F(brk, segments_that_are_empty_are_unmapped)
{
	char *block[SEGMENTS];
	size_t before;

	hide(malloc(100 * K));
	before = mallinfo2().arena;
	fail_after = 0;
	for (int i = 0; i < SEGMENTS; i++)
		block[i] = segment_of_its_own();
	EXPECT_LE(before + SEGMENTS * 3 * M, mallinfo2().arena);
	for (int i = 0; i < SEGMENTS; i++) {
		char *p = block[(SEGMENTS / 2 + (i % 2 ? -(i + 1) / 2 : i / 2) + SEGMENTS) % SEGMENTS];

		memset(p, 1, 3 * M);
		free(p);
		malloc_trim(0);
		EXPECT_EQ(-1, pages_resident(p, 3 * M));
		EXPECT_TRUE(work());
	}
	EXPECT_GE(before + 2 * M, mallinfo2().arena);
	fail_after = -1;
	EXPECT_TRUE(work());
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
