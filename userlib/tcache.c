// SPDX-License-Identifier: LGPL-2.1-or-later
/* tcache.c - what the fast paths of tcache.h do not do: refill, give back, flush */
#include "tcache_size.h"

#include <string.h>

#include "die.h"
#include "fastbin.h"
#include "tend.h"

/* A bin of fewer chunks gives none back that it has: what does not fit goes past it. */
#define DROP_LEAST 8
/* How many blocks a request for an aligned one looks at. */
#define ALIGNED_LOOK 8
/* Frees that may consolidate, for one that does: flushing and refilling cost as much as many frees. */
#define CONSOLIDATE_EVERY 32

static void push(struct tcache *t, size_t index, void *mem)
{
	size_t top = t->bin[index].top - 1;

	*tcache_key_of(mem) = tcache_key;
	t->slots[top] = mem;
	tcache_set_top(t, index, top);
	if (class_is_step(index))
		t->step_bytes += class_size(index);
}

/* Is a locked, or can it be? */
static bool may_enter(struct way_back *w, struct arena *a)
{
	if (!w->tried && (a == w->own || is_single_threaded())) {
		w->own = a;
		w->locked = arena_try(a);
		w->tried = true;
	}
	return a == w->own && w->locked;
}

static void free_pieces(struct way_back *w, size_t class, void **piece, size_t n)
{
	struct run *r = run_of_freed(piece[0], class);

	for (size_t i = 0; i < n; i++) {
		if (!run_has(r, piece[i]))
			r = run_of_freed(piece[i], class);
		if (likely(r->arena == w->own && w->locked) || may_enter(w, r->arena))
			run_put(r->arena, r, piece[i], class);
		else
			arena_defer_add(&w->others, r->arena, piece[i], class_size(class));
	}
}

/* Blocks that go to the same arena in a row go together. */
static void free_chunks(struct way_back *w, size_t class, void **block, size_t n)
{
	struct arena *a = arena_of(mem2chunk(block[0])), *next = NULL;
	size_t span;

	for (size_t i = 0, start = 0; i < n; i++) {
		if (!may_enter(w, a))
			arena_defer_add(&w->others, a, block[i], chunksize(mem2chunk(block[i])));
		if (i + 1 < n && (next = arena_of(mem2chunk(block[i + 1]))) == a)
			continue;
		if (may_enter(w, a)) {
			span = fastbin_put_row(a, class, block + start, i + 1 - start);
			w->largest = span > w->largest ? span : w->largest;
		}
		start = i + 1;
		a = next;
	}
}

void way_back_end(struct way_back *w)
{
	if (w->locked) {
		arena_look(w->own, w->largest);
		arena_unlock(w->own);
	}
	if (w->others.arena) {
		arena_defer_end(&w->others);
		tend_others();
	}
}

void tcache_drop(struct tcache *t, size_t index, size_t keep, struct way_back *w)
{
	size_t count = tcache_count(t, index), drop = count - keep;
	void **top = &t->slots[t->bin[index].top], *dropped[BIN_COUNT_MAX];

	if (!drop)
		return;
	memcpy(dropped, top + keep, drop * sizeof(void *));
	if (keep)
		memmove(top + drop, top, keep * sizeof(void *));
	tcache_set_top(t, index, t->bin[index].top + drop);
	if (class_is_step(index))
		t->step_bytes -= drop * class_size(index);
	if (index < CLASS_PIECES)
		free_pieces(w, index, dropped, drop);
	else
		free_chunks(w, index, dropped, drop);
}

void tcache_drop_older(struct tcache *t, size_t index, size_t keep)
{
	struct way_back w = { .own = t->arena };

	tcache_drop(t, index, keep, &w);
	way_back_end(&w);
}

