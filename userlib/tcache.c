// SPDX-License-Identifier: LGPL-2.1-or-later
/* tcache.c - what the fast paths of tcache.h do not do: refill, give back, flush */
#include "tcache_size.h"

#include <string.h>

#include "die.h"
#include "fastbin.h"
#include "tend.h"

/* A bin of fewer chunks gives none back that it has: what does not fit goes past it. */
#define DROP_LEAST 8
/* Frees that may consolidate, for one that does: flushing and refilling cost as much as many frees. */
#define CONSOLIDATE_EVERY 32

static void push(struct tcache *t, size_t index, void *mem)
{
	*tcache_key_of(mem) = tcache_key;
	tcache_set_top(t, index, t->bin[index].top - 1);
	t->slots[t->bin[index].top] = mem;
}

/*
 * Blocks of a class, 0 for chunks. Those of the caller's own arena go back under one lock; those of
 * others, and all if the lock is taken, are left for the owner in one chain.
 */
static __attribute__((flatten)) void free_blocks(struct tcache *t, size_t class, void **block, size_t n)
{
	struct arena *own = t->arena, *a;
	struct deferral others = { 0 };
	bool locked = false, tried = false;
	size_t span, largest = 0;
	struct run *r;

	for (size_t i = 0; i < n; i++) {
		r = class ? run_of(block[i], class, "free(): invalid pointer") : NULL;
		a = arena_of(mem2chunk(r ? r : block[i]));
		if (!tried && (a == own || is_single_threaded())) {
			own = a;
			locked = arena_try(a);
			tried = true;
		}
		if (a != own || !locked) {
			arena_defer_add(&others, a, block[i]);
			continue;
		}
		span = r ? run_put(a, r, block[i], class) : arena_put(a, block[i]);
		largest = span > largest ? span : largest;
	}
	if (locked) {
		arena_look(own, largest);
		arena_unlock(own);
	}
	if (others.arena) {
		arena_defer_end(&others);
		tend_others();
	}
}

void tcache_drop_older(struct tcache *t, size_t index, size_t keep)
{
	size_t count = tcache_count(t, index), drop = count - keep;
	void **top = &t->slots[t->bin[index].top], *dropped[BIN_COUNT_MAX];

	memcpy(dropped, top + keep, drop * sizeof(void *));
	memmove(top + drop, top, keep * sizeof(void *));
	tcache_set_top(t, index, t->bin[index].top + drop);
	free_blocks(t, index < CLASS_PIECES ? index : 0, dropped, drop);
}

/* Of the smallest pieces a cache line full, or another thread would get the other half of the line. */
static SELDOM void start_bin(struct tcache *t, size_t index)
{
	t->batch[index] = index < CLASS_PIECES && class_size(index) < 64 ? 2 : 1;
	if (!tcache_bin_limit(t, index))
		tcache_raise_limit(t, index);
}

/* The first is for the request, the rest goes into the bin, lowest address on top. */
__attribute__((flatten)) void *tcache_refill(struct tcache *t, size_t index)
{
	unsigned int room, n;
	void *blocks[BATCH_MAX];

	if (unlikely(!t->batch[index]))
		start_bin(t, index);
	room = t->bin[index].top - t->bin[index].full + 1;
	n = t->batch[index] < room ? t->batch[index] : room;
	n = alloc_blocks(index, n, blocks);
	if (unlikely(!n))
		return NULL;
	for (unsigned int i = n; i-- > 1;)
		push(t, index, blocks[i]);
	*tcache_key_of(blocks[0]) = 0;
	if (t->batch[index] < tcache_batch_most(index))
		tcache_raise_batch(t, index);
	return blocks[0];
}

SELDOM void *tcache_get_slow(const struct tcache *t, size_t class)
{
	void *mem = NULL;

	if (t->slots[t->bin[class].top] == &tcache_end)
		return NULL;
	mem = tcache_get(class);
	if (unlikely(!mem))
		die("malloc(): write after free detected in tcache");
	return mem;
}

bool tcache_put_slow(void *mem, size_t index)
{
	struct tcache *t = tcache_make();

	if (*tcache_key_of(mem) == tcache_key) {
		if (tcache_holds(mem, index))
			die("free(): double free detected in tcache 2");
		if (index < CLASS_PIECES)
			run_check_not_free(mem, index);
		else
			fastbin_check_not_in(arena_of(mem2chunk(mem)), index, mem);
	}
	if (!t || !tcache_caches(index))
		return false;
	if (t->bin[index].top == t->bin[index].full && !tcache_raise_limit(t, index)) {
		/* Of those that are few in a cache each goes alone: its fast bin is as good a place. */
		if (tcache_bin_limit(t, index) < DROP_LEAST)
			return false;
		tcache_drop_older(t, index, tcache_count(t, index) / 2);
		if (t->batch[index] > 1)
			t->batch[index] /= 2;
		tcache_look(t);
	}
	push(t, index, mem);
	return true;
}

void tcache_flush(struct tcache *t, size_t max_size)
{
	for (size_t i = 1; i < CLASSES; i++)
		if (class_size(i) <= max_size && tcache_count(t, i))
			tcache_drop_older(t, i, 0);
}

/* Half of each bin of medium chunks, so that none stays for more than a few windows. */
SELDOM void tcache_age(struct tcache *t)
{
	t->window = __atomic_load_n(&t->arena->window, __ATOMIC_RELAXED);
	for (size_t i = 1; i < CLASSES; i++)
		if (class_size(i) >= MEDIUM_MIN && tcache_count(t, i))
			tcache_drop_older(t, i, tcache_count(t, i) / 2);
	tend_others();
}

SELDOM void tcache_consolidate(struct tcache *t, size_t max_size)
{
	if (t->quiet_frees) {
		t->quiet_frees--;
		return;
	}
	t->quiet_frees = CONSOLIDATE_EVERY - 1;
	tcache_flush(t, max_size);
	if (!t->arena || !arena_try(t->arena))
		return;
	arena_look(t->arena, arena_consolidate(t->arena));
	arena_unlock(t->arena);
}

