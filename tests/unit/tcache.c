// SPDX-License-Identifier: LGPL-2.1-or-later
/* The thread cache: what limits it, and where all goes in the end. */
#include <pthread.h>

#include "tcache_size.h"
#include "expect.h"
#include "internal.h"

RUN_WITH_ENVIRONMENT("WEIR_OPTIONS", "policy=auto")

#define BUDGET_LEAST	(64 * K)
#define BUDGET_MOST	(2 * M)

static size_t request(size_t class)
{
	return class < CLASS_PIECES ? class_size(class) : class_size(class) - SIZE_SZ;
}

/* Take n of a class, then free them all. */
static void use(size_t class, int n)
{
	static void *p[4000];

	for (int i = 0; i < n; i++)
		p[i] = hide(malloc(request(class)));
	for (int i = 0; i < n; i++)
		free(p[i]);
}

static size_t sum_of_limits(const struct tcache *t)
{
	size_t sum = 0;

	for (size_t class = 1; class < CLASSES; class++)
		if (!class_is_step(class))
			sum += tcache_bin_limit(t, class) * class_size(class);
	return sum;
}

static bool counts_are_within_limits(const struct tcache *t)
{
	for (size_t class = 1; class < CLASSES; class++)
		if (tcache_count(t, class) > tcache_bin_limit(t, class))
			return false;
	return true;
}

/* A sixteenth of all memory, within bounds. */
static size_t budget(void)
{
	size_t share = main_arena.max_system_mem * arena_count() / 16;

	return share < BUDGET_LEAST ? BUDGET_LEAST : share > BUDGET_MOST ? BUDGET_MOST : share;
}

TEST(limit_grows_by_use)
{
	struct tcache *t = tcache_make();
	size_t class = class_serving(208);
	unsigned int limit, last;

	EXPECT_EQ(0, tcache_bin_limit(t, class));
	use(class, 1);
	last = tcache_bin_limit(t, class);
	EXPECT_LT(0, last);
	EXPECT_GE(1024 / 208, last);
	for (int i = 0; i < 10; i++) {
		use(class, 500);
		limit = tcache_bin_limit(t, class);
		EXPECT_LE(last, limit);
		last = limit;
		EXPECT_TRUE(counts_are_within_limits(t));
		HEAP_IS_RIGHT();
	}
	/* To as much as any bin of this class may hold. */
	EXPECT_EQ(8192 / 208, last);
}

TEST(sum_of_limits_is_within_the_budget)
{
	struct tcache *t = tcache_make();

	for (int round = 0; round < 30; round++) {
		for (size_t class = 1; class < CLASS_EXACT; class++) {
			use(class, 100 + round);
			ASSERT_GE(budget(), t->reserved);
			ASSERT_EQ(sum_of_limits(t), t->reserved);
			ASSERT_GE(budget(), t->step_most);
			ASSERT_GE(t->step_most, t->step_bytes);
			ASSERT_TRUE(counts_are_within_limits(t));
		}
		HEAP_IS_RIGHT();
	}
	EXPECT_LT(BUDGET_LEAST / 2, t->reserved);
	EXPECT_LT(BUDGET_LEAST / 2, t->step_bytes);
}

TEST(bin_gets_what_others_had)
{
	struct tcache *t = tcache_make();
	size_t other = class_serving(24);

	for (int i = 0; i < 200; i++)
		for (size_t class = 17; class < CLASS_PIECES; class++)
			use(class, 200);
	for (int i = 0; i < 200; i++)
		use(other, 300);
	EXPECT_EQ(128, tcache_bin_limit(t, other));
	EXPECT_GE(budget(), sum_of_limits(t));
	HEAP_IS_RIGHT();
}

TEST(flush_empties)
{
	struct tcache *t = tcache_make();
	size_t chunks, bytes;

	for (size_t class = 1; class < CLASS_EXACT; class++)
		use(class, 50);
	use(class_serving(200), 50);
	EXPECT_LT(0, tcache_count(t, class_serving(200)));
	tcache_flush(t, 100);
	for (size_t class = 1; class < CLASS_EXACT; class++)
		if (class_size(class) <= 100)
			EXPECT_EQ(0, tcache_count(t, class));
	EXPECT_LT(0, tcache_count(t, class_serving(200)));
	HEAP_IS_RIGHT();
	tcache_flush(t, CLASS_MAX);
	tcache_totals(&chunks, &bytes);
	EXPECT_EQ(0, chunks);
	EXPECT_EQ(0, bytes);
	HEAP_IS_RIGHT();
}

TEST(totals_are_what_the_bins_hold)
{
	struct tcache *t = tcache_make();
	size_t chunks, bytes, n = 0, sum = 0;

	for (size_t class = 1; class < CLASS_EXACT; class += 3)
		use(class, 20);
	for (size_t class = 1; class < CLASSES; class++) {
		n += tcache_count(t, class);
		sum += tcache_count(t, class) * class_size(class);
	}
	tcache_totals(&chunks, &bytes);
	EXPECT_EQ(n, chunks);
	EXPECT_EQ(sum, bytes);
}

