// SPDX-License-Identifier: LGPL-2.1-or-later
/* Fast bins: what is put in comes out once, and what has become of a link is noticed. */
#include "fastbin.h"
#include "expect.h"
#include "internal.h"
#include "tcache.h"

RUN_WITH_ENVIRONMENT("WEIR_TEST_QUIET", "1")

#define CHUNKS 120
#define UNALIGNED "malloc(): unaligned fastbin chunk detected"

static void **block[CHUNKS];
static uint64_t state = 88172645463325252;

static unsigned int below(unsigned int n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state >> 20) % n;
}

/* n chunks of a class, from the top: neighbours of each other, and one behind them. */
static void make(size_t class, int n)
{
	size_t dirty;

	arena_lock(&main_arena);
	for (int i = 0; i <= n; i++) {
		size_t size = i < n ? class_size(class) : MINSIZE;
		struct chunk *c = top_carve(&main_arena, size, &dirty);

		if (!c && top_grow(&main_arena, size))
			c = top_carve(&main_arena, size, &dirty);
		if (i < n)
			block[i] = chunk2mem(c);
	}
	arena_unlock(&main_arena);
	for (int i = n; i-- > 1;) {
		int k = below(i + 1);
		void **swap = block[i];

		block[i] = block[k];
		block[k] = swap;
	}
}

static size_t put(void *mem)
{
	size_t span;

	arena_lock(&main_arena);
	span = fastbin_put(&main_arena, mem2chunk(mem));
	arena_unlock(&main_arena);
	return span;
}

static unsigned int take(size_t class, unsigned int n, void **run)
{
	arena_lock(&main_arena);
	n = fastbin_take(&main_arena, class, n, run);
	arena_unlock(&main_arena);
	return n;
}

static size_t consolidate(void)
{
	size_t span;

	arena_lock(&main_arena);
	span = fastbins_consolidate(&main_arena);
	arena_unlock(&main_arena);
	return span;
}

/* Number of a block of ours; -1: none. */
static int number(const void *mem)
{
	for (int i = 0; i < CHUNKS; i++)
		if (block[i] == mem)
			return i;
	return -1;
}

/* Which classes there are depends on the policy. */
FIXTURE(fastbin) { };
FIXTURE_VARIANT(fastbin) { const char *options; size_t first, last; };
FIXTURE_VARIANT_ADD(fastbin, steps) { "policy=auto", CLASS_PIECES, CLASS_EXACT - 1 };
FIXTURE_VARIANT_ADD(fastbin, exact) { "policy=fixed,mxfast=160", CLASS_EXACT, CLASS_EXACT + 8 };
FIXTURE_SETUP(fastbin)
{
	setenv("WEIR_OPTIONS", variant->options, 1);
	options_init();
	consolidate();
}
FIXTURE_TEARDOWN(fastbin) { }

#define FOR_EACH_CLASS(class) for (size_t class = variant->first; class <= variant->last; class++)

TEST_F(fastbin, what_is_put_comes_out_once)
{
	FOR_EACH_CLASS(class) {
		bool inside[CHUNKS] = { false };
		void *run[CHUNKS];
		size_t count = 0;

		make(class, CHUNKS);
		for (int round = 0; round < 300; round++) {
			unsigned int i = below(CHUNKS), wanted = 1 + below(40), n;

			if (!inside[i]) {
				ASSERT_EQ(0, put(block[i]));
				inside[i] = true;
				count++;
			}
			if (round % 20 == 19) {
				n = take(class, wanted, run);
				ASSERT_EQ(count < wanted ? count : wanted, n);
				for (unsigned int k = 0; k < n; k++) {
					int b = number(run[k]);

					ASSERT_LE(0, b);
					ASSERT_TRUE(inside[b]);
					inside[b] = false;
					memset(run[k], 0xa5, class_size(class) - SIZE_SZ);
				}
				count -= n;
			}
			ASSERT_EQ(count * class_size(class), main_arena.fast_bytes);
			ASSERT_EQ(!count, !(main_arena.fastmap[class / 64] >> class % 64 & 1));
		}
		HEAP_IS_RIGHT();
		ASSERT_EQ(count, take(class, CHUNKS, run));
		ASSERT_EQ(0, take(class, 1, run));
		ASSERT_EQ(NULL, main_arena.fast[class]);
		HEAP_IS_RIGHT();
	}
}

