// SPDX-License-Identifier: LGPL-2.1-or-later
/* The validator that the stress relies on: finds nothing wrong with a heap that is right, and what is. */
#include <malloc.h>
#include <pthread.h>
#include <sched.h>

#include "arena.h"
#include "check.h"
#include "checker.h"
#include "fastbin.h"
#include "kselftest_harness.h"
#include "process.h"
#include "run.h"
#include "tcache.h"

/* The policy that has pieces. */
RUN_WITH_ENVIRONMENT("WEIR_OPTIONS", "policy=auto")

/* More than is cached; and what is cached and no piece. */
#define LARGE (40 * K)
#define CHUNK ((size_t)600)

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
#define QUIET_RIGHT(used, n) do {					\
	bool ok = heap_check_quiet(why, sizeof(why), used, n);		\
	ASSERT_TRUE(ok) TH_LOG("%s", why);				\
} while (0)
#define QUIET_WRONG(used, n, what) do {					\
	why[0] = 0;							\
	EXPECT_FALSE(heap_check_quiet(why, sizeof(why), used, n));	\
	EXPECT_NE(NULL, strstr(why, what)) TH_LOG("%s", why);		\
} while (0)

TEST(a_right_heap)
{
	RIGHT();
	for (size_t size = 1; size < 30 * K; size = size * 9 / 8 + 1)
		free_chunk(size);
	RIGHT();
	free_chunk(LARGE);
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
	struct chunk *c = free_chunk(LARGE);

	WRONG({ c->fd->bk = c->bk; c->bk->fd = c->fd; });
}

TEST(foot) { WRONG(next_chunk(free_chunk(LARGE))->prev_size -= 16); }
TEST(links)
{
	struct chunk *c = free_chunk(LARGE);

	WRONG(c->fd = c);
}

