// SPDX-License-Identifier: LGPL-2.1-or-later
/* realloc keeps the contents in every direction, and stays in place where it can. */
#include <malloc.h>

#include "kselftest_harness.h"
#include "process.h"

static void fill(unsigned char *p, size_t size)
{
	for (size_t i = 0; i < size; i++)
		p[i] = i * 7 + (i >> 8);
}

static bool is_as_filled(const unsigned char *p, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (p[i] != (unsigned char)(i * 7 + (i >> 8)))
			return false;
	return true;
}

/* p holds from bytes that were filled; the result, all of which is filled, holds to. */
#define RESIZED(p, from, to) ({						\
	unsigned char *moved = hide(realloc(p, to));			\
									\
	ASSERT_NE(NULL, moved);						\
	ASSERT_TRUE(is_as_filled(moved, (from) < (to) ? (from) : (to)));\
	ASSERT_LE((size_t)(to), malloc_usable_size(moved));		\
	fill(moved, malloc_usable_size(moved));				\
	moved;								\
})

static unsigned char *filled(size_t size)
{
	unsigned char *p = hide(malloc(size));

	fill(p, malloc_usable_size(p));
	return p;
}

TEST(grows_into_the_top)
{
	unsigned char *p = filled(2000);

	EXPECT_EQ(p, RESIZED(p, 2000, 50 * K));
	/* Beyond what the top has now: it grows. */
	EXPECT_EQ(p, RESIZED(p, 50 * K, 120 * K));
	mallopt(M_MMAP_MAX, 0);
	EXPECT_EQ(p, RESIZED(p, 120 * K, 3 * M));
	EXPECT_EQ(p, RESIZED(p, 3 * M, 2000));
}

TEST(grows_into_a_free_neighbour)
{
	unsigned char *p = filled(2000), *next = filled(3000), *guard = filled(2000);

	free(next);
	EXPECT_EQ(p, RESIZED(p, 2000, 4000));
	/* What was left of the neighbour is free and is found. */
	EXPECT_EQ(p + 4016, hide(malloc(800)));
	EXPECT_TRUE(is_as_filled(guard, 2000));
}

TEST(takes_all_of_a_neighbour_that_just_fits)
{
	unsigned char *p = filled(2000), *next = filled(3000), *guard = filled(2000);

	free(next);
	EXPECT_EQ(p, RESIZED(p, 2000, 2000 + 3008));
	EXPECT_EQ(1, mallinfo2().ordblks);
	EXPECT_TRUE(is_as_filled(guard, 2000));
	/* One byte more than fits moves it. */
	EXPECT_NE(p, RESIZED(p, 5008, 5030));
	EXPECT_TRUE(is_as_filled(guard, 2000));
}

TEST(shrinks_in_place)
{
	unsigned char *p = filled(50000), *guard = filled(2000);

	EXPECT_EQ(p, RESIZED(p, 50000, 20000));
	EXPECT_EQ(p, RESIZED(p, 20000, 19990));
	EXPECT_EQ(p, RESIZED(p, 19990, 1500));
	EXPECT_EQ(p, RESIZED(p, 1500, 100));
	EXPECT_EQ(p, RESIZED(p, 100, 1));
	/* The rest is one free chunk. */
	EXPECT_EQ(2, mallinfo2().ordblks);
	EXPECT_EQ(p + 32, hide(malloc(49900)));
	EXPECT_TRUE(is_as_filled(guard, 2000));
}

TEST(moves_where_it_must)
{
	unsigned char *p = filled(2000), *guard = filled(2000), *moved;

	moved = RESIZED(p, 2000, 3000);
	EXPECT_NE(p, moved);
	/* The old place is free. */
	EXPECT_EQ(p, hide(malloc(2000)));
	EXPECT_TRUE(is_as_filled(guard, 2000));
}

TEST(mapped_to_mapped)
{
	unsigned char *p = filled(200 * K);

	p = RESIZED(p, 200 * K, 201 * K);
	p = RESIZED(p, 201 * K, 2 * M);
	p = RESIZED(p, 2 * M, 90 * M);
	EXPECT_EQ(1, mallinfo2().hblks);
	EXPECT_GT(90 * M + 2 * PAGE, mallinfo2().hblkhd);
	p = RESIZED(p, 90 * M, 1 * M);
	EXPECT_GT(1 * M + 2 * PAGE, mallinfo2().hblkhd);
	p = RESIZED(p, 1 * M, 150 * K);
	p = RESIZED(p, 150 * K, 10);
	EXPECT_LE(1, malloc_usable_size(p));
	free(p);
	EXPECT_EQ(0, mallinfo2().hblks);
	EXPECT_EQ(0, mallinfo2().hblkhd);
}

