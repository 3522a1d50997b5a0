// SPDX-License-Identifier: LGPL-2.1-or-later
/* Size classes: every request and every size of a chunk against a search through all classes. */
#include "class.h"
#include "kselftest_harness.h"
#include "process.h"

/* Bytes that the user of a block of a class has. */
static size_t usable(size_t class)
{
	return class < CLASS_PIECES ? class_size(class) : class_size(class) - SIZE_SZ;
}

/* The size of the smallest class of pieces and steps that holds so many bytes. */
static size_t smallest(size_t bytes)
{
	size_t best = SIZE_MAX;

	for (size_t class = 1; class < CLASS_EXACT; class++)
		if (usable(class) >= bytes && class_size(class) < best)
			best = class_size(class);
	return best;
}

/* The largest class of steps that a chunk satisfies; 0: none. */
static size_t largest(size_t size)
{
	size_t best = 0;

	for (size_t class = CLASS_PIECES; class < CLASS_EXACT; class++)
		if (class_size(class) <= size && (!best || class_size(class) > class_size(best)))
			best = class;
	return best;
}

TEST(sizes_grow_and_are_aligned)
{
	for (size_t class = 1; class < CLASSES; class++) {
		ASSERT_EQ(0, class_size(class) % MALLOC_ALIGN);
		ASSERT_LE(MINSIZE, class_size(class));
		/* The two smallest of the pieces have one size; ptmalloc's sizes begin anew. */
		if (class > 2 && class != CLASS_EXACT)
			ASSERT_LT(class_size(class - 1), class_size(class));
	}
	EXPECT_EQ(PIECE_MAX, class_size(CLASS_PIECES - 1));
	EXPECT_EQ(CLASS_KEEP_MIN, class_size(CLASS_PIECES));
	EXPECT_EQ(CLASS_MAX, class_size(CLASS_EXACT - 1));
	EXPECT_EQ(CLASS_EXACT_MAX, class_size(CLASSES - 1));
}

TEST(serving_is_the_smallest_that_holds_it)
{
	for (size_t bytes = 0; bytes <= CLASS_MAX_REQUEST; bytes++) {
		size_t class = class_serving(bytes);

		ASSERT_LT(0, class);
		ASSERT_GT(CLASS_EXACT, class);
		ASSERT_EQ(bytes <= PIECE_MAX, class < CLASS_PIECES);
		ASSERT_LE(bytes, usable(class));
		ASSERT_EQ(smallest(bytes), class_size(class)) TH_LOG("%zu bytes: class %zu", bytes, class);
	}
}

TEST(pieces_are_by_sixteen)
{
	EXPECT_EQ(0, class_of_piece(0));
	for (size_t bytes = 1; bytes <= PIECE_MAX; bytes++) {
		ASSERT_EQ((bytes + 15) / 16, class_of_piece(bytes));
		ASSERT_EQ(class_of_piece(bytes), class_serving(bytes));
	}
}

TEST(rounding_is_an_eighth_at_most)
{
	for (size_t bytes = PIECE_MAX + 1; bytes <= CLASS_MAX_REQUEST; bytes++) {
		ASSERT_GE(request2size(bytes) / 8, class_size(class_serving(bytes)) - request2size(bytes))
			TH_LOG("%zu bytes", bytes);
	}
}

TEST(round_sizes_lose_nothing)
{
	for (size_t bytes = 1024; bytes <= CLASS_MAX_REQUEST; bytes *= 2) {
		EXPECT_EQ(request2size(bytes), class_size(class_serving(bytes)));
		/* Nor what lies at eighths between them. */
		for (size_t more = bytes; more < 2 * bytes && more <= CLASS_MAX_REQUEST; more += bytes / 8)
			EXPECT_EQ(request2size(more), class_size(class_serving(more)));
	}
}

TEST(keeping_is_the_largest_that_the_chunk_satisfies)
{
	for (size_t size = MINSIZE; size < 2 * CLASS_KEEP_END; size += MALLOC_ALIGN) {
		size_t class = class_keeping(size);

		ASSERT_EQ(size < CLASS_KEEP_END ? largest(size) : 0, class) TH_LOG("size %zu", size);
		/* What is kept in a class is never longer than what the next would hold. */
		if (class)
			ASSERT_GE(class_size(class) + class_size(class) / 8, size);
	}
	EXPECT_EQ(0, class_keeping((size_t)1 << 40));
	EXPECT_EQ(0, class_keeping(0));
}

TEST(kept_is_what_was_served)
{
	for (size_t bytes = PIECE_MAX + 1; bytes <= CLASS_MAX_REQUEST; bytes++)
		ASSERT_EQ(class_serving(bytes), class_keeping(class_size(class_serving(bytes))));
}

TEST(exact)
{
	for (size_t size = MINSIZE; size <= CLASS_EXACT_MAX; size += MALLOC_ALIGN) {
		ASSERT_LE(CLASS_EXACT, class_exact(size));
		ASSERT_GT(CLASSES, class_exact(size));
		ASSERT_EQ(size, class_size(class_exact(size)));
	}
}

TEST_HARNESS_MAIN
