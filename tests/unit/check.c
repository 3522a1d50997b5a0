// SPDX-License-Identifier: LGPL-2.1-or-later
/* The validator that the stress relies on: finds nothing wrong with a heap that is right, and what is. */
#include <malloc.h>

#include "arena.h"
#include "check.h"
#include "kselftest_harness.h"
#include "process.h"
#include "tcache.h"

RUN_WITH_ENVIRONMENT("WEIR_OPTIONS", "policy=fixed")

static char why[200];

static struct chunk *chunk_of(void *p) { return hide(mem2chunk(p)); }

/* A free chunk, in a bin, of several of this size and others. */
static struct chunk *free_chunk(size_t size)
{
	void *p[10];

	for (int i = 0; i < 10; i++) {
		p[i] = hide(malloc(size + i / 3 * 16));
		hide(malloc(2000));
	}
	for (int i = 0; i < 10; i++)
		free(p[i]);
	hide(malloc(100 * K));
	return chunk_of(p[4]);
}

#define RIGHT() do { bool ok = heap_check(why, sizeof(why)); ASSERT_TRUE(ok) TH_LOG("%s", why); } while (0)
#define WRONG(harm) do {				\
	harm;						\
	why[0] = 0;					\
	EXPECT_FALSE(heap_check(why, sizeof(why)));	\
	EXPECT_NE(0, why[0]);				\
} while (0)

TEST(a_right_heap)
{
	RIGHT();
	free_chunk(100);
	RIGHT();
	free_chunk(5000);
	RIGHT();
	free(hide(malloc(500 * K)));
	hide(malloc(500 * K));
	RIGHT();
	malloc_trim(0);
	RIGHT();
}

TEST(size_of_a_chunk_in_use)
{
	void *p = hide(malloc(3000));

	hide(malloc(3000));
	WRONG(chunk_of(p)->size += 16);
}

TEST(prev_inuse_lost)
{
	hide(malloc(3000));
	WRONG(chunk_of(hide(malloc(3000)))->size &= ~PREV_INUSE);
}

TEST(free_chunk_in_no_list)
{
	struct chunk *c = free_chunk(5000);

	WRONG({ c->fd->bk = c->bk; c->bk->fd = c->fd; });
}

TEST(foot) { WRONG(next_chunk(free_chunk(5000))->prev_size -= 16); }
TEST(links)
{
	struct chunk *c = free_chunk(5000);

	WRONG(c->fd = c);
}

TEST(binmap)
{
	free_chunk(5000);
	WRONG(memset(main_arena.binmap, 0, sizeof(main_arena.binmap)));
}
TEST(total) { hide(malloc(100)); WRONG(main_arena.system_mem += 16); }
TEST(top_size) { hide(malloc(100)); WRONG(main_arena.top->size -= 4096); }
TEST(fresh) { hide(malloc(100)); WRONG(main_arena.fresh[100] = 1); }

/* Somebody else moves brk: the heap goes on behind, and all of its segments are looked at. */
static struct chunk *chunk_in_old_segment(void)
{
	struct chunk *c = chunk_of(hide(malloc(3000)));

	for (int i = 0; i < 3; i++) {
		sbrk(100);
		hide(malloc(300 * K));
	}
	return c;
}

TEST(segments) { chunk_in_old_segment(); RIGHT(); }
TEST(old_segment) { WRONG(chunk_in_old_segment()->size += 16); }

/* To the byte, whatever the segments have in front and behind. */
TEST(sums)
{
	struct heap_sum before, now;
	void *p;

	chunk_in_old_segment();
	malloc_trim(0);
	ASSERT_TRUE(heap_check_sum(why, sizeof(why), &before));
	p = hide(malloc(100 * K));	/* of a size that is not cached */
	ASSERT_TRUE(heap_check_sum(why, sizeof(why), &now));
	EXPECT_EQ(before.used_count + 1, now.used_count);
	EXPECT_EQ(before.used_bytes + 100 * K + 16, now.used_bytes);
	free(p);
	p = hide(malloc(500 * K));
	ASSERT_TRUE(heap_check_sum(why, sizeof(why), &now));
	EXPECT_EQ(before.used_count, now.used_count);
	EXPECT_EQ(before.used_bytes, now.used_bytes);
	EXPECT_LE(before.mapped + 500 * K, now.mapped);
	free(p);
	malloc_trim(0);
	ASSERT_TRUE(heap_check_sum(why, sizeof(why), &now));
	EXPECT_EQ(before.mapped, now.mapped);
}

TEST(ring)
{
	struct chunk *c = free_chunk(5000);

	while (!c->fd_nextsize)
		c = c->bk;
	WRONG(c->fd_nextsize = c);
}

TEST(cached_chunk_written_to)
{
	void **p = hide(malloc(40));

	free(p);
	RIGHT();
	WRONG(p[1] = NULL);
}

TEST_HARNESS_MAIN