TEST_F(fastbin, consolidate_coalesces_everything)
{
	size_t all = 0;

	FOR_EACH_CLASS(class) {
		make(class, CHUNKS / 2);
		for (int i = 0; i < CHUNKS / 2; i++)
			ASSERT_EQ(0, put(block[i]));
		all += CHUNKS / 2 * class_size(class);
		ASSERT_EQ(all, main_arena.fast_bytes);
	}
	HEAP_IS_RIGHT();
	/* The largest are neighbours. */
	EXPECT_LE(CHUNKS / 2 * class_size(variant->last), consolidate());
	EXPECT_EQ(0, main_arena.fast_bytes);
	for (size_t class = 1; class < CLASSES; class++)
		EXPECT_EQ(NULL, main_arena.fast[class]);
	for (unsigned int i = 0; i < FASTMAP_WORDS; i++)
		EXPECT_EQ(0, main_arena.fastmap[i]);
	HEAP_IS_RIGHT();
	EXPECT_EQ(0, consolidate());
}

TEST_F(fastbin, links_are_mangled)
{
	FOR_EACH_CLASS(class) {
		make(class, CHUNKS);
		for (int i = 0; i < CHUNKS; i++) {
			memset(block[i], 0, class_size(class) - SIZE_SZ);
			put(block[i]);
		}
		for (int i = 0; i < CHUNKS; i++)
			for (size_t word = 0; word < (class_size(class) - SIZE_SZ) / SIZE_SZ; word++) {
				void *plain = (void *)((uintptr_t)block[i][word] & -MALLOC_ALIGN);

				ASSERT_EQ(-1, number(plain));
				ASSERT_EQ(-1, number((char *)plain + MEM_OFFSET));
			}
		HEAP_IS_RIGHT();
	}
}

TEST_F(fastbin, corrupted_links_are_noticed)
{
	size_t class = variant->last;
	void *run[CHUNKS], **leader;

	make(class, CHUNKS);
	for (int i = 0; i < CHUNKS; i++)
		put(block[i]);
	leader = main_arena.fast[class];

	DIES(UNALIGNED, { leader[0] = (void *)((uintptr_t)leader[0] ^ 8); take(class, CHUNKS, run); });
	DIES(UNALIGNED, { leader[0] = (void *)((uintptr_t)leader[0] ^ 8); consolidate(); });
	DIES(UNALIGNED, { leader[3] = (void *)((uintptr_t)leader[3] ^ 8); take(class, CHUNKS, run); });
	DIES(UNALIGNED, { leader[3] = link_mangle(leader, NULL); take(class, CHUNKS, run); });
	HEAP_IS_RIGHT();
}

TEST_F(fastbin, block_that_is_in_it)
{
	make(variant->first, CHUNKS);
	for (int i = 1; i < CHUNKS; i++)
		put(block[i]);
	fastbin_check_not_in(&main_arena, variant->first, block[0]);
	for (int i = 1; i < CHUNKS; i += 20)
		DIES("free(): double free or corruption (fasttop)",
		     fastbin_check_not_in(&main_arena, variant->first, block[i]));
}

TEST(more_followers_than_fit)
{
	void *run[CHUNKS];
	void **leader;
	size_t class = class_exact(MINSIZE);

	setenv("WEIR_OPTIONS", "policy=fixed", 1);
	options_init();
	make(class, 4);
	put(block[0]);
	put(block[1]);
	leader = main_arena.fast[class];
	DIES("malloc(): memory corruption (fast)",
	     { leader[2] = (void *)((uintptr_t)leader[2] ^ 2); take(class, CHUNKS, run); });
	HEAP_IS_RIGHT();
}

/* Or are parked, which comes to the same when the next of another size is parked. */
TEST(other_sizes_coalesce)
{
	size_t size[] = { CLASS_KEEP_MIN - 16, CLASS_KEEP_END, 500 * K }, dirty;
	struct chunk *c;

	setenv("WEIR_OPTIONS", "policy=auto", 1);
	options_init();
	consolidate();
	for (int i = 0; i < 3; i++) {
		arena_lock(&main_arena);
		c = arena_alloc(&main_arena, size[i], true, &dirty);
		arena_unlock(&main_arena);
		if (size[i] < PARK_MIN) {
			EXPECT_LE(size[i], put(chunk2mem(c)));
		} else {
			EXPECT_EQ(0, put(chunk2mem(c)));
			EXPECT_EQ(c, main_arena.parked);
		}
		EXPECT_EQ(0, main_arena.fast_bytes);
		HEAP_IS_RIGHT();
	}
}

TEST_HARNESS_MAIN
