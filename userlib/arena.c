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
#if __has_include(<sys/rseq.h>)
#include <sys/rseq.h>
#endif

#include "die.h"
#include "fastbin.h"
#include "fork.h"
#include "knobs.h"
#include "os.h"
#include "meta.h"
#include "run.h"
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
 * free never waits for an arena. A block of another arena than the thread's own, or of one that is locked,
 * goes onto the arena's deferred list, from which whoever takes the lock takes all of them in: the
 * owners do so whenever they allocate, and who has deferred DEFERRED_MAX bytes tries to, for owners
 * that do not come. The try fails only while somebody has the lock, who looks at the list after
 * dropping it:
 *
 *   freeing thread              holder of the lock
 *   push the blocks             drop the lock
 *   try the lock                look at the list
 *
 * All four are sequentially consistent, so either the holder sees the blocks or the try succeeds.
 *
 * The list is linked as a fast bin is, and checked for alignment when taken in.
 */
#define DEFERRED_MAX ((size_t)256 << 10)

void *arena_deferred_next(void *mem)
{
	return link_mangle(mem, *(void **)mem);
}

SELDOM void arena_take_in(struct arena *a)
{
	void *mem = atomic_exchange_explicit(&a->deferred, NULL, memory_order_acquire);

	atomic_store_explicit(&a->deferred_bytes, 0, memory_order_relaxed);
	arena_put_list(a, mem);
}

bool arena_has_deferred(struct arena *a)
{
	return atomic_load_explicit(&a->deferred, memory_order_relaxed) != NULL;
}

static bool too_much_deferred(struct arena *a)
{
	return atomic_load(&a->deferred_bytes) >= DEFERRED_MAX;
}

/*
 * Between fork's prepare and parent handlers the forking thread holds every arena; handlers of
 * others that run meanwhile may allocate, and must not wait for themselves.
 */
bool arena_try(struct arena *a)
{
	return lock_try(&a->lock) || fork_holds_locks();
}

SELDOM void arena_lock(struct arena *a)
{
	if (!arena_try(a))
		lock_take(&a->lock);
	if (unlikely(arena_has_deferred(a)))
		arena_take_in(a);
}

static SELDOM void take_in_more(struct arena *a)
{
	while (too_much_deferred(a) && lock_try(&a->lock)) {
		arena_take_in(a);
		lock_drop(&a->lock);
	}
}

void arena_unlock(struct arena *a)
{
	if (fork_holds_locks())
		return;
	lock_drop(&a->lock);
	if (unlikely(too_much_deferred(a)))
		take_in_more(a);
}

void arena_defer_add(struct deferral *d, struct arena *a, void *mem, size_t bytes)
{
	if (d->arena != a) {
		arena_defer_end(d);
		*d = (struct deferral){ .arena = a, .last = mem };
	}
	*(void **)mem = link_mangle(mem, d->first);
	d->first = mem;
	d->bytes += bytes;
}

SELDOM void arena_defer_end(struct deferral *d)
{
	struct arena *a = d->arena;
	void *head;

	if (!a)
		return;
	head = atomic_load_explicit(&a->deferred, memory_order_relaxed);
	do {
		*(void **)d->last = link_mangle(d->last, head);
	} while (!atomic_compare_exchange_weak(&a->deferred, &head, d->first));
	atomic_fetch_add(&a->deferred_bytes, d->bytes);
	d->arena = NULL;
	if (unlikely(too_much_deferred(a)) && lock_try(&a->lock)) {
		arena_take_in(a);
		arena_unlock(a);
	}
}

/*
 * The CPUs that the process may use, as it starts: later the caller may be a thread that keeps to one of
 * them.
 */
static unsigned long cpus[CPU_SETSIZE / 64];
static unsigned int cpu_count;

void arenas_init(void)
{
	cpu_count = os_affinity(cpus, sizeof(cpus)) ? CPU_COUNT((cpu_set_t *)cpus) : 2;
}

static unsigned int arena_limit(void)
{
	uint64_t max = knob(WEIR_KNOB_ARENA_MAX);

	if (!max)
		max = cpu_count;
	return max < ARENA_SLOTS ? max : ARENA_SLOTS;
}