/* Growing a block mapped alone must not copy what the kernel can move. */
TEST(mapped_in_the_way)
{
	unsigned char *p = filled(300 * K), *q = filled(300 * K), *r = filled(300 * K);

	p = RESIZED(p, 300 * K, 1 * M);
	q = RESIZED(q, 300 * K, 2 * M);
	r = RESIZED(r, 300 * K, 3 * M);
	p = RESIZED(p, 1 * M, 5 * M);
	EXPECT_TRUE(is_as_filled(q, 2 * M) && is_as_filled(r, 3 * M) && is_as_filled(p, 5 * M));
	EXPECT_EQ(3, mallinfo2().hblks);
	free(q);
	free(p);
	free(r);
	EXPECT_EQ(0, mallinfo2().hblkhd);
}

TEST(heap_to_mapped_and_back)
{
	unsigned char *p = filled(100 * K), *guard = filled(2000);

	p = RESIZED(p, 100 * K, 300 * K);
	EXPECT_EQ(1, mallinfo2().hblks);
	/* The kernel cannot make it longer: copied to where there is room. */
	mallopt(M_MMAP_MAX, 0);
	p = RESIZED(p, 300 * K, 10);
	p = RESIZED(p, 10, 120 * K);
	p = RESIZED(p, 120 * K, 600 * K);
	free(p);
	EXPECT_EQ(0, mallinfo2().hblks);
	EXPECT_TRUE(is_as_filled(guard, 2000));
}

TEST(mapped_page_by_page_protected)
{
	unsigned char *p = filled(300 * K);

	/* A mapping in two parts cannot be moved by the kernel as one: it is copied. */
	ASSERT_EQ(0, madvise((void *)(((uintptr_t)p & -PAGE) + 16 * PAGE), 16 * PAGE, MADV_DONTFORK));
	p = RESIZED(p, 300 * K, 2 * M);
	free(p);
	EXPECT_EQ(0, mallinfo2().hblks);
}

TEST(aligned_block)
{
	unsigned char *p = hide(memalign(4096, 5000)), *q = hide(memalign(1 * M, 500 * K));

	fill(p, 5000);
	fill(q, 500 * K);
	for (size_t size = 5000; size < 4 * M; size *= 2)
		p = RESIZED(p, size, size * 2);
	q = RESIZED(q, 500 * K, 600 * K);
	q = RESIZED(q, 600 * K, 40 * M);
	q = RESIZED(q, 40 * M, 3000);
	free(p);
	free(q);
	EXPECT_EQ(0, mallinfo2().hblks);
}

TEST(every_size_to_every_size)
{
	static const size_t size[] = { 1, 24, 25, 40, 100, 500, 1032, 1033, 1040, 2000, 4096, 5000, 40000,
				       131000, 131072, 140000, 300000, 1000000 };

	for (size_t i = 0; i < sizeof(size) / sizeof(size[0]); i++)
		for (size_t j = 0; j < sizeof(size) / sizeof(size[0]); j++) {
			unsigned char *p = filled(size[i]);

			p = RESIZED(p, size[i], size[j]);
			p = RESIZED(p, size[j], size[i]);
			if ((i + j) % 3)
				free(p);
		}
}

TEST(a_little_at_a_time)
{
	unsigned char *p = filled(1), *q = filled(1);
	size_t size = 1;

	for (; size < 400 * K; size += 1 + size / 100) {
		size_t next = size + 1 + size / 100;

		p = RESIZED(p, size, next);
		q = RESIZED(q, size, next);
	}
	for (; size > 2; size -= 1 + size / 50) {
		p = RESIZED(p, size, size - (1 + size / 50));
		q = RESIZED(q, size, size - (1 + size / 50));
	}
	free(p);
	free(q);
	malloc_trim(0);
	EXPECT_EQ(0, mallinfo2().uordblks);
	EXPECT_EQ(0, mallinfo2().hblkhd);
}

RUN_WITH_ENVIRONMENT("WEIR_OPTIONS", "policy=fixed")
TEST_HARNESS_MAIN
