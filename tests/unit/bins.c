// SPDX-License-Identifier: LGPL-2.1-or-later
/* The lists of free chunks, over chunks that lie in a buffer of the test's. */
#include "arena.h"
#include "kselftest_harness.h"
#include "process.h"

/* What the objects under test want from others. */
__attribute__((constructor)) static void quiet(void) { setvbuf(stdout, NULL, _IONBF, 0); }

#define CHUNKS 600
static _Alignas(16) char buffer[64 * M];
static struct arena arena;
static struct chunk *chunk[CHUNKS];
static bool inserted[CHUNKS];
static uint64_t state = 88172645463325252;

static unsigned int below(unsigned int n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state >> 20) % n;
}

/* Free chunks of these sizes with one in use between them. */
static void lay_out(size_t (*size)(void))
{
	char *at = buffer;

	memset(&arena, 0, sizeof(arena));
	memset(inserted, 0, sizeof(inserted));
	arena_init(&arena, true, 0);
	for (int i = 0; i < CHUNKS; i++) {
		size_t n = size();

		chunk[i] = (struct chunk *)at;
		set_head(chunk[i], n | PREV_INUSE);
		set_foot(chunk[i], n);
		set_head(next_chunk(chunk[i]), MINSIZE);
		at += n + MINSIZE;
	}
}

static size_t small(void) { return MINSIZE + below(61) * 16; }
static size_t large(void) { return 1024 + below(3000) * 16; }
static size_t few(void) { return 2048 + below(10) * 16; }
static size_t mixed(void) { return below(2) ? small() : below(10) ? large() : 100000 + below(4000) * 16; }

static bool ring_is_right(unsigned int index)
{
	struct chunk *head = bin_head(&arena.bins[index]), *c;

	for (c = head->fd; c != head; c = c->fd) {
		bool leads = c->bk == head || chunksize(c->bk) > chunksize(c);

		if (c->fd->bk != c || c->bk->fd != c || bin_index(chunksize(c)) != index)
			return false;
		if (index < SMALL_BINS)
			continue;
		if ((c->bk != head && chunksize(c->bk) < chunksize(c)) || leads != (c->fd_nextsize != NULL))
			return false;
		if (leads && (c->fd_nextsize->bk_nextsize != c || c->bk_nextsize->fd_nextsize != c))
			return false;
		if (leads && c->fd_nextsize != head->fd && chunksize(c->fd_nextsize) >= chunksize(c))
			return false;
	}
	return true;
}

static bool bins_are_right(void)
{
	int in_bins = 0, expected = 0;

	for (unsigned int i = 0; i < BINS; i++) {
		struct chunk *head = bin_head(&arena.bins[i]);
		bool marked = arena.binmap[i / 64] >> i % 64 & 1;

		if (!ring_is_right(i) || (head->fd != head && !marked))
			return false;
		for (struct chunk *c = head->fd; c != head; c = c->fd)
			in_bins++;
	}
	for (int i = 0; i < CHUNKS; i++)
		expected += inserted[i];
	return in_bins == expected;
}

/* The size of the smallest that holds nb; 0: none. */
static size_t smallest(size_t nb)
{
	size_t best = 0;

	for (int i = 0; i < CHUNKS; i++)
		if (inserted[i] && chunksize(chunk[i]) >= nb && (!best || chunksize(chunk[i]) < best))
			best = chunksize(chunk[i]);
	return best;
}

TEST(index_is_monotone)
{
	unsigned int last = 0;

	for (size_t size = MINSIZE; size < (size_t)1 << 36; size += size < 1 * M ? 16 : (size / 64 & -16)) {
		unsigned int index = bin_index(size);

		ASSERT_LE(last, index);
		ASSERT_GT(BINS, index);
		ASSERT_EQ(size < SMALL_LIMIT, index < SMALL_BINS);
		last = index;
	}
	EXPECT_EQ(BINS - 1, bin_index((size_t)1 << 40));
	EXPECT_EQ(BINS - 1, bin_index((size_t)1 << 62));
}