TEST(binmap)
{
	free_chunk(LARGE);
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
	struct chunk *c = free_chunk(LARGE);

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

TEST(list_pointers)
{
	struct chunk *c = free_chunk(LARGE);

	WRONG(c->bk->fd = (struct chunk *)0x123450);
}

TEST(nextsize_pointer)
{
	struct chunk *c = free_chunk(LARGE);

	while (!c->fd_nextsize)
		c = c->bk;
	WRONG(c->bk_nextsize = (struct chunk *)0x123450);
}

TEST(last_of_a_bin)
{
	free_chunk(LARGE);
	WRONG(main_arena.bins[bin_index(request2size(LARGE))].bk = main_arena.bins[bin_index(request2size(LARGE))].bk->bk);
}

TEST(end_of_an_empty_bin)
{
	hide(malloc(100));
	WRONG(main_arena.bins[200].bk = main_arena.top);
}

/* Larger than the arena, and so that it ends behind it. */
TEST(size_leads_out)
{
	void *p = hide(malloc(3000));

	WRONG(chunk_of(p)->size = main_arena.system_mem | PREV_INUSE);
}

TEST(fresh_far_up)
{
	hide(malloc(100));
	RIGHT();
	WRONG(main_arena.fresh[100 * K] = 1);
}

static void cache(void *mem, size_t bytes)
{
	struct tcache *t = tcache_self;

	*tcache_key_of(mem) = tcache_key;
	t->slots[--t->bin[class_serving(bytes)].top] = mem;
	if (class_is_step(class_serving(bytes)))
		t->step_bytes += class_size(class_serving(bytes));
}

TEST(count_of_bytes_in_steps) { free(hide(malloc(CHUNK))); WRONG(tcache_self->step_bytes++); }

TEST(cached_twice)
{
	void *p = hide(malloc(40)), *q = hide(malloc(CHUNK));

	free(p);
	free(q);
	RIGHT();
	cache(p, 40);
	QUIET_WRONG(NULL, 0, "in a thread's cache and in a thread's cache");
	tcache_self->bin[class_serving(40)].top++;
	RIGHT();
	cache(q, CHUNK);
	QUIET_WRONG(NULL, 0, "in a thread's cache and in a thread's cache");
}

/* What looks like a chunk in use, inside another. */
TEST(cached_inside_of_another)
{
	struct chunk *c = chunk_of(hide(calloc(1, 2000))) + 2;

	free(hide(malloc(CHUNK)));
	RIGHT();
	c->size = class_size(class_serving(CHUNK)) | PREV_INUSE;
	next_chunk(c)->size = 48 | PREV_INUSE;
	cache(chunk2mem(c), CHUNK);
	QUIET_WRONG(NULL, 0, "none in its arena");
}

TEST(cached_inside_of_a_piece)
{
	char *p = hide(malloc(40));

	free(hide(malloc(40)));
	RIGHT();
	cache(p + 16, 40);
	QUIET_WRONG(NULL, 0, "none in its arena");
}

TEST(cached_and_free)
{
	void *p = hide(malloc(CHUNK));

	hide(malloc(CHUNK));
	free(p);
	RIGHT();
	WRONG(clear_inuse_at(chunk_of(p), chunksize(chunk_of(p))));
}

TEST(cached_in_the_wrong_bin)
{
	free(hide(malloc(40)));
	free(hide(malloc(60)));
	RIGHT();
	tcache_self->bin[class_serving(60)].top++;
	WRONG(cache(hide(malloc(40)), 60));
}

static struct run *run_with(void *piece) { return piecemap_run(piece); }

static void set_free(void *piece, bool free)
{
	struct run *r = run_with(piece);
	unsigned int number = piece_ordinal(piece, piece_class(piece)) - r->first;

	r->map[number / 64] ^= 1UL << number % 64;
	r->free += free ? 1 : -1;
}

TEST(free_piece_that_is_used)
{
	void *p = hide(malloc(40));

	QUIET_RIGHT(&p, 1);
	set_free(p, true);
	RIGHT();
	QUIET_WRONG(&p, 1, "in the caller's blocks and free");
}

TEST(free_piece_that_is_cached)
{
	void *p = hide(malloc(40));

	free(p);
	RIGHT();
	set_free(p, true);
	QUIET_WRONG(NULL, 0, "in a thread's cache and free");
}

TEST(count_of_free_pieces) { WRONG(run_with(hide(malloc(40)))->free--); }
TEST(count_of_pieces) { WRONG(run_with(hide(malloc(40)))->total--); }
TEST(count_of_empty_runs) { hide(malloc(40)); WRONG(main_arena.empty_bytes++); }
TEST(arena_of_a_run) { WRONG(run_with(hide(malloc(40)))->arena++); }
TEST(length_of_a_run) { WRONG(run_with(hide(malloc(40)))->granules++); }
TEST(count_of_all_pieces) { hide(malloc(40)); WRONG(main_arena.run_pieces[class_serving(40)]++); }

TEST(run_in_no_ring)
{
	struct run *r = run_with(hide(malloc(40)));

	ASSERT_NE(0, r->free);
	WRONG(main_arena.runs[class_serving(40)] = NULL);
}

TEST(run_in_the_wrong_ring)
{
	hide(malloc(40));
	hide(malloc(60));
	RIGHT();
	WRONG(main_arena.runs[class_serving(40)] = main_arena.runs[class_serving(60)]);
}

TEST(run_not_in_the_map)
{
	struct run *r = run_with(hide(malloc(40)));

	WRONG(piecemap_remove((char *)r, 1));
}

TEST(chunk_in_the_map)
{
	char *p = hide(malloc(20000));

	RIGHT();
	WRONG(piecemap_enter((char *)align_up((uintptr_t)p, GRANULE) + 2 * GRANULE, 1, 3));
}

TEST(fast_bin)
{
	void *p = hide(malloc(3000));
	size_t class = class_keeping(chunksize(chunk_of(p)));

	hide(malloc(3000));
	ASSERT_EQ(0, fastbin_put(&main_arena, chunk_of(p)));
	ASSERT_EQ(p, main_arena.fast[class]);
	RIGHT();
	((uintptr_t *)p)[1] = 0;
	QUIET_WRONG(NULL, 0, "written to");
	((uintptr_t *)p)[1] = tcache_key;
	QUIET_WRONG(&p, 1, "in the caller's blocks and in a fast bin");
	main_arena.fast_bytes++;
	QUIET_WRONG(NULL, 0, "counted");
	main_arena.fast_bytes--;
	WRONG(main_arena.fastmap[class / 64] = 0);
}

TEST(callers_blocks)
{
	void *used[] = { hide(malloc(40)), hide(malloc(5000)), hide(malloc(500 * K)), hide(memalign(4096, 100)) };

	hide(malloc(40));
	QUIET_RIGHT(used, 4);
	free(used[1]);
	QUIET_WRONG(used, 4, "");
	used[1] = hide(malloc(5000));
	QUIET_RIGHT(used, 4);
	free(used[0]);
	QUIET_WRONG(used, 4, "cache");
	used[0] = used[3];
	QUIET_WRONG(used, 4, "the caller's blocks and in the caller's blocks");
	used[0] = (char *)used[1] + 32;
	QUIET_WRONG(used, 4, "none in its arena");
}

TEST(callers_mapped_block)
{
	void *used[] = { hide(malloc(500 * K)) };

	QUIET_RIGHT(used, 1);
	chunk_of(used[0])->prev_size += 16;
	QUIET_WRONG(used, 1, "mapped");
	chunk_of(used[0])->prev_size -= 16;
	chunk_of(used[0])->size += 0x100000;
	QUIET_WRONG(used, 1, "pages");
}

/* A thread with an arena and a cache of its own, which waits meanwhile. */
static void *block[3];
static struct tcache *others;
static pthread_barrier_t barrier;

static void *other_thread(void *unused)
{
	for (int i = 0; i < 3; i++)
		block[i] = hide(malloc(i ? 3000 : 40));
	hide(malloc(3000));
	free(block[0]);
	free(block[2]);
	others = tcache_self;
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	return unused;
}

FIXTURE(another) { pthread_t thread; };

FIXTURE_SETUP(another)
{
	cpu_set_t all, last;

	/* Arenas go by CPU; the first is the main one. */
	ASSERT_EQ(0, sched_getaffinity(0, sizeof(all), &all));
	for (int i = 1; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &all)) {
			CPU_ZERO(&last);
			CPU_SET(i, &last);
		}
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(last), &last));
	mallopt(M_ARENA_MAX, 1000);
	hide(malloc(40));
	pthread_barrier_init(&barrier, NULL, 2);
	ASSERT_EQ(0, pthread_create(&self->thread, NULL, other_thread, NULL));
	pthread_barrier_wait(&barrier);
	ASSERT_FALSE(in_main_arena(chunk_of(block[1])));
	RIGHT();
	QUIET_RIGHT(&block[1], 1);
}

