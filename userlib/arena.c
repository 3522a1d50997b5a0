// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * arena.c - the table of arenas and which one a thread uses
 *
 * A thread stays with the arena it was lucky with last. Where that one is busy it moves to the arena of
 * the CPU it runs on, made on first use: as many arenas as CPUs keep threads apart that run at the
 * same time, however many threads there are. Arenas are never unmade, so a pointer to one stays
 * valid.
 */
#include "arena.h"

#include <sched.h>

#include "fork.h"
#include "knobs.h"
#include "tcache.h"

struct arena main_arena;

static struct arena *_Atomic arenas[ARENA_SLOTS] = { &main_arena };
static _Atomic unsigned int count = 1;	/* slots in use are below this */
static struct lock list_lock = LOCK_INIT;	/* making arenas */

struct arena *arena_at(unsigned int slot)
{
	return atomic_load_explicit(&arenas[slot], memory_order_acquire);
}

unsigned int arena_count(void)
{
	return atomic_load_explicit(&count, memory_order_acquire);
}

struct arena *arena_of(const struct chunk *c)
{
	return in_main_arena(c) ? &main_arena : heap_arena_of(c);
}

/*
 * Between fork's prepare and parent handlers the forking thread holds every arena; handlers of
 * others that run meanwhile may allocate, and must not wait for themselves.
 */
void arena_lock(struct arena *a)
{
	if (!lock_try(&a->lock) && !fork_holds_locks())
		lock_take(&a->lock);
}

void arena_unlock(struct arena *a)
{
	if (!fork_holds_locks())
		lock_drop(&a->lock);
}

static bool arena_try(struct arena *a)
{
	return lock_try(&a->lock) || fork_holds_locks();
}

static unsigned int cpus_allowed(void)
{
	static _Atomic unsigned int cached;
	unsigned int n = atomic_load_explicit(&cached, memory_order_relaxed);
	cpu_set_t set;

	if (n)
		return n;
	n = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 2;
	atomic_store_explicit(&cached, n, memory_order_relaxed);
	return n;
}

static unsigned int arena_limit(void)
{
	uint64_t max = knob(WEIR_KNOB_ARENA_MAX);

	if (!max)
		max = cpus_allowed();
	return max < ARENA_SLOTS ? max : ARENA_SLOTS;
}

static struct arena *arena_make(unsigned int slot)
{
	struct arena *a;

	if (fork_holds_locks())
		return NULL;
	lock_take(&list_lock);
	a = arena_at(slot);
	if (!a) {
		a = heap_arena_create(slot);
		if (a) {
			atomic_store_explicit(&arenas[slot], a, memory_order_release);
			if (slot >= arena_count())
				atomic_store_explicit(&count, slot + 1, memory_order_release);
		}
	}
	lock_drop(&list_lock);
	return a;
}

static struct arena *arena_of_cpu(void)
{
	int cpu = sched_getcpu();
	unsigned int slot = (cpu < 0 ? 0 : cpu) % arena_limit();
	struct arena *a = arena_at(slot);

	return a ? a : arena_make(slot);
}

/* The process's first thread takes the main arena; a process that stays with one has no other. */
static struct arena *arena_first(void)
{
	static _Atomic bool taken;

	if (!atomic_exchange_explicit(&taken, true, memory_order_relaxed))
		return &main_arena;
	return arena_of_cpu();
}

static struct arena *arena_choose(struct arena *mine)
{
	struct arena *a;

	if (mine && mine->slot < arena_limit() && arena_try(mine))
		return mine;
	a = mine ? arena_of_cpu() : arena_first();
	if (!a)
		a = &main_arena;
	arena_lock(a);
	return a;
}

struct arena *arena_acquire(const struct arena *avoid)
{
	struct tcache *t = tcache_make();
	struct arena *a;

	if (avoid) {
		/* An arena on heaps may be limited to them; the main arena has more ways to grow. */
		if (avoid == &main_arena)
			return NULL;
		arena_lock(&main_arena);
		return &main_arena;
	}
	a = arena_choose(t ? t->arena : NULL);
	if (t)
		t->arena = a;
	return a;
}

void arenas_lock_all(void)
{
	lock_take(&list_lock);
	for (unsigned int i = 0; i < arena_count(); i++)
		if (arena_at(i))
			lock_take(&arena_at(i)->lock);
}

void arenas_unlock_all(void)
{
	for (unsigned int i = arena_count(); i-- > 0;)
		if (arena_at(i))
			lock_drop(&arena_at(i)->lock);
	lock_drop(&list_lock);
}

void arenas_reset_locks(void)
{
	for (unsigned int i = 0; i < arena_count(); i++)
		if (arena_at(i))
			lock_reset(&arena_at(i)->lock);
	lock_reset(&list_lock);
}