TEST(small_bins_hold_one_size)
{
	for (size_t size = MINSIZE; size < SMALL_LIMIT; size += 16)
		ASSERT_EQ(size / 16, bin_index(size));
}

TEST(large_bins_waste_less_than_an_eighth)
{
	size_t first = SMALL_LIMIT;

	for (size_t size = SMALL_LIMIT; size < 16 * M; size += 16) {
		if (bin_index(size) != bin_index(first))
			first = size;
		ASSERT_GE(first / 8, size - first);
	}
}

FIXTURE(bins) { };
FIXTURE_VARIANT(bins) { size_t (*size)(void); };
FIXTURE_VARIANT_ADD(bins, small) { .size = small };
FIXTURE_VARIANT_ADD(bins, large) { .size = large };
FIXTURE_VARIANT_ADD(bins, few_sizes) { .size = few };
FIXTURE_VARIANT_ADD(bins, mixed) { .size = mixed };
FIXTURE_SETUP(bins) { lay_out(variant->size); }
FIXTURE_TEARDOWN(bins) { }

TEST_F(bins, insert_and_unlink_at_random)
{
	for (int round = 0; round < 20000; round++) {
		int i = below(CHUNKS);

		if (inserted[i])
			bin_unlink(&arena, chunk[i]);
		else
			bin_insert(&arena, chunk[i], chunksize(chunk[i]));
		inserted[i] = !inserted[i];
		if (round % 50 == 0)
			ASSERT_TRUE(bins_are_right());
	}
}

TEST_F(bins, best_fit_is_the_best)
{
	for (int round = 0; round < 20000; round++) {
		struct chunk *c;
		size_t nb, best;
		int i = below(CHUNKS);

		if (!inserted[i]) {
			bin_insert(&arena, chunk[i], chunksize(chunk[i]));
			inserted[i] = true;
		}
		if (round % 3 == 0)
			continue;
		nb = variant->size();
		best = smallest(nb);
		c = bins_best_fit(&arena, nb);
		ASSERT_EQ(best, c ? chunksize(c) : 0);
		for (i = 0; c && i < CHUNKS; i++)
			if (chunk[i] == c)
				inserted[i] = false;
		if (round % 100 == 0)
			ASSERT_TRUE(bins_are_right());
	}
}

TEST_F(bins, all_out_leaves_nothing)
{
	for (int i = 0; i < CHUNKS; i++) {
		bin_insert(&arena, chunk[i], chunksize(chunk[i]));
		inserted[i] = true;
	}
	ASSERT_TRUE(bins_are_right());
	for (int i = 0; i < CHUNKS; i++) {
		struct chunk *c = bins_best_fit(&arena, MINSIZE);

		ASSERT_NE(NULL, c);
	}
	EXPECT_EQ(NULL, bins_best_fit(&arena, MINSIZE));
	for (int i = 0; i < BINMAP_WORDS; i++)
		EXPECT_EQ(0, arena.binmap[i]);
}

TEST(unsorted_is_first_in_first_out)
{
	lay_out(mixed);
	for (int i = 0; i < 10; i++)
		unsorted_insert(&arena, chunk[i]);
	for (int i = 0; i < 10; i++) {
		EXPECT_EQ(chunk[i], arena.unsorted.bk);
		bin_unlink(&arena, chunk[i]);
	}
	EXPECT_EQ(bin_head(&arena.unsorted), arena.unsorted.bk);
}

TEST(small_chunk_has_no_nextsize_links)
{
	lay_out(small);
	/* What would be those links in a chunk of MINSIZE belongs to the next chunk. */
	set_head(chunk[0], MINSIZE | PREV_INUSE);
	set_foot(chunk[0], MINSIZE);
	set_head(next_chunk(chunk[0]), 0x5550);
	unsorted_insert(&arena, chunk[0]);
	EXPECT_EQ(0x5550, next_chunk(chunk[0])->size);
	bin_unlink(&arena, chunk[0]);
	bin_insert(&arena, chunk[0], MINSIZE);
	EXPECT_EQ(0x5550, next_chunk(chunk[0])->size);
}

TEST_HARNESS_MAIN