FIXTURE_TEARDOWN(another) { _exit(_metadata->passed ? 0 : 1); }

TEST_F(another, cache)
{
	((uintptr_t *)block[0])[1] = 0;
	RIGHT();	/* which looks at our own */
	QUIET_WRONG(&block[1], 1, "written to");
}

TEST_F(another, chunk_in_two_caches)
{
	free(hide(malloc(40)));
	cache(block[0], 40);
	QUIET_WRONG(&block[1], 1, "in a thread's cache and in a thread's cache");
}

TEST_F(another, cache_in_disorder)
{
	others->bin[class_serving(40)].top -= 1000;
	QUIET_WRONG(&block[1], 1, "not in its place");
}

TEST_F(another, heap)
{
	WRONG(chunk_of(block[1])->size += 16);
}

TEST_F(another, arena_bit)
{
	WRONG(chunk_of(block[1])->size &= ~NON_MAIN_ARENA);
}

static void defer(struct arena *a, void *mem)
{
	struct deferral d = { 0 };

	arena_defer_add(&d, a, mem, block_usable(mem));
	arena_defer_end(&d);
}

TEST_F(another, deferred)
{
	struct checker k = { .why = why, .length = sizeof(why) };
	struct arena *a = arena_of(chunk_of(block[1]));

	ASSERT_TRUE(blockset_make(&k.seen));
	arena_lock(a);
	/* We have the lock: nobody takes it in. */
	defer(a, block[1]);
	EXPECT_TRUE(check_arena(&k, a)) TH_LOG("%s", why);
	EXPECT_TRUE(blockset_find(&k.seen, block[1])->met);
	EXPECT_FALSE(check_arena(&k, a));
	EXPECT_NE(NULL, strstr(why, "in the deferred list and in the deferred list")) TH_LOG("%s", why);
	blockset_drop(&k.seen);
	ASSERT_TRUE(blockset_make(&k.seen));
	defer(a, hide(malloc(40)));
	EXPECT_FALSE(check_arena(&k, a));
	EXPECT_NE(NULL, strstr(why, "not of arena")) TH_LOG("%s", why);
}

TEST_HARNESS_MAIN
