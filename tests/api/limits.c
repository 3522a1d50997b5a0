// SPDX-License-Identifier: LGPL-2.1-or-later
/* Odd sizes and arguments: zero, the largest, overflow in a product, an alignment that is none. */
#include <errno.h>
#include <malloc.h>

#include "kselftest_harness.h"
#include "process.h"

TEST(size_zero_is_a_block)
{
	void *p = hide(malloc(0)), *q = hide(malloc(0)), *r = hide(calloc(0, 0)), *s = hide(calloc(0, 7));

	EXPECT_TRUE(p && q && r && s);
	EXPECT_TRUE(p != q && q != r && r != s);
	EXPECT_LE(1, malloc_usable_size(p));
	free(p);
	free(q);
	free(r);
	free(s);
	free(hide(memalign(64, 0)));
	free(hide(valloc(0)));
	free(hide(pvalloc(0)));
}

TEST(realloc_to_zero_frees)
{
	void *p = hide(malloc(5000));
	size_t used = mallinfo2().uordblks;

	EXPECT_EQ(NULL, hide(realloc(p, 0)));
	EXPECT_GT(used, mallinfo2().uordblks);
	p = hide(malloc(500 * K));
	EXPECT_EQ(NULL, hide(reallocarray(p, 0, 7)));
	EXPECT_EQ(0, mallinfo2().hblks);
	/* NULL allocates. */
	p = hide(realloc(NULL, 0));
	EXPECT_NE(NULL, p);
	free(p);
}

TEST(free_of_null)
{
	free(NULL);
	EXPECT_EQ(0, malloc_usable_size(NULL));
}

TEST(too_large)
{
	for (size_t size = (size_t)PTRDIFF_MAX - 64; size <= (size_t)PTRDIFF_MAX + 64; size++) {
		errno = 0;
		ASSERT_EQ(NULL, hide(malloc(size)));
		ASSERT_EQ(ENOMEM, errno);
	}
	for (size_t off = 0; off < 70; off++) {
		ASSERT_EQ(NULL, hide(malloc(SIZE_MAX - off)));
		ASSERT_EQ(NULL, hide(calloc(1, SIZE_MAX - off)));
		ASSERT_EQ(NULL, hide(memalign(4096, SIZE_MAX - off * 100)));
		ASSERT_EQ(NULL, hide(pvalloc(SIZE_MAX - off * 100)));
		ASSERT_EQ(NULL, hide(realloc(NULL, SIZE_MAX - off)));
	}
	/* More than any address space has, less than what is refused out of hand. */
	for (volatile int bit = 48; bit < 63; bit++) {
		ASSERT_EQ(NULL, hide(malloc((size_t)1 << bit)));
		ASSERT_EQ(NULL, hide(memalign((size_t)1 << bit, 1)));
		ASSERT_EQ(NULL, hide(memalign(64, (size_t)1 << bit)));
	}
	/* And it still works. */
	free(hide(malloc(1000)));
	EXPECT_NE(NULL, hide(malloc(200 * M)));
}

TEST(products_that_overflow)
{
	static const size_t factors[][2] = {
		{ SIZE_MAX, 2 }, { 2, SIZE_MAX }, { SIZE_MAX / 2 + 1, 2 }, { (size_t)1 << 32, (size_t)1 << 32 },
		{ SIZE_MAX, SIZE_MAX }, { ((size_t)1 << 32) + 1, (size_t)1 << 32 }, { SIZE_MAX / 16 + 1, 16 },
		{ SIZE_MAX / 3 + 1, 3 },
	};
	char *p = hide(malloc(77));

	memset(p, 'p', 77);
	for (size_t i = 0; i < sizeof(factors) / sizeof(factors[0]); i++) {
		errno = 0;
		EXPECT_EQ(NULL, hide(calloc(factors[i][0], factors[i][1])));
		EXPECT_EQ(ENOMEM, errno);
		errno = 0;
		EXPECT_EQ(NULL, hide(reallocarray(p, factors[i][0], factors[i][1])));
		EXPECT_EQ(ENOMEM, errno);
		EXPECT_EQ(NULL, hide(reallocarray(NULL, factors[i][0], factors[i][1])));
	}
	EXPECT_TRUE(is_filled(p, 'p', 77));
	EXPECT_NE(NULL, p = hide(reallocarray(p, 11, 11)));
	EXPECT_LE(121, malloc_usable_size(p));
}

TEST(posix_memalign_refuses)
{
	static const volatile size_t bad[] = { 0, 1, 2, 3, 4, 7, 9, 12, 24, 100, 4095, 4097, SIZE_MAX, SIZE_MAX / 2 };
	void *p = (void *)0x1234;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		errno = 777;
		EXPECT_EQ(EINVAL, posix_memalign(&p, bad[i], 100));
		EXPECT_EQ(777, errno);
		EXPECT_EQ((void *)0x1234, p);
	}
	/* Too large: returned, errno and *memptr left alone. */
	EXPECT_EQ(ENOMEM, posix_memalign(&p, 64, SIZE_MAX));
	EXPECT_EQ(ENOMEM, posix_memalign(&p, 64, SIZE_MAX - 64));
	EXPECT_EQ(ENOMEM, posix_memalign(&p, (size_t)1 << 62, 100));
	EXPECT_EQ(ENOMEM, posix_memalign(&p, (size_t)1 << 63, 100));
	EXPECT_EQ(ENOMEM, posix_memalign(&p, 8, PTRDIFF_MAX));
	EXPECT_EQ(777, errno);
	EXPECT_EQ((void *)0x1234, p);
	EXPECT_EQ(0, posix_memalign(&p, 8, 0));
	EXPECT_NE(NULL, p);
	free(p);
}

TEST(aligned_alloc_refuses)
{
	static const volatile size_t bad[] = { 0, 3, 24, 100, SIZE_MAX };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		errno = 0;
		EXPECT_EQ(NULL, hide(aligned_alloc(bad[i], 96)));
		EXPECT_EQ(EINVAL, errno);
	}
	/* Any size will do, as in C17 and glibc. */
	EXPECT_NE(NULL, hide(aligned_alloc(64, 1)));
	EXPECT_NE(NULL, hide(aligned_alloc(1, 100)));
}

TEST(memalign_rounds_up_or_refuses)
{
	/* Not for the compiler to see: clang 14 crashes over such constants. */
	static const volatile size_t bad[] = { SIZE_MAX, SIZE_MAX / 2 + 2 }, largest = SIZE_MAX / 2 + 1,
		odd[] = { 24, 1000, 0 };

	for (size_t i = 0; i < 2; i++) {
		errno = 0;
		EXPECT_EQ(NULL, hide(memalign(bad[i], 100)));
		EXPECT_EQ(EINVAL, errno);
	}
	errno = 0;
	EXPECT_EQ(NULL, hide(memalign(largest, 100)));
	EXPECT_EQ(ENOMEM, errno);
	EXPECT_TRUE(is_aligned_to(hide(memalign(odd[0], 100)), 32));
	EXPECT_TRUE(is_aligned_to(hide(memalign(odd[1], 100)), 1024));
	EXPECT_NE(NULL, hide(memalign(odd[2], 100)));
}

TEST_HARNESS_MAIN
