// SPDX-License-Identifier: LGPL-2.1-or-later
/* Runs: what they are cut into, when they come and go, and what is caught. */
#include "run.h"
#include "expect.h"
#include "tcache.h"

RUN_WITH_ENVIRONMENT("WEIR_OPTIONS", "policy=auto")

#define FOREIGN "free(): invalid pointer"

static unsigned int take(size_t class, unsigned int n, void **pieces)
{
	arena_lock(&main_arena);
	n = run_take(&main_arena, class, n, pieces);
	arena_unlock(&main_arena);
	return n;
}

static void put(void *piece, size_t class)
{
	struct run *r = run_of(piece, class, FOREIGN);

	arena_lock(&main_arena);
	run_put(&main_arena, r, piece, class);
	arena_unlock(&main_arena);
}

static size_t release(void)
{
	size_t span;

	arena_lock(&main_arena);
	span = runs_release(&main_arena);
	arena_unlock(&main_arena);
	return span;
}

/* Until the next piece would be of a new run. */
static void use_up(size_t class)
{
	void *pieces[RUN_PIECES];

	while (main_arena.runs[class])
		take(class, RUN_PIECES, pieces);
}

/* All pieces of a new run. */
static unsigned int take_run(size_t class, void **pieces)
{
	use_up(class);
	return take(class, RUN_PIECES, pieces);
}

static size_t bytes_of(const struct run *r) { return (size_t)r->granules << GRANULE_SHIFT; }

static int by_address(const void *x, const void *y)
{
	char *const *a = x, *const *b = y;

	return (*a > *b) - (*a < *b);
}

static size_t alignment(size_t size) { return size & -size; }

TEST(pieces_are_disjoint_inside_and_aligned)
{
	void *p[RUN_PIECES];

	for (size_t class = 1; class < CLASS_PIECES; class++) {
		size_t size = class_size(class);

		for (int i = 0; i < 12; i++) {
			unsigned int n = take_run(class, p);
			struct run *r = run_of(p[0], class, FOREIGN);
			char *end = (char *)run_chunk(r) + chunksize(run_chunk(r)) + SIZE_SZ;

			ASSERT_LT(0, n);
			ASSERT_GE(RUN_PIECES, n);
			ASSERT_EQ(r->total, n);
			ASSERT_TRUE(is_aligned(r, GRANULE));
			qsort(p, n, sizeof(p[0]), by_address);
			ASSERT_LE((char *)(r + 1), (char *)p[0]);
			ASSERT_GE(end, (char *)p[n - 1] + size);
			for (unsigned int k = 0; k < n; k++) {
				ASSERT_TRUE(is_aligned(p[k], alignment(size)));
				ASSERT_TRUE(!k || (char *)p[k] - (char *)p[k - 1] == (ptrdiff_t)size);
				ASSERT_EQ(class, piece_class(p[k]));
				ASSERT_EQ(r, run_of(p[k], class, FOREIGN));
				memset(p[k], 0xff, size);
			}
			/* There is room for none before and behind them, but for RUN_PIECES. */
			ASSERT_GT((char *)(r + 1) + size, (char *)p[0]);
			ASSERT_TRUE(n == RUN_PIECES || (char *)p[n - 1] + 2 * size > end);
		}
		HEAP_IS_RIGHT();
	}
}

TEST(growth_is_a_quarter)
{
	void *p[RUN_PIECES];

	for (size_t class = 1; class < CLASS_PIECES; class++) {
		size_t size = class_size(class), least = size > 256 ? 4 : size > 128 ? 2 : 1;
		size_t most = size > 256 ? 16 : 8;

		most = RUN_PIECES * size / GRANULE < most ? RUN_PIECES * size / GRANULE : most;
		for (int i = 0; i < 30; i++) {
			size_t granules, had;

			use_up(class);
			had = main_arena.run_pieces[class];
			granules = had * size / 4 / GRANULE;
			granules = granules > most ? most : granules;
			granules = granules < least ? least : granules;
			ASSERT_LT(0, take(class, 1, p));
			ASSERT_EQ(granules, chunksize(run_chunk(run_of(p[0], class, FOREIGN))) / GRANULE);
			ASSERT_EQ(had + main_arena.runs[class]->total, main_arena.run_pieces[class]);
		}
		ASSERT_EQ(most, chunksize(run_chunk(run_of(p[0], class, FOREIGN))) / GRANULE);
		HEAP_IS_RIGHT();
	}
}

