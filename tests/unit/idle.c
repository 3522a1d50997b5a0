// SPDX-License-Identifier: LGPL-2.1-or-later
/* Letting go of idle memory, by a clock that the test moves. */
#include "idle.h"
#include "expect.h"
#include "knobs.h"
#include "os.h"
#include "tcache.h"

RUN_WITH_ENVIRONMENT("WEIR_OPTIONS", "policy=auto")

#define HOLD 20

/* In place of os_clock_ms(): the Makefile has the linker do so. */
uint64_t __wrap_os_clock_ms(void);
static uint64_t now = 1000000;
uint64_t __wrap_os_clock_ms(void) { return now; }

static void look(void)
{
	arena_lock(&main_arena);
	idle_look(&main_arena, HOLD);
	arena_unlock(&main_arena);
}

/* A millisecond at a time to the end of this window, with looks meanwhile if wanted. */
static void window_passes(void (*meanwhile)(void))
{
	size_t window = main_arena.window;

	for (int ms = 0; ms < 3 * HOLD && main_arena.window == window; ms++) {
		now++;
		look();
		if (meanwhile && main_arena.window == window)
			meanwhile();
	}
}

static struct chunk *take(size_t size)
{
	size_t dirty;
	struct chunk *c;

	arena_lock(&main_arena);
	c = arena_alloc(&main_arena, size, true, &dirty);
	arena_unlock(&main_arena);
	return c;
}

static void put(struct chunk *c)
{
	arena_lock(&main_arena);
	arena_coalesce(&main_arena, c);
	arena_unlock(&main_arena);
}

/* All of it resident, with one behind it that stays in use. */
static struct chunk *filled(size_t size)
{
	struct chunk *c = take(size);

	take(MINSIZE);
	memset(chunk2mem(c), 0x5a, size - SIZE_SZ);
	return c;
}

static long resident(const struct chunk *c, size_t size)
{
	return pages_resident(c, size);
}

#define SIZE (1024 * K + 16)

FIXTURE(idle) { };
FIXTURE_SETUP(idle)
{
	/* An arena without memory has no windows; the first look begins the first. */
	take(MINSIZE);
	window_passes(NULL);
	window_passes(NULL);
	ASSERT_EQ(2, main_arena.window);
}
FIXTURE_TEARDOWN(idle) { }

TEST_F(idle, window_lasts_the_hold_time)
{
	size_t window = main_arena.window;
	uint64_t start = main_arena.window_end - HOLD;

	now = start + HOLD - 1;
	for (int i = 0; i < 200; i++)
		look();
	EXPECT_EQ(window, main_arena.window);
	now = start + HOLD;
	for (int i = 0; i < 200; i++)
		look();
	EXPECT_EQ(window + 1, main_arena.window);
	HEAP_IS_RIGHT();
}

TEST_F(idle, free_chunk_is_let_go_after_a_whole_window)
{
	struct chunk *c = filled(SIZE);
	long pages = pages_inside(c, SIZE);

	put(c);
	HEAP_IS_RIGHT();
	EXPECT_EQ(pages, resident(c, SIZE));
	/* Free for a part of this one. */
	window_passes(NULL);
	EXPECT_EQ(pages, resident(c, SIZE));
	window_passes(NULL);
	window_passes(NULL);
	EXPECT_GE(2, resident(c, SIZE));
	EXPECT_EQ(0, idle_tag_of(c)->resident);
	HEAP_IS_RIGHT();
	/* And can be used as before. */
	EXPECT_EQ(c, take(SIZE));
	memset(chunk2mem(c), 1, SIZE - SIZE_SZ);
	HEAP_IS_RIGHT();
}

TEST_F(idle, chunk_in_use_stays)
{
	struct chunk *c = filled(SIZE);

	for (int i = 0; i < 10; i++)
		window_passes(NULL);
	EXPECT_EQ(pages_inside(c, SIZE), resident(c, SIZE));
	EXPECT_TRUE(is_filled(chunk2mem(c), 0x5a, SIZE - SIZE_SZ));
	HEAP_IS_RIGHT();
}

static struct chunk *reused;
static void reuse(void)
{
	struct chunk *c = take(SIZE);

	if (c != reused)
		abort();
	put(c);
}

TEST_F(idle, what_is_used_in_each_window_stays)
{
	reused = filled(SIZE);
	put(reused);
	for (int i = 0; i < 10; i++) {
		window_passes(reuse);
		ASSERT_EQ(pages_inside(reused, SIZE), resident(reused, SIZE));
	}
	HEAP_IS_RIGHT();
	for (int i = 0; i < 3; i++)
		window_passes(NULL);
	EXPECT_GE(2, resident(reused, SIZE));
}

