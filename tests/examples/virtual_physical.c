// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A = malloc(30K), B = 40K, D = 100K on brk, C = 200K mapped alone: what is given back when, and
 * what has physical pages.
 */
#include <malloc.h>

#include "kselftest_harness.h"
#include "process.h"

RUN_WITH_ENVIRONMENT("WEIR_OPTIONS", "policy=fixed")

#define HEADER ((size_t)16)

FIXTURE(abcd) {
	char *a, *b, *c, *d;
	char *heap, *end;	/* brk before and after */
};

FIXTURE_VARIANT(abcd) {
	size_t top_pad;
};

FIXTURE_VARIANT_ADD(abcd, default_pad) { .top_pad = 128 * K };
FIXTURE_VARIANT_ADD(abcd, no_pad) { .top_pad = 0 };

FIXTURE_SETUP(abcd)
{
	ASSERT_EQ(1, mallopt(M_TOP_PAD, variant->top_pad));
	self->heap = sbrk(0);
	self->a = malloc(30 * K);
	self->b = malloc(40 * K);
	self->c = malloc(200 * K);
	self->d = malloc(100 * K);
	self->end = sbrk(0);
	ASSERT_TRUE(self->a && self->b && self->c && self->d);
}

FIXTURE_TEARDOWN(abcd)
{
}

TEST_F(abcd, places)
{
	EXPECT_EQ(self->heap + HEADER, self->a);
	EXPECT_EQ(self->a + 30 * K + HEADER, self->b);
	EXPECT_EQ(self->b + 40 * K + HEADER, self->d);
	EXPECT_LE(self->d + 100 * K, self->end);
	EXPECT_TRUE(self->c < self->heap || self->c >= self->end);
	EXPECT_EQ(1, mallinfo2().hblks);
	EXPECT_EQ(204800 + 4096, mallinfo2().hblkhd);
	/* The heap is as long as it must be, and top_pad longer. */
	EXPECT_LE(170 * K + 3 * HEADER + variant->top_pad, (size_t)(self->end - self->heap));
	EXPECT_GT(170 * K + 4 * HEADER + 2 * variant->top_pad + 2 * PAGE, (size_t)(self->end - self->heap));
}

TEST_F(abcd, untouched_has_no_pages)
{
	EXPECT_EQ(0, pages_resident(self->b, 40 * K));
	EXPECT_EQ(0, pages_resident(self->d, 100 * K));
	/* The page of C's header is there, those behind it are not. */
	EXPECT_EQ(0, pages_resident(self->c, 200 * K));
	EXPECT_EQ(49, pages_inside(self->c, 200 * K));
}

TEST_F(abcd, fresh_mapped_reads_as_zero)
{
	EXPECT_TRUE(is_filled(self->c, 0, 200 * K));
	memset(self->c, 'x', 200 * K);
	free(self->c);
	EXPECT_TRUE(is_filled(malloc(200 * K), 0, 200 * K));
}

TEST_F(abcd, free_c_returns_both_at_once)
{
	long virtual, physical;

	memset(self->c, 'c', 200 * K);
	virtual = virtual_memory();
	physical = physical_memory();
	free(self->c);
	EXPECT_EQ(virtual - 204, virtual_memory());
	EXPECT_EQ(physical - 204, physical_memory());
	EXPECT_EQ(-1, pages_resident(self->c, 200 * K));
	EXPECT_EQ(self->end, (char *)sbrk(0));
}

TEST_F(abcd, free_b_returns_nothing_and_is_reused)
{
	long virtual, physical;

	memset(self->b, 'b', 40 * K);
	virtual = virtual_memory();
	physical = physical_memory();
	free(self->b);
	EXPECT_EQ(virtual, virtual_memory());
	EXPECT_EQ(physical, physical_memory());
	EXPECT_EQ(pages_inside(self->b, 40 * K), pages_resident(self->b, 40 * K));
	EXPECT_EQ(40 * K + HEADER, mallinfo2().fordblks - mallinfo2().keepcost);
	EXPECT_EQ(self->b, (char *)malloc(40 * K));
	EXPECT_EQ(virtual, virtual_memory());
}

TEST_F(abcd, free_d_joins_and_trims)
{
	size_t top = mallinfo2().keepcost, joined = top + 140 * K + 2 * HEADER;
	long virtual = virtual_memory(), physical;
	char *end, *written;

	memset(self->b, 'b', 40 * K);
	memset(self->d, 'd', 100 * K);
	free(self->b);
	EXPECT_EQ(2, mallinfo2().ordblks);
	physical = physical_memory();
	free(self->d);
	/* One free chunk, the top, and of that no more than top_pad and a page is left. */
	EXPECT_EQ(1, mallinfo2().ordblks);
	end = sbrk(0);
	EXPECT_EQ(joined - mallinfo2().keepcost, (size_t)(self->end - end));
	EXPECT_LE(variant->top_pad, mallinfo2().keepcost);
	EXPECT_GT(variant->top_pad + PAGE + 2 * HEADER, mallinfo2().keepcost);
	EXPECT_EQ((size_t)(end - self->heap), mallinfo2().arena);
	EXPECT_EQ((self->end - end) / (long)K, virtual - virtual_memory());
	/* What was written above the new end has gone from physical memory, the rest has not. */
	written = self->d + 100 * K + HEADER;	/* by us, and the top's header */
	EXPECT_EQ(physical - (long)((written - end + PAGE - 1) / PAGE * (PAGE / K)), physical_memory());
	EXPECT_EQ(-1, pages_resident(end, PAGE));
}

TEST_F(abcd, free_d_below_the_threshold_keeps)
{
	ASSERT_EQ(1, mallopt(M_TRIM_THRESHOLD, 16 * M));
	free(self->b);
	free(self->d);
	EXPECT_EQ(self->end, (char *)sbrk(0));
	ASSERT_EQ(1, mallopt(M_TRIM_THRESHOLD, -1));
	free(self->a);
	EXPECT_EQ(self->end, (char *)sbrk(0));
}

TEST_HARNESS_MAIN