TEST(age_halves_what_is_medium)
{
	struct tcache *t = tcache_make();
	size_t medium = class_serving(4000), small = class_serving(100), before_medium, before_small;

	for (int i = 0; i < 20; i++) {
		use(medium, 30);
		use(small, 30);
	}
	before_medium = tcache_count(t, medium);
	before_small = tcache_count(t, small);
	EXPECT_LT(1, before_medium);
	tcache_age(t);
	EXPECT_EQ(before_medium / 2, tcache_count(t, medium));
	EXPECT_EQ(before_small, tcache_count(t, small));
	EXPECT_EQ(t->arena->window, t->window);
	HEAP_IS_RIGHT();
}

static void *blocks[1000];

static void *worker(void *unused)
{
	for (int i = 0; i < 1000; i++)
		blocks[i] = hide(malloc(64));
	for (int i = 0; i < 1000; i++)
		free(blocks[i]);
	return tcache_self;
}

TEST(exit_gives_back)
{
	size_t chunks, bytes, after, after_bytes;
	struct arena *a;
	pthread_t thread;
	void *cache, *again;

	tcache_flush(tcache_make(), CLASS_MAX);
	tcache_totals(&chunks, &bytes);
	ASSERT_EQ(0, pthread_create(&thread, NULL, worker, NULL));
	pthread_join(thread, &cache);
	tcache_flush(tcache_make(), CLASS_MAX);
	tcache_totals(&after, &after_bytes);
	EXPECT_EQ(chunks, after);
	EXPECT_EQ(1, tcache_caches_in_use());
	HEAP_IS_RIGHT();
	/* All of the runs' pieces are free. */
	for (unsigned int i = 0; i < arena_count(); i++) {
		a = arena_at(i);
		if (!a)
			continue;
		arena_lock(a);
		arena_consolidate(a);
		arena_unlock(a);
	}
	for (int i = 0; i < 1000; i++)
		EXPECT_EQ(0, piece_class(blocks[i]));
	HEAP_IS_RIGHT();
	/* The next thread gets the cache of the first. */
	ASSERT_EQ(0, pthread_create(&thread, NULL, worker, NULL));
	pthread_join(thread, &again);
	EXPECT_EQ(cache, again);
}

TEST(count_and_max)
{
	struct tcache *t = tcache_make();

	tcache_set_count(3);
	tcache_set_max(1000);
	for (size_t class = 1; class < CLASS_EXACT; class++)
		use(class, 50);
	for (size_t class = 1; class < CLASS_EXACT; class++) {
		EXPECT_GE(3, tcache_bin_limit(t, class));
		EXPECT_TRUE(class <= class_serving(1000) || !tcache_count(t, class));
	}
	EXPECT_EQ(3, tcache_bin_limit(t, class_serving(100)));
	HEAP_IS_RIGHT();
	tcache_set_count(0);
	tcache_flush(t, CLASS_MAX);
	tcache_apply_limits(t);
	EXPECT_EQ(0, sum_of_limits(t));
	EXPECT_EQ(0, t->reserved);
	for (size_t class = 1; class < CLASS_EXACT; class++) {
		use(class, 50);
		EXPECT_EQ(0, tcache_count(t, class));
	}
	HEAP_IS_RIGHT();
}

TEST(last_in_first_out)
{
	void *p = hide(malloc(300)), *q = hide(malloc(300));

	free(p);
	free(q);
	EXPECT_EQ(tcache_key, *tcache_key_of(q));
	EXPECT_EQ(q, hide(malloc(300)));
	EXPECT_EQ(0, *tcache_key_of(q));
	EXPECT_EQ(p, hide(malloc(300)));
}

/* A block with the key is looked for in all caches and bins when it is freed. */
TEST(nothing_is_handed_out_with_the_key)
{
	static void *p[4000];

	for (int round = 0; round < 8; round++)
		for (size_t class = 1; class < CLASS_EXACT; class++) {
			int n = 40000 / class_size(class) + 3 * round;

			for (int i = 0; i < n; i++) {
				p[i] = hide(malloc(request(class)));
				ASSERT_NE(tcache_key, *tcache_key_of(p[i])) TH_LOG("class %zu", class);
			}
			for (int i = 0; i < n; i++)
				free(p[i]);
		}
}

TEST(misuse_is_noticed)
{
	void *p = hide(malloc(300));

	free(p);
	DIES("free(): double free detected in tcache 2", free(p));
	DIES("malloc(): write after free detected in tcache", { *tcache_key_of(p) = 1; hide(malloc(300)); });
	HEAP_IS_RIGHT();
}

TEST_HARNESS_MAIN
