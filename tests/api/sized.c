// SPDX-License-Identifier: LGPL-2.1-or-later
/* C23's free_sized and free_aligned_sized: what is right passes for every size, what is wrong is told. */
#include <errno.h>
#include <malloc.h>

#include "kselftest_harness.h"
#include "process.h"
#include "weir.h"

static char said[256];

/* The signal that call(arg) in a child ends with, 0 if it returns; what it says is in said. */
static int ends_by(void (*call)(size_t), size_t arg)
{
	int pipes[2], status;
	ssize_t n;
	pid_t child;

	if (pipe(pipes) != 0)
		abort();
	child = fork();
	if (child == 0) {
		dup2(pipes[1], STDERR_FILENO);
		call(arg);
		_exit(0);
	}
	close(pipes[1]);
	n = read(pipes[0], said, sizeof(said) - 1);
	said[n < 0 ? 0 : n] = 0;
	close(pipes[0]);
	waitpid(child, &status, 0);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

#define DIES(call, arg, message) do {				\
	EXPECT_EQ(SIGABRT, ends_by(call, arg)) TH_LOG(#call " %zu", (size_t)(arg));	\
	EXPECT_STREQ(message "\n", said);			\
} while (0)

static void *resized(size_t from, size_t to)
{
	void *p = malloc(from);

	return realloc(p, to);
}

/* Every way to a block of that size. Some come out of free chunks that are a little too long. */
static void make_and_free(size_t size)
{
	void *p[5] = { malloc(size), calloc(1, size), resized(size / 2 + 1, size), resized(2 * size, size),
		reallocarray(NULL, 1, size) };

	for (int i = 0; i < 5; i++) {
		memset(hide(p[i]), 0x55, size);
		free_sized(p[i], size);
	}
}

TEST(right_sizes_pass)
{
	void *hole[100];

	make_and_free(1);
	for (size_t size = 1; size < 5000; size++)
		make_and_free(size);
	for (size_t size = 5000; size < 3 * M; size += size / 7)
		make_and_free(size);
	/* Holes of every length between blocks that stay. */
	for (size_t size = 16; size < 2000; size += 16) {
		for (int i = 0; i < 100; i++)
			hole[i] = malloc(size + 16 * (i % 5));
		for (int i = 0; i < 100; i += 2)
			free_sized(hole[i], size + 16 * (i % 5));
		for (int i = 0; i < 100; i += 2)
			hole[i] = malloc(size);
		for (int i = 0; i < 100; i += 2)
			free_sized(hole[i], size);
		for (int i = 1; i < 100; i += 2)
			free_sized(hole[i], size + 16 * (i % 5));
	}
}

TEST(right_alignments_pass)
{
	for (size_t align = 1; align <= 1 * M; align *= 2)
		for (size_t size = 1; size < 400 * K; size += 1 + size / 5) {
			void *p = aligned_alloc(align, size);

			ASSERT_NE(NULL, p);
			free_aligned_sized(p, align, size);
		}
}

/*
 * Mapped alone, a block has less than a page where the alignment leads far into it. All are kept, so that
 * what the arena has is used up.
 */
TEST(right_alignments_pass_of_what_is_mapped)
{
	size_t mapped = 0;

	malloc_trim(0);
	ASSERT_EQ(1, mallopt(M_MMAP_THRESHOLD, 0));
	for (size_t align = 16; align <= 4 * K; align *= 2)
		for (size_t size = 1; size < 5000; size += 1 + size / 5) {
			void *p[40];

			for (int i = 0; i < 40; i++) {
				p[i] = aligned_alloc(align, size);
				ASSERT_NE(NULL, p[i]);
			}
			mapped += mallinfo2().hblks;
			for (int i = 0; i < 20; i++)
				free_aligned_sized(p[i], align, size);
			for (int i = 20; i < 40; i++) {
				p[i] = realloc(p[i], size / 2 + 1);
				ASSERT_NE(NULL, p[i]);
				free_sized(p[i], size / 2 + 1);
			}
		}
	EXPECT_NE(0, mapped);
	ASSERT_EQ(1, mallopt(M_MMAP_THRESHOLD, 128 * K));
}

TEST(null_is_nothing)
{
	free_sized(NULL, 0);
	free_sized(NULL, 100);
	free_sized(NULL, SIZE_MAX);
	free_aligned_sized(NULL, 16, 100);
	free_aligned_sized(NULL, 0, SIZE_MAX);
}

TEST(it_frees)
{
	size_t before, mapped;
	void *p;

	before = mallinfo2().uordblks;
	mapped = mallinfo2().hblkhd;
	p = hide(malloc(50000));
	free_sized(p, 50000);
	p = hide(aligned_alloc(256, 50000));
	free_aligned_sized(p, 256, 50000);
	EXPECT_EQ(before, mallinfo2().uordblks);
	p = hide(malloc(5 * M));
	EXPECT_LT(mapped, mallinfo2().hblkhd);
	free_sized(p, 5 * M);
	EXPECT_EQ(mapped, mallinfo2().hblkhd);
}

TEST(errno_is_kept)
{
	void *p[3] = { malloc(10), malloc(70000), malloc(5 * M) };

	errno = 4711;
	free_sized(p[0], 10);
	free_sized(p[1], 70000);
	free_sized(p[2], 5 * M);
	EXPECT_EQ(4711, errno);
}

static void says_100(size_t size) { free_sized(hide(malloc(100)), size); }
static void says_1000(size_t size) { free_sized(hide(malloc(1000)), size); }
static void says_5000(size_t size) { free_sized(hide(malloc(5000)), size); }
static void says_50000(size_t size) { free_sized(hide(malloc(50000)), size); }
static void says_5M(size_t size) { free_sized(hide(malloc(5 * M)), size); }

TEST(a_wrong_size_ends_the_process)
{
	static const size_t too_large[] = { 121, 200, 5000, 1 * M, PTRDIFF_MAX, SIZE_MAX - 20, SIZE_MAX };

	for (size_t i = 0; i < sizeof(too_large) / sizeof(too_large[0]); i++)
		DIES(says_100, too_large[i], "free_sized(): invalid size");
	EXPECT_EQ(0, ends_by(says_100, 100));
	DIES(says_100, 1, "free_sized(): invalid size");
	DIES(says_1000, 300, "free_sized(): invalid size");
	DIES(says_5000, 6000, "free_sized(): invalid size");
	DIES(says_50000, 60000, "free_sized(): invalid size");
	DIES(says_5M, 5 * M + 4096, "free_sized(): invalid size");
	DIES(says_5M, SIZE_MAX, "free_sized(): invalid size");
}

static void aligned_says_1000(size_t size) { free_aligned_sized(hide(aligned_alloc(64, 1000)), 64, size); }
static void says_alignment(size_t align) { free_aligned_sized(hide(aligned_alloc(64, 100)), align, 100); }

/* Aligned to 64, and not to any more. */
static void says_more(size_t align)
{
	char *p = hide(aligned_alloc(64, 64));

	for (int i = 0; i < 1000 && is_aligned_to(p, align); i++)
		p = hide(aligned_alloc(64, 64));
	free_aligned_sized(p, align, 64);
}

TEST(a_wrong_alignment_ends_the_process)
{
	DIES(aligned_says_1000, 1200, "free_aligned_sized(): invalid size");
	DIES(aligned_says_1000, 300, "free_aligned_sized(): invalid size");
	DIES(aligned_says_1000, SIZE_MAX, "free_aligned_sized(): invalid size");
	DIES(says_alignment, 0, "free_aligned_sized(): invalid alignment");
	DIES(says_alignment, 48, "free_aligned_sized(): invalid alignment");
	DIES(says_alignment, SIZE_MAX, "free_aligned_sized(): invalid alignment");
	DIES(says_more, 128, "free_aligned_sized(): invalid alignment");
	DIES(says_more, (size_t)1 << 40, "free_aligned_sized(): invalid alignment");
	EXPECT_EQ(0, ends_by(says_alignment, 64));
}

static void misaligned(size_t by) { free_sized((char *)hide(malloc(100)) + by, 100); }
static void misaligned_aligned(size_t by) { free_aligned_sized((char *)hide(malloc(100)) + by, 8, 100); }

static void twice(size_t size)
{
	void *p = hide(malloc(size));

	free_sized(p, size);
	free_sized(p, size);
}

TEST(what_free_notices_is_noticed_too)
{
	DIES(misaligned, 1, "free_sized(): invalid pointer");
	DIES(misaligned, 8, "free_sized(): invalid pointer");
	DIES(misaligned_aligned, 8, "free_aligned_sized(): invalid pointer");
	EXPECT_EQ(SIGABRT, ends_by(twice, 100));
	EXPECT_EQ(SIGABRT, ends_by(twice, 700));
	EXPECT_EQ(SIGABRT, ends_by(twice, 50000));
	EXPECT_NE(NULL, strstr(said, "double free")) TH_LOG("%s", said);
}

TEST_HARNESS_MAIN
