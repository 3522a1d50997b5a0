// SPDX-License-Identifier: LGPL-2.1-or-later
/* The cursor that says where mappings are asked for. */
#include "kselftest_harness.h"
#include "process.h"
#include "window.h"

#define START ((uintptr_t)1 << 40)
#define SIZE ((size_t)1 << 30)

FIXTURE(window) { struct window w; };
FIXTURE_VARIANT(window) { size_t align; };
FIXTURE_VARIANT_ADD(window, pages) { .align = 4096 };
FIXTURE_VARIANT_ADD(window, heaps) { .align = 64 * M };
FIXTURE_SETUP(window) { window_init(&self->w, START, SIZE, variant->align, 42); }
FIXTURE_TEARDOWN(window) { }

TEST_F(window, places_are_inside_and_aligned)
{
	for (int i = 0; i < 10000; i++) {
		size_t size = (i % 50 + 1) * variant->align / (i % 7 + 1);
		uintptr_t at = (uintptr_t)window_place(&self->w, size);

		if (size > SIZE / 2) {
			ASSERT_EQ(0, at);
			continue;
		}
		ASSERT_LE(START, at);
		ASSERT_GE(START + SIZE, at + size);
		ASSERT_EQ(0, at % variant->align);
		if (i % 5 == 0)
			window_jump(&self->w);
	}
}

TEST_F(window, neighbours_follow_each_other)
{
	char *a = window_place(&self->w, 100), *b = window_place(&self->w, variant->align + 1),
		*c = window_place(&self->w, 1);

	EXPECT_EQ(a + variant->align, b);
	EXPECT_EQ(b + 2 * variant->align, c);
}

TEST_F(window, newest_place_is_given_again)
{
	char *a = window_place(&self->w, 5000), *b = window_place(&self->w, 7000);

	window_retreat(&self->w, b, 7000);
	EXPECT_EQ(b, window_place(&self->w, 7000));
	/* Not one further back: somebody is behind it. */
	window_retreat(&self->w, a, 5000);
	EXPECT_NE(a, window_place(&self->w, 5000));
	window_jump(&self->w);
	b = window_place(&self->w, 10);
	window_retreat(&self->w, b, 10);
	EXPECT_EQ(b, window_place(&self->w, 10));
}

TEST_F(window, what_is_elsewhere_moves_nothing)
{
	char *a = window_place(&self->w, 4096);

	window_retreat(&self->w, (char *)START - variant->align, variant->align);
	window_retreat(&self->w, (char *)START + SIZE, variant->align);
	window_advance(&self->w, (char *)START + SIZE, variant->align);
	window_advance(&self->w, NULL, START + SIZE + 1);
	EXPECT_EQ(a + variant->align, window_place(&self->w, 1));
}

TEST_F(window, advance_skips_what_was_taken)
{
	char *a = window_place(&self->w, variant->align);

	window_advance(&self->w, a, 3 * variant->align);
	EXPECT_EQ(a + 3 * variant->align, window_place(&self->w, 1));
	/* Already behind it. */
	window_advance(&self->w, a, 2 * variant->align);
	EXPECT_EQ(a + 4 * variant->align, window_place(&self->w, 1));
}

TEST_F(window, too_large_has_no_place)
{
	EXPECT_EQ(NULL, window_place(&self->w, SIZE / 2 + 1));
	EXPECT_EQ(NULL, window_place(&self->w, SIZE_MAX));
	EXPECT_NE(NULL, window_place(&self->w, SIZE / 2));
}

TEST_F(window, seeds_spread)
{
	struct window other;
	int same = 0;

	for (uint64_t seed = 0; seed < 100; seed++) {
		window_init(&self->w, START, SIZE * 1024, variant->align, seed * 2);
		window_init(&other, START, SIZE * 1024, variant->align, seed * 2 + 2);
		same += window_place(&self->w, 1) == window_place(&other, 1);
	}
	EXPECT_GE(3, same);
}

TEST_HARNESS_MAIN
