// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fastbin.h"

#include "die.h"
#include "internal.h"
#include "tcache.h"

#define NEXT		0
#define FIRST_FOLLOWER	2
#define FOLLOWERS_MAX	15	/* fits into the bits that alignment leaves */

/* How many followers a leader of the class has room for. */
static unsigned int followers_max(size_t index)
{
	size_t words = (class_size(index) - SIZE_SZ) / sizeof(void *) - FIRST_FOLLOWER;

	return words < FOLLOWERS_MAX ? words : FOLLOWERS_MAX;
}

static unsigned int followers(void *const *leader)
{
	return (uintptr_t)link_mangle(leader, leader[FIRST_FOLLOWER]) & FOLLOWERS_MAX;
}

static void set_first(void **leader, void *first, unsigned int count)
{
	leader[FIRST_FOLLOWER] = link_mangle(leader, (void *)((uintptr_t)first | count));
}

/* Number n, counted from 0. */
static void *follower(void *const *leader, unsigned int n)
{
	uintptr_t mem = (uintptr_t)link_mangle(leader, leader[FIRST_FOLLOWER + n]);

	if (!n)
		mem &= ~(uintptr_t)FOLLOWERS_MAX;
	if (unlikely(mem & FOLLOWERS_MAX) || unlikely(!mem))
		die("malloc(): unaligned fastbin chunk detected");
	return (void *)mem;
}

static void *next_leader(void *const *leader)
{
	void *next = link_mangle(leader, leader[NEXT]);

	if (unlikely(!is_aligned(next, MALLOC_ALIGN)))
		die("malloc(): unaligned fastbin chunk detected");
	return next;
}

static void put(struct arena *a, void **block, unsigned int n, size_t index)
{
	void **leader = a->fast[index], *first = NULL;
	unsigned int count = 0, most = followers_max(index);

	if (leader && (count = followers(leader)))
		first = follower(leader, 0);
	for (unsigned int i = 0; i < n; i++) {
		void **mem = block[i];

		*tcache_key_of(mem) = tcache_key;
		if (leader && count < most) {
			if (count)
				leader[FIRST_FOLLOWER + count] = link_mangle(leader, mem);
			else
				first = mem;
			count++;
			continue;
		}
		if (leader)
			set_first(leader, first, count);
		mem[NEXT] = link_mangle(mem, leader);
		leader = mem;
		first = NULL;
		count = 0;
	}
	set_first(leader, first, count);
	a->fast[index] = leader;
	a->fast_bytes += n * class_size(index);
	a->fastmap[index / 64] |= 1UL << index % 64;
}

/* M_MXFAST says how large fast chunks are in ptmalloc; with caches of our own all are that these keep, or none. */
static bool is_fast(size_t size)
{
	return chunks_only() || !tcache_count_wanted ? size <= mxfast : mxfast != 0;
}

size_t fastbin_put(struct arena *a, struct chunk *c)
{
	size_t size = chunksize(c), index = class_kept(size);

	if (size >= PARK_MIN && knobs_hold_ms())
		return arena_park(a, c);
	if (!index || !is_fast(size)) {
		*tcache_key_of(chunk2mem(c)) = 0;
		return arena_coalesce(a, c);
	}
	put(a, (void *[]){ chunk2mem(c) }, 1, index);
	return 0;
}

size_t fastbin_put_row(struct arena *a, size_t index, void **block, unsigned int n)
{
	size_t span, largest = 0, size = class_size(index);

	if (class_kept(size) == index && is_fast(size)) {
		put(a, block, n, index);
		return 0;
	}
	for (unsigned int i = 0; i < n; i++) {
		span = fastbin_put(a, mem2chunk(block[i]));
		largest = span > largest ? span : largest;
	}
	return largest;
}

unsigned int fastbin_take(struct arena *a, size_t index, unsigned int n, void **run)
{
	void **leader = a->fast[index];
	unsigned int i = 0, count;

	while (leader && i < n) {
		count = followers(leader);
		if (unlikely(count > followers_max(index)))
			die("malloc(): memory corruption (fast)");
		while (count && i < n)
			run[i++] = follower(leader, --count);
		if (i < n) {
			run[i++] = leader;
			leader = next_leader(leader);
		} else {
			set_first(leader, count ? follower(leader, 0) : NULL, count);
		}
	}
	a->fast[index] = leader;
	a->fast_bytes -= i * class_size(index);
	if (!leader)
		a->fastmap[index / 64] &= ~(1UL << index % 64);
	return i;
}

static size_t consolidate_bin(struct arena *a, size_t index)
{
	size_t span, largest = 0;
	void *run[FOLLOWERS_MAX + 1];
	unsigned int n;

	while ((n = fastbin_take(a, index, FOLLOWERS_MAX + 1, run)))
		for (unsigned int i = 0; i < n; i++) {
			*tcache_key_of(run[i]) = 0;
			span = arena_coalesce(a, mem2chunk(run[i]));
			largest = span > largest ? span : largest;
		}
	return largest;
}

size_t fastbins_consolidate(struct arena *a)
{
	size_t span, largest = 0;
	uint64_t map;

	for (unsigned int word = 0; word < FASTMAP_WORDS; word++)
		for (map = a->fastmap[word]; map; map &= map - 1) {
			span = consolidate_bin(a, word * 64 + __builtin_ctzl(map));
			largest = span > largest ? span : largest;
		}
	return largest;
}

SELDOM unsigned int fastbins_consolidate_some(struct arena *a, unsigned int most)
{
	void *block[FOLLOWERS_MAX + 1];
	unsigned int n, left = most;

	for (unsigned int word = 0; word < FASTMAP_WORDS; word++)
		while (left && a->fastmap[word]) {
			n = left < FOLLOWERS_MAX + 1 ? left : FOLLOWERS_MAX + 1;
			n = fastbin_take(a, word * 64 + __builtin_ctzl(a->fastmap[word]), n, block);
			for (unsigned int i = 0; i < n; i++) {
				*tcache_key_of(block[i]) = 0;
				arena_coalesce(a, mem2chunk(block[i]));
			}
			left -= n;
		}
	return most - left;
}

bool fastbin_for_each(const struct arena *a, size_t index, bool (*fn)(void *mem, void *context), void *context)
{
	for (void **leader = a->fast[index]; leader; leader = next_leader(leader)) {
		if (!fn(leader, context))
			return false;
		for (unsigned int i = 0; i < followers(leader); i++)
			if (!fn(follower(leader, i), context))
				return false;
	}
	return true;
}

static bool is_other(void *mem, void *freed)
{
	return mem != freed;
}

void fastbin_check_not_in(struct arena *a, size_t index, const void *mem)
{
	/* Whatever was deferred is taken in by the locking. */
	arena_lock(a);
	if (!fastbin_for_each(a, index, is_other, (void *)mem))
		die("free(): double free or corruption (fasttop)");
	arena_unlock(a);
}