TEST(empty_runs_are_kept_until_released)
{
	void *p[RUN_PIECES], *q[RUN_PIECES];

	release();
	for (size_t class = 1; class < CLASS_PIECES; class++) {
		unsigned int n = take_run(class, p), m = take_run(class, q);
		size_t others = main_arena.run_pieces[class] - n - m;
		struct run *first = run_of(p[0], class, FOREIGN), *second = run_of(q[0], class, FOREIGN);
		size_t length = chunksize(run_chunk(second));

		for (unsigned int i = 0; i < n; i++)
			put(p[i], class);
		EXPECT_EQ(bytes_of(first), main_arena.empty_bytes);
		for (unsigned int i = 0; i < m; i++)
			put(q[i], class);
		EXPECT_EQ(bytes_of(first) + bytes_of(second), main_arena.empty_bytes);
		EXPECT_EQ(class, piece_class(p[0]));
		HEAP_IS_RIGHT();
		/* And used again. */
		ASSERT_EQ(1, take(class, 1, p));
		EXPECT_EQ(others + n + m, main_arena.run_pieces[class]);
		HEAP_IS_RIGHT();
		put(p[0], class);
		EXPECT_LE(length, release());
		EXPECT_EQ(0, piece_class(p[0]));
		EXPECT_EQ(0, piece_class(q[0]));
		EXPECT_EQ(0, piece_class((char *)second + length - 1));
		EXPECT_EQ(NULL, main_arena.runs[class]);
		EXPECT_EQ(0, main_arena.empty_bytes);
		EXPECT_EQ(others, main_arena.run_pieces[class]);
		HEAP_IS_RIGHT();
	}
}

TEST(runs_in_use_give_before_empty_ones)
{
	void *p[RUN_PIECES], *q[RUN_PIECES];
	unsigned int n = take_run(20, p), m = take_run(20, q);

	for (unsigned int i = 0; i < n; i++)
		put(p[i], 20);
	for (unsigned int i = 1; i < m; i++)
		put(q[i], 20);
	ASSERT_EQ(m - 1, take(20, m - 1, p));
	for (unsigned int i = 0; i < m - 1; i++)
		EXPECT_EQ(run_of(q[0], 20, FOREIGN), run_of(p[i], 20, FOREIGN));
	HEAP_IS_RIGHT();
}

TEST(release_leaves_what_is_in_use)
{
	void *p[RUN_PIECES];
	unsigned int n = take_run(20, p);

	for (unsigned int i = 1; i < n; i++)
		put(p[i], 20);
	release();
	EXPECT_EQ(20, piece_class(p[0]));
	HEAP_IS_RIGHT();
	put(p[0], 20);
	EXPECT_LT(0, release());
	EXPECT_EQ(0, piece_class(p[0]));
	HEAP_IS_RIGHT();
}

/* Each piece has its own number written all over it while it is in use. */
TEST(take_and_put_at_random)
{
	static unsigned char *p[5000];
	static size_t class_of[5000];
	uint64_t state = 88172645463325252;

	for (int round = 0; round < 100000; round++) {
		unsigned int i;

		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		i = (state >> 20) % 5000;
		if (p[i]) {
			ASSERT_TRUE(is_filled(p[i], i % 251, class_size(class_of[i])));
			put(p[i], class_of[i]);
			p[i] = NULL;
		} else {
			class_of[i] = 1 + (state >> 40) % (round < 50000 ? CLASS_PIECES - 1 : 3);
			ASSERT_EQ(1, take(class_of[i], 1, (void **)&p[i]));
			memset(p[i], i % 251, class_size(class_of[i]));
		}
		if (round % 5000 == 0)
			HEAP_IS_RIGHT();
	}
	for (int i = 0; i < 5000; i++)
		if (p[i])
			put(p[i], class_of[i]);
	release();
	HEAP_IS_RIGHT();
}

#define TWICE "free(): double free or corruption (fasttop)"

TEST(put_twice)
{
	void *p[2];

	use_up(7);
	ASSERT_EQ(2, take(7, 2, p));
	put(p[0], 7);
	DIES(TWICE, put(p[0], 7));
	DIES(TWICE, run_check_not_free(p[0], 7));
	run_check_not_free(p[1], 7);
	HEAP_IS_RIGHT();
}

TEST(foreign_pointers)
{
	void *p[RUN_PIECES];

	for (size_t class = 1; class < CLASS_PIECES; class += 5) {
		unsigned int n = take_run(class, p);
		struct run *r = run_of(p[0], class, FOREIGN);
		size_t size = class_size(class);

		qsort(p, n, sizeof(p[0]), by_address);
		DIES(FOREIGN, run_of((char *)p[0] + 1, class, FOREIGN));
		DIES(FOREIGN, run_of((char *)p[0] + 8, class, FOREIGN));
		DIES(FOREIGN, run_of((char *)p[0] - size, class, FOREIGN));
		DIES(FOREIGN, run_of((char *)p[n - 1] + size, class, FOREIGN));
		DIES(FOREIGN, run_of(r, class, FOREIGN));
		DIES(FOREIGN, { r->canary ^= 1; run_of(p[0], class, FOREIGN); });
		DIES("another", run_of((char *)p[0] + 8, class, "another"));
		DIES(FOREIGN, free(hide((char *)p[0] + 8)));
	}
	HEAP_IS_RIGHT();
}

TEST(overwritten_heads)
{
	void *p[RUN_PIECES], *q[RUN_PIECES];

	take_run(9, p);
	take_run(9, q);
	put(p[0], 9);
	DIES("malloc(): memory corruption (fast)",
	     { main_arena.runs[9]->canary++; take(9, 1, p); });
	DIES("unlink_run(): corrupted double-linked list",
	     { main_arena.runs[9]->next = run_of(q[0], 9, FOREIGN); take(9, 1, p); });
	HEAP_IS_RIGHT();
}

TEST_HARNESS_MAIN
