// SPDX-License-Identifier: GPL-2.0
/*
 * Declared regions: what is accepted, what replaces what, what a child gets.
 */
#include "weir_test.h"

#define PAGE	4096UL
#define TOP	0x7ffffffff000UL	/* the address space ends here */

static char *area;
static ctlpage_t *page;

FIXTURE(regions) { };
FIXTURE_SETUP(regions)
{
	page = weir_attach_self();
	ASSERT_NE(NULL, page);
	area = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, area);
	madvise(area, 64 * PAGE, MADV_NOHUGEPAGE);
}
FIXTURE_TEARDOWN(regions) { }

/* Declare ranges of @area, given as first page, page behind, kind. */
static int declare(unsigned int nr, const int (*ranges)[3])
{
	struct weir_regions regions = { .size = sizeof(regions), .nr = nr };
	unsigned int i;

	for (i = 0; i < nr; i++) {
		regions.region[i].start = (unsigned long)area + ranges[i][0] * PAGE;
		regions.region[i].end = (unsigned long)area + ranges[i][1] * PAGE;
		regions.region[i].kind = ranges[i][2];
	}
	return weir_call_once(WEIR_IOC_SET_REGIONS, &regions);
}

/* Touch one page: 'h' if it was counted as heap, 'm' as mmap, '-' as neither, '?' wrongly. */
static char counted_as(int nr)
{
	uint64_t heap, alone;

	madvise(area + nr * PAGE, PAGE, MADV_DONTNEED);
	heap = page->faults.heap_minflt;
	alone = page->faults.mmap_minflt;
	*(volatile char *)(area + nr * PAGE) = 1;
	heap = page->faults.heap_minflt - heap;
	alone = page->faults.mmap_minflt - alone;
	return heap + alone > 1 ? '?' : heap ? 'h' : alone ? 'm' : '-';
}

static const char *counted(void)
{
	static char text[17];
	int i;

	for (i = 0; i < 16; i++)
		text[i] = counted_as(i);
	return text;
}

TEST_F(regions, none_at_first)
{
	EXPECT_STREQ("----------------", counted());
}

TEST_F(regions, eight_in_any_order)
{
	static const int ranges[8][3] = {
		{ 12, 13, 2 }, { 0, 1, 1 }, { 14, 15, 1 }, { 2, 3, 2 }, { 4, 5, 1 }, { 10, 11, 1 },
		{ 6, 7, 2 }, { 8, 9, 2 },
	};

	ASSERT_EQ(0, declare(8, ranges));
	EXPECT_STREQ("h-m-h-m-m-h-m-h-", counted());
}

TEST_F(regions, neighbours_do_not_overlap)
{
	static const int ranges[3][3] = { { 4, 8, 2 }, { 1, 4, 1 }, { 8, 9, 1 } };

	ASSERT_EQ(0, declare(3, ranges));
	EXPECT_STREQ("-hhhmmmmh-------", counted());
}

TEST_F(regions, the_latest_declaration_replaces_and_counts_stay)
{
	static const int before[1][3] = { { 0, 4, 1 } }, after[1][3] = { { 2, 6, 2 } };
	uint64_t heap;

	ASSERT_EQ(0, declare(1, before));
	EXPECT_STREQ("hhhh------------", counted());
	heap = page->faults.heap_minflt;
	ASSERT_EQ(0, declare(1, after));
	EXPECT_STREQ("--mmmm----------", counted());
	ASSERT_EQ(0, declare(0, NULL));
	EXPECT_STREQ("----------------", counted());
	EXPECT_EQ(heap, page->faults.heap_minflt);
	EXPECT_EQ(4, page->faults.mmap_minflt);
}

TEST_F(regions, a_refused_declaration_changes_nothing)
{
	static const int good[1][3] = { { 0, 4, 1 } };
	static const int bad[2][3] = { { 5, 9, 1 }, { 8, 10, 2 } };

	ASSERT_EQ(0, declare(1, good));
	EXPECT_EQ(-EINVAL, declare(2, bad));
	EXPECT_STREQ("hhhh------------", counted());
}

TEST_F(regions, the_whole_address_space)
{
	struct weir_regions regions = {
		.size = sizeof(regions), .nr = 1, .region = { { 0, TOP, WEIR_REGION_MMAP, 0 } },
	};

	ASSERT_EQ(0, weir_call_once(WEIR_IOC_SET_REGIONS, &regions));
	EXPECT_STREQ("mmmmmmmmmmmmmmmm", counted());
}

/* brk memory is heap whatever is declared over it. */
TEST_F(regions, brk_memory_stays_heap)
{
	struct weir_regions regions = {
		.size = sizeof(regions), .nr = 1, .region = { { 0, TOP, WEIR_REGION_MMAP, 0 } },
	};
	char *top = sbrk(4 * PAGE);
	uint64_t heap;

	ASSERT_EQ(0, weir_call_once(WEIR_IOC_SET_REGIONS, &regions));
	top = (char *)(((unsigned long)top + PAGE - 1) & -PAGE);
	heap = page->faults.heap_minflt;
	*(volatile char *)top = 1;
	EXPECT_EQ(heap + 1, page->faults.heap_minflt);
}

TEST_F(regions, a_child_inherits_them)
{
	static const int ranges[2][3] = { { 0, 4, 1 }, { 6, 9, 2 } };
	pid_t pid;

	ASSERT_EQ(0, declare(2, ranges));
	IN_CHILD(pid) {
		CHECK(weir_attach_child(page) == 0);
		CHECK(!strcmp("hhhh--mmm-------", counted()));
		CHECK(declare(0, NULL) == 0);
		CHECK(!strcmp("----------------", counted()));
	}
	EXPECT_EQ(0, child_status(pid));
	EXPECT_STREQ("hhhh--mmm-------", counted());
}

TEST_HARNESS_MAIN
