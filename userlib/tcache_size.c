// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tcache_size.h"

#include <string.h>

#include "knobs.h"

/* A bin holds at most this many bytes, within these counts, and begins with START_BYTES. */
#define SMALL_BYTES	((size_t)8192)
#define MEDIUM_BYTES	((size_t)65536)
#define START_BYTES	((size_t)1024)
#define BIN_COUNT_MIN	2
/* Limits that would have to grow at the cost of others, for one that does. */
#define REFUSALS 32
/* A refill takes at most this many bytes, and BATCH_MAX blocks. */
#define BATCH_BYTES	((size_t)4096)
/* All bins together: a sixteenth of the memory that there is, shared by all caches, within these. */
#define BUDGET_SHIFT	4
#define BUDGET_MIN	((size_t)64 << 10)
#define BUDGET_MAX	((size_t)2 << 20)

_Atomic unsigned int tcache_count_wanted = UINT16_MAX;	/* UINT16_MAX: by the bytes */
static size_t max_wanted = CLASS_MAX;
size_t tcache_size_most = CLASS_MAX;

static void set_size_most(void)
{
	__atomic_store_n(&tcache_size_most, tcache_count_wanted ? max_wanted : 0, __ATOMIC_RELAXED);
}

void tcache_set_count(unsigned int count)
{
	tcache_count_wanted = count < UINT16_MAX ? count : UINT16_MAX;
	set_size_most();
}

void tcache_set_max(size_t bytes)
{
	max_wanted = bytes < CLASS_MAX_REQUEST ? class_size(class_serving(bytes)) : CLASS_MAX;
	set_size_most();
}

/* Chunks of a class that any cache may hold. */
static unsigned int bin_capacity(size_t index)
{
	size_t n = (class_size(index) < MEDIUM_MIN ? SMALL_BYTES : MEDIUM_BYTES) / class_size(index);

	return n < BIN_COUNT_MIN ? BIN_COUNT_MIN : n > BIN_COUNT_MAX ? BIN_COUNT_MAX : n;
}

static unsigned int bin_most(size_t index)
{
	/* Read once: another thread may be in mallopt(). */
	unsigned int n = bin_capacity(index), wanted = tcache_count_wanted;

	if (!tcache_caches(index))
		return 0;
	return n < wanted ? n : wanted;
}

static void set_limit(struct tcache *t, size_t index, unsigned int limit)
{
	if (!class_is_step(index))
		t->reserved += class_size(index) * limit - class_size(index) * tcache_bin_limit(t, index);
	t->bin[index].full = t->bottom[index] - limit;
}

void tcache_apply_limits(struct tcache *t)
{
	unsigned int most;

	for (size_t i = 1; i < CLASSES; i++) {
		most = bin_most(i);
		if (tcache_bin_limit(t, i) > most)
			set_limit(t, i, most);
	}
}

/* A bin grows by doubling, so all its slots ever are less than twice its capacity, and some for the first. */
static unsigned int all_slots(void)
{
	unsigned int slots = 1;

	for (size_t i = 1; i < CLASSES; i++)
		slots += 2 * bin_capacity(i) + 10;
	return slots;
}

/* Move a bin to new slots, which only those in use are made of memory for. */
static SELDOM bool set_room(struct tcache *t, size_t index, unsigned int room)
{
	unsigned int count = tcache_count(t, index), limit = tcache_bin_limit(t, index);
	unsigned int bottom = t->next_slot + room;

	if (bottom >= t->all_slots)
		return false;
	memcpy(&t->slots[bottom - count], &t->slots[t->bin[index].top], count * sizeof(void *));
	t->slots[bottom] = &tcache_end;
	/* Who searches sees both or neither. */
	tcache_lock();
	__atomic_store_n(&t->bottom[index], bottom, __ATOMIC_RELAXED);
	tcache_set_top(t, index, bottom - count);
	tcache_unlock();
	t->bin[index].full = bottom - limit;
	t->room[index] = room;
	t->next_slot = bottom + 1;
	return true;
}