TEST_F(idle, small_free_chunks_stay)
{
	struct chunk *c = filled(IDLE_MIN - 16);

	put(c);
	for (int i = 0; i < 10; i++)
		window_passes(NULL);
	EXPECT_EQ(pages_inside(c, IDLE_MIN - 16), resident(c, IDLE_MIN - 16));
	HEAP_IS_RIGHT();
}

TEST_F(idle, top_is_trimmed)
{
	struct chunk *c = take(8 * M);
	size_t before;

	put(c);
	before = main_arena.system_mem;
	EXPECT_EQ(main_arena.top, c);
	/* It was not free when this one began. */
	window_passes(NULL);
	EXPECT_EQ(before, main_arena.system_mem);
	window_passes(NULL);
	EXPECT_GE(before - 8 * M + 64 * K, main_arena.system_mem - knob(WEIR_KNOB_TOP_PAD));
	HEAP_IS_RIGHT();
}

static void use_top(void) { put(take(6 * M)); }

TEST_F(idle, top_that_was_used_is_trimmed_down_to_that)
{
	struct chunk *c = take(8 * M);

	put(c);
	for (int i = 0; i < 6; i++) {
		window_passes(use_top);
		ASSERT_LE(6 * M, chunksize(main_arena.top));
		HEAP_IS_RIGHT();
	}
	EXPECT_GE(6 * M + 256 * K + knob(WEIR_KNOB_TOP_PAD), chunksize(main_arena.top));
}

TEST_F(idle, tags_join)
{
	struct idle_tag tag = idle_join((struct idle_tag){ 5, 100 }, 200, (struct idle_tag){ 7, 20 }, 201);
	struct chunk *small = take(64 * K), *large = take(256 * K);
	size_t first = main_arena.window;

	EXPECT_EQ(7, tag.window);
	EXPECT_EQ(120, tag.resident);
	EXPECT_EQ(5, idle_join((struct idle_tag){ 5, 1 }, 200, (struct idle_tag){ 7, 1 }, 199).window);
	take(MINSIZE);
	put(large);
	EXPECT_EQ(first, idle_tag_of(large)->window);
	EXPECT_EQ(256 * K, idle_tag_of(large)->resident);
	window_passes(NULL);
	put(small);
	EXPECT_EQ(320 * K, chunksize(small));
	EXPECT_EQ(first, idle_tag_of(small)->window);
	EXPECT_EQ(320 * K, idle_tag_of(small)->resident);
	HEAP_IS_RIGHT();
}

TEST_F(idle, tags_join_backwards)
{
	struct chunk *small = take(64 * K), *large = take(256 * K);
	size_t first = main_arena.window;

	take(MINSIZE);
	put(small);
	window_passes(NULL);
	put(large);
	EXPECT_EQ(first + 1, idle_tag_of(small)->window);
	EXPECT_EQ(320 * K, idle_tag_of(small)->resident);
	HEAP_IS_RIGHT();
}

TEST_F(idle, tags_split)
{
	struct chunk *c = filled(SIZE), *rest;
	size_t first = main_arena.window;

	put(c);
	window_passes(NULL);
	EXPECT_EQ(c, take(200 * K));
	rest = next_chunk(c);
	EXPECT_EQ(SIZE - 200 * K, chunksize(rest));
	EXPECT_EQ(first, idle_tag_of(rest)->window);
	EXPECT_EQ(SIZE - 200 * K, idle_tag_of(rest)->resident);
	HEAP_IS_RIGHT();
	window_passes(NULL);
	window_passes(NULL);
	EXPECT_GE(2, resident(rest, SIZE - 200 * K));
	EXPECT_LT(45, resident(c, 200 * K));
	HEAP_IS_RIGHT();
}

TEST_F(idle, crumbs_alone_are_not_worth_it)
{
	struct chunk *c = filled(SIZE);

	put(c);
	for (int i = 0; i < 3; i++)
		window_passes(NULL);
	/* What comes back to it is less than is let go of by itself. */
	EXPECT_EQ(c, take(16 * K));
	memset(chunk2mem(c), 0x5a, 16 * K - SIZE_SZ);
	put(c);
	for (int i = 0; i < 4; i++)
		window_passes(NULL);
	EXPECT_LE(2, resident(c, SIZE));
	EXPECT_EQ(16 * K, idle_tag_of(c)->resident);
	HEAP_IS_RIGHT();
}

TEST_HARNESS_MAIN