static SELDOM struct arena *arena_make(unsigned int slot)
{
	struct arena *a;

	if (fork_holds_locks())
		return NULL;
	lock_take(&list_lock);
	a = arena_at(slot);
	if (!a) {
		a = meta_alloc(sizeof(*a));
		if (a) {
			arena_init(a, false, slot);
			atomic_store_explicit(&arenas[slot], a, memory_order_release);
			if (slot >= arena_count())
				atomic_store_explicit(&count, slot + 1, memory_order_release);
		}
	}
	lock_drop(&list_lock);
	return a;
}

/* Where glibc has registered it, the kernel keeps the CPU's number in the thread's memory. */
static int current_cpu(void)
{
#if __has_include(<sys/rseq.h>)
	const struct rseq *rs = (const void *)((char *)__builtin_thread_pointer() + __rseq_offset);

	if (likely(__rseq_size))
		return (int)__atomic_load_n(&rs->cpu_id, __ATOMIC_RELAXED);
#endif
	return sched_getcpu();
}

/* By the CPU's place among those allowed, which need not be neighbours. */
unsigned int arena_slot_of_cpu(int number)
{
	unsigned int cpu = (unsigned int)number % CPU_SETSIZE, place = 0;

	for (unsigned int i = 0; i < cpu / 64; i++)
		place += __builtin_popcountl(cpus[i]);
	place += __builtin_popcountl(cpus[cpu / 64] & ((1UL << cpu % 64) - 1));
	return place % arena_limit();
}

static struct arena *arena_of_cpu(void)
{
	int cpu = current_cpu();
	unsigned int slot = cpu < 0 ? 0 : arena_slot_of_cpu(cpu);
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

static SELDOM struct arena *arena_change(const struct arena *mine)
{
	struct arena *a = mine ? arena_of_cpu() : arena_first();

	if (!a)
		a = &main_arena;
	arena_lock(a);
	return a;
}

static struct arena *arena_choose(struct arena *mine)
{
	if (mine && (!mine->slot || mine->slot < arena_limit()) && arena_try(mine)) {
		if (unlikely(arena_has_deferred(mine)))
			arena_take_in(mine);
		return mine;
	}
	return arena_change(mine);
}

SELDOM void arena_move(struct arena *a, struct arena *to)
{
	if (a)
		atomic_fetch_sub_explicit(&a->users, 1, memory_order_relaxed);
	if (to)
		atomic_fetch_add_explicit(&to->users, 1, memory_order_relaxed);
}

void arenas_forget_users(void)
{
	for (unsigned int i = 0; i < arena_count(); i++)
		if (arena_at(i))
			atomic_store_explicit(&arena_at(i)->users, 0, memory_order_relaxed);
}

static void set_arena(struct tcache *t, struct arena *a)
{
	if (unlikely(t->arena != a)) {
		arena_move(t->arena, a);
		t->arena = a;
	}
}

SELDOM struct arena *arena_acquire_other(const struct arena *failed, unsigned int *tried)
{
	struct tcache *t = tcache_make();
	struct arena *a;

	/* Who has not got a single heap stays with the main arena. */
	if (t && !*tried && !__atomic_load_n(&failed->system_mem, __ATOMIC_RELAXED))
		set_arena(t, &main_arena);
	while (*tried < arena_count()) {
		a = arena_at((*tried)++);
		if (a && a != failed) {
			arena_lock(a);
			return a;
		}
	}
	return NULL;
}

struct arena *arena_acquire(void)
{
	struct tcache *t = tcache_make();
	struct arena *a;

	a = arena_choose(t ? t->arena : NULL);
	if (t)
		set_arena(t, a);
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
			arena_unlock(arena_at(i));
	lock_drop(&list_lock);
}

void arenas_reset_locks(void)
{
	for (unsigned int i = 0; i < arena_count(); i++)
		if (arena_at(i))
			lock_reset(&arena_at(i)->lock);
	lock_reset(&list_lock);
}