/* Of the smallest pieces a cache line full, or another thread would get the other half of the line. */
static SELDOM void start_bin(struct tcache *t, size_t index)
{
	t->batch[index] = index < CLASS_PIECES && class_size(index) < 64 ? 2 : 1;
	if (!tcache_bin_limit(t, index))
		(void)(class_is_step(index) ? tcache_raise_step(t, index) : tcache_raise_limit(t, index));
}

/* The first is for the request, the rest stays in the bin, lowest address on top. */
SELDOM void *tcache_refill(struct tcache *t, size_t index)
{
	unsigned int room, n, taken;
	void **slots, *mem;

	if (unlikely(!t->batch[index]))
		start_bin(t, index);
	room = t->bin[index].top - t->bin[index].full;
	n = t->batch[index] < room ? t->batch[index] : room;
	if (unlikely(!n) || (class_is_step(index) && t->step_bytes + n * class_size(index) > t->step_most)) {
		if (unlikely(!alloc_blocks(index, 1, &mem)))
			return NULL;
		*tcache_key_of(mem) = 0;
		return mem;
	}
	slots = &t->slots[t->bin[index].top];
	taken = alloc_blocks(index, n, slots - n);
	if (unlikely(!taken))
		return NULL;
	if (unlikely(taken < n))
		memmove(slots - taken, slots - n, taken * sizeof(*slots));
	mem = slots[-(long)taken];
	if (index < CLASS_PIECES && unlikely((uintptr_t)mem >> LEAF_SHIFT != t->home.number))
		piecemap_set_home(&t->home, mem);
	*tcache_key_of(mem) = 0;
	for (unsigned int i = 1; i < taken; i++)
		*tcache_key_of(slots[-(long)i]) = tcache_key;
	tcache_set_top(t, index, t->bin[index].top - taken + 1);
	if (class_is_step(index))
		t->step_bytes += (taken - 1) * class_size(index);
	if (t->batch[index] < tcache_batch_most(index))
		tcache_raise_batch(t, index);
	return mem;
}

SELDOM void *tcache_get_slow(const struct tcache *t, size_t class)
{
	void *mem = NULL;

	if (t->slots[t->bin[class].top] == &tcache_end)
		return NULL;
	mem = class_is_step(class) ? tcache_get_step(class) : tcache_get(class);
	if (unlikely(!mem))
		die("malloc(): write after free detected in tcache");
	return mem;
}

void *tcache_get_aligned(size_t class, size_t align)
{
	struct tcache *t = tcache_self;
	size_t top = t->bin[class].top;
	void *found;

	for (size_t i = top; i < top + ALIGNED_LOOK && t->slots[i] != &tcache_end; i++) {
		found = t->slots[i];
		if (!is_aligned(found, align))
			continue;
		t->slots[i] = t->slots[top];
		t->slots[top] = found;
		return tcache_get_slow(t, class);
	}
	return NULL;
}

static bool put_step_slow(struct tcache *t, void *mem, size_t index)
{
	if (t->bin[index].top == t->bin[index].full && !tcache_raise_step(t, index))
		tcache_drop_older(t, index, tcache_count(t, index) / 2);
	if (t->step_bytes + class_size(index) > t->step_most) {
		tcache_make_room(t, class_size(index));
		tcache_look(t);
	}
	push(t, index, mem);
	return true;
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
	if (class_is_step(index))
		return put_step_slow(t, mem, index);
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
	struct way_back w = { .own = t->arena };

	for (size_t i = 1; i < CLASSES; i++)
		if (class_size(i) <= max_size)
			tcache_drop(t, i, 0, &w);
	way_back_end(&w);
}

/* Half of each bin of medium chunks, so that none stays for more than a few windows. */
SELDOM void tcache_age(struct tcache *t)
{
	struct way_back w = { .own = t->arena };

	t->window = __atomic_load_n(&t->arena->window, __ATOMIC_RELAXED);
	for (size_t i = 1; i < CLASSES; i++)
		if (class_size(i) >= MEDIUM_MIN)
			tcache_drop(t, i, tcache_count(t, i) / 2, &w);
	way_back_end(&w);
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

