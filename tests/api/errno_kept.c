// SPDX-License-Identifier: LGPL-2.1-or-later
/* A call that succeeds leaves errno alone, whatever it tried on the way. */
#include <errno.h>
#include <malloc.h>

#include "kselftest_harness.h"
#include "process.h"

#define MARK 12345

static const size_t sizes[] = { 0, 1, 24, 100, 1032, 1033, 5000, 128 * K, 200 * K, 3 * M, 70 * M };
#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

#define KEEPS(expression) ({			\
	errno = MARK;				\
	__typeof__(expression) r = (expression);\
	EXPECT_EQ(MARK, errno);			\
	r;					\
})

#define KEEPS_VOID(call) do {			\
	errno = MARK;				\
	call;					\
	EXPECT_EQ(MARK, errno);			\
} while (0)

TEST(malloc_calloc_free)
{
	for (size_t i = 0; i < SIZES; i++)
		for (int again = 0; again < 3; again++) {
			void *p = KEEPS(malloc(sizes[i])), *q = KEEPS(calloc(sizes[i], 1));

			ASSERT_TRUE(p && q);
			KEEPS_VOID(free(p));
			KEEPS_VOID(free(q));
		}
	KEEPS_VOID(free(NULL));
}

TEST(realloc_everywhere)
{
	void *p = NULL;

	for (size_t from = 0; from < SIZES; from++)
		for (size_t to = 1; to < SIZES; to++) {
			p = KEEPS(realloc(p, sizes[from] + 1));
			p = KEEPS(realloc(p, sizes[to]));
			ASSERT_TRUE(p != NULL);
			p = KEEPS(reallocarray(p, sizes[from] + 1, 1));
			ASSERT_TRUE(p != NULL);
		}
	EXPECT_EQ(NULL, KEEPS(realloc(p, 0)));
}

TEST(aligned)
{
	for (size_t i = 0; i < SIZES; i++)
		for (size_t align = 8; align <= 4 * M; align *= 8) {
			void *p;

			p = KEEPS(memalign(align, sizes[i]));
			ASSERT_TRUE(p != NULL);
			KEEPS_VOID(free(p));
			p = KEEPS(aligned_alloc(align, sizes[i]));
			ASSERT_TRUE(p != NULL);
			KEEPS_VOID(free(p));
			ASSERT_EQ(0, KEEPS(posix_memalign(&p, align, sizes[i])));
			KEEPS_VOID(free(p));
		}
	KEEPS_VOID(free(KEEPS(valloc(100))));
	KEEPS_VOID(free(KEEPS(pvalloc(100))));
}

TEST(the_others)
{
	void *p = malloc(100);

	KEEPS(malloc_usable_size(p));
	KEEPS(mallopt(M_TOP_PAD, 0));
	KEEPS(mallopt(M_MMAP_THRESHOLD, 100000));
	KEEPS(mallopt(999, 0));
	KEEPS(malloc_trim(0));
	KEEPS(mallinfo().arena);
	KEEPS(mallinfo2().arena);
}

/* A call that fails says why, also where errno was 0. */
TEST(failure_is_enomem)
{
	void *p = malloc(100);

#define FAILS(expression) do { errno = 0; EXPECT_EQ(NULL, expression); EXPECT_EQ(ENOMEM, errno); } while (0)
	FAILS(malloc(SIZE_MAX));
	FAILS(calloc(SIZE_MAX, 1));
	FAILS(calloc(SIZE_MAX / 2, 3));
	FAILS(realloc(NULL, SIZE_MAX));
	FAILS(realloc(p, SIZE_MAX));
	FAILS(realloc(p, (size_t)PTRDIFF_MAX + 1));
	FAILS(reallocarray(p, SIZE_MAX / 2, 3));
	FAILS(reallocarray(NULL, SIZE_MAX, SIZE_MAX));
	FAILS(memalign(64, SIZE_MAX));
	FAILS(aligned_alloc(64, SIZE_MAX - 64));
	FAILS(valloc(SIZE_MAX));
	FAILS(valloc(SIZE_MAX - 4096));
	FAILS(pvalloc(SIZE_MAX));
	FAILS(pvalloc(SIZE_MAX - 4096));
	/* A block whose realloc failed is as it was. */
	memset(p, 1, 100);
	FAILS(realloc(p, (size_t)1 << 62));
	EXPECT_TRUE(is_filled(p, 1, 100));
	free(p);
}

TEST_HARNESS_MAIN