size_t tcache_bytes(void)
{
	return sizeof(struct tcache) + all_slots() * sizeof(void *);
}

void tcache_size_init(struct tcache *t)
{
	memset(t, 0, sizeof(*t));
	t->home.number = UINTPTR_MAX;
	t->slots[0] = &tcache_end;
	t->next_slot = 1;
	t->all_slots = all_slots();
	t->step_most = BUDGET_MIN;
}

static size_t budget(const struct tcache *t)
{
	size_t memory = t->arena ? __atomic_load_n(&t->arena->system_mem, __ATOMIC_RELAXED) * arena_count() : 0;
	size_t share = (memory >> BUDGET_SHIFT) / (tcache_caches_in_use() | 1);

	return share < BUDGET_MIN ? BUDGET_MIN : share > BUDGET_MAX ? BUDGET_MAX : share;
}

/* Halve the limit of the next bin but one that has any; false if none has. */
static SELDOM bool take_from_victim(struct tcache *t, size_t but)
{
	unsigned int limit;
	size_t i;

	for (size_t n = 0; n < CLASSES; n++) {
		i = t->victim = t->victim + 1 < CLASSES ? t->victim + 1 : 0;
		limit = tcache_bin_limit(t, i);
		if (!limit || i == but || class_is_step(i))
			continue;
		limit /= 2;
		if (tcache_count(t, i) > limit)
			tcache_drop_older(t, i, limit);
		set_limit(t, i, limit);
		return true;
	}
	return false;
}

/*
 * Let a bin that has shown to be too small hold twice as much, at the cost of others if need be. Taking from
 * others costs as much as it can gain while all are in use: it is done now and then.
 */
static SELDOM bool raise_limit_now(struct tcache *t, size_t index)
{
	unsigned int limit = tcache_bin_limit(t, index), most = bin_most(index);
	size_t size = class_size(index), next = limit ? 2 * limit : START_BYTES / size;

	next = next ? next : 1;
	next = next < most ? next : most;
	if (next <= limit)
		return false;
	while (t->reserved + (next - limit) * size > budget(t)) {
		t->refusals = REFUSALS;
		if (!take_from_victim(t, index))
			return false;
	}
	if (next > t->room[index] && !set_room(t, index, next))
		return false;
	set_limit(t, index, next);
	return true;
}

bool tcache_raise_limit(struct tcache *t, size_t index)
{
	if (t->refusals) {
		t->refusals--;
		return false;
	}
	return raise_limit_now(t, index);
}

bool tcache_raise_step(struct tcache *t, size_t index)
{
	unsigned int limit = tcache_bin_limit(t, index), most = bin_most(index), next = limit ? 2 * limit : 4;

	next = next < most ? next : most;
	if (next <= limit || (next > t->room[index] && !set_room(t, index, next)))
		return false;
	set_limit(t, index, next);
	return true;
}

/* The older half of one bin after the other; an eighth more than is needed, so that the next ones need none. */
SELDOM void tcache_make_room(struct tcache *t, size_t size)
{
	struct way_back w = { .own = t->arena };
	size_t most, i;

	t->step_most = budget(t);
	most = t->step_most - (size > t->step_most / 8 ? size : t->step_most / 8);
	while (t->step_bytes > most) {
		i = t->step_victim = t->step_victim > CLASS_PIECES ? t->step_victim - 1 : CLASS_EXACT - 1;
		tcache_drop(t, i, tcache_count(t, i) / 2, &w);
	}
	way_back_end(&w);
}

unsigned int tcache_batch_most(size_t index)
{
	size_t most = BATCH_BYTES / class_size(index);

	return most < BATCH_MAX ? most : BATCH_MAX;
}

/* Who comes again gets twice as many. */
SELDOM void tcache_raise_batch(struct tcache *t, size_t index)
{
	unsigned int next = 2 * t->batch[index], most = tcache_batch_most(index);

	next = next < most ? next : most;
	t->batch[index] = next;
	if (tcache_bin_limit(t, index) < next)
		(void)(class_is_step(index) ? tcache_raise_step(t, index) : tcache_raise_limit(t, index));
}

