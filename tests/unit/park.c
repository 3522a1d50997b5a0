// SPDX-License-Identifier: LGPL-2.1-or-later
/* A large chunk that was freed waits for the next request of its size. */
#include <malloc.h>

#include "arena.h"
#include "expect.h"

RUN_WITH_ENVIRONMENT("WEIR_OPTIONS", "policy=auto")

#define LARGE	((size_t)200 * 1024)

static struct chunk *parked(void) { return main_arena.parked; }

/* With a block behind it, so that it does not end at the top. The first ones are mapped alone. */
static void *large(void)
{
	void *p;

	free(hide(malloc(2 * LARGE)));
	p = hide(malloc(LARGE));
	hide(malloc(3000));
	return p;
}

TEST(same_size_gets_it_back)
{
	void *p = large();

	free(p);
	EXPECT_EQ(mem2chunk(p), parked());
	HEAP_IS_RIGHT();
	EXPECT_EQ(p, hide(malloc(LARGE)));
	EXPECT_EQ(NULL, parked());
	HEAP_IS_RIGHT();
	free(p);
	HEAP_IS_RIGHT();
}

TEST(is_zeroed_for_calloc)
{
	char *p = large();

	memset(p, 0xff, LARGE);
	free(p);
	ASSERT_EQ(p, (char *)hide(calloc(1, LARGE)));
	EXPECT_TRUE(is_filled(p, 0, LARGE));
}

TEST(another_size_has_it_coalesced)
{
	void *p = large(), *q;

	free(p);
	q = hide(malloc(LARGE / 2));
	EXPECT_EQ(NULL, parked());
	EXPECT_EQ(p, q);
	HEAP_IS_RIGHT();
}

TEST(the_next_takes_its_place)
{
	void *p = large(), *q = large();

	free(p);
	free(q);
	EXPECT_EQ(mem2chunk(q), parked());
	HEAP_IS_RIGHT();
	EXPECT_EQ(q, hide(malloc(LARGE)));
	EXPECT_EQ(p, hide(malloc(LARGE)));
	HEAP_IS_RIGHT();
}

TEST(neighbour_grows_into_it)
{
	char *p = hide(malloc(LARGE)), *q = hide(malloc(LARGE));

	hide(malloc(3000));
	ASSERT_EQ(mem2chunk(q), next_chunk(mem2chunk(p)));
	free(q);
	EXPECT_EQ(p, (char *)hide(realloc(p, LARGE + LARGE / 2)));
	EXPECT_EQ(NULL, parked());
	HEAP_IS_RIGHT();
}

TEST(counts_as_free)
{
	struct mallinfo2 before, after;
	void *p = large();

	before = mallinfo2();
	free(p);
	after = mallinfo2();
	EXPECT_EQ(mem2chunk(p), parked());
	EXPECT_EQ(before.uordblks - chunksize(mem2chunk(p)), after.uordblks);
	EXPECT_EQ(before.fordblks + chunksize(mem2chunk(p)), after.fordblks);
}

TEST(trim_and_another_policy_have_it_coalesced)
{
	void *p = large();

	free(p);
	malloc_trim(0);
	EXPECT_EQ(NULL, parked());
	p = large();
	free(p);
	EXPECT_NE(NULL, parked());
	mallopt(M_TRIM_THRESHOLD, 1 << 20);
	free(large());
	EXPECT_EQ(NULL, parked());
	HEAP_IS_RIGHT();
}

TEST(free_twice)
{
	void *p = large();

	free(p);
	DIES("free(): double free or corruption (fasttop)", free(p));
}

TEST(realloc_when_freed)
{
	void *p = large();

	free(p);
	DIES("realloc(): invalid pointer", hide(realloc(p, LARGE)));
	DIES("realloc(): invalid pointer", hide(realloc(p, LARGE + LARGE / 2)));
	DIES("realloc(): invalid pointer", hide(realloc(p, LARGE / 2)));
}

TEST(realloc_to_the_same_size)
{
	void *p = large();

	EXPECT_EQ(p, hide(realloc(p, LARGE)));
	EXPECT_EQ(p, hide(realloc(p, LARGE - 1)));
	HEAP_IS_RIGHT();
}

TEST_HARNESS_MAIN
