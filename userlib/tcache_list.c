// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tcache_list.c - the caches of all threads: made, given back at thread exit, counted
 *
 * A cache is given back by the destructor of a key. Destructors are called in four rounds at most: none is for a
 * thread that allocates for the first time in the last of them. So each thread holds a robust mutex in its cache, which
 * the kernel marks when the thread is gone, however it went; whoever makes a cache looks at a few others'.
 */
#include "tcache_size.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "fork.h"
#include "meta.h"
#include "os.h"
#include "tend.h"

/* Every bin is empty and full: the first slot ends all of them. */
struct tcache tcache_none = { .home = { .number = UINTPTR_MAX }, .slots = { &tcache_end } };
struct tcache tcache_gone = { .home = { .number = UINTPTR_MAX }, .slots = { &tcache_end } };
uintptr_t tcache_end[2];
#define NONE (&tcache_none)
#define GONE (&tcache_gone)

__thread struct tcache *tcache_self = NONE;
uintptr_t tcache_key = 1;	/* not what is at tcache_end */

static pthread_key_t exit_key;
static bool have_exit_key;

static struct lock registry_lock = LOCK_INIT;
static struct tcache *registry;
static struct tcache *reusable;
/* The one to be looked at next, or NULL: the first. */
static struct tcache *suspect;
#define SUSPECTS 2
static _Atomic unsigned int caches;	/* in the registry */

static void at_thread_exit(void *cache);

void tcache_init(void)
{
	/* Odd: no pointer that a user stores in its second word looks like it. */
	tcache_key = os_random(0) * 0x9e3779b97f4a7c15UL | 1;
	have_exit_key = pthread_key_create(&exit_key, at_thread_exit) == 0;
}

/* As arena_lock(): a handler that runs inside of ours may be the first to allocate in its thread. */
void tcache_lock(void)
{
	if (!fork_holds_locks())
		lock_take(&registry_lock);
}

void tcache_unlock(void)
{
	if (!fork_holds_locks())
		lock_drop(&registry_lock);
}

static void owner_begin(struct tcache *t)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&t->owner, &attr);
	pthread_mutexattr_destroy(&attr);
	/* Nobody else has it; and what watches the order of locks need not know of one that nobody waits for. */
	pthread_mutex_trylock(&t->owner);
}

/* Of a thread that is gone: what its cache was, and all that is in it, is now the caller's. */
static bool owner_is_gone(struct tcache *t)
{
	return pthread_mutex_trylock(&t->owner) == EOWNERDEAD;
}

static void owner_end(struct tcache *t)
{
	pthread_mutex_consistent(&t->owner);
	pthread_mutex_unlock(&t->owner);
}

static void registry_insert(struct tcache *t)
{
	t->next = registry;
	if (registry)
		registry->prev = t;
	registry = t;
	atomic_fetch_add_explicit(&caches, 1, memory_order_relaxed);
}

static void registry_remove(struct tcache *t)
{
	if (suspect == t)
		suspect = t->next;
	if (t->prev)
		t->prev->next = t->next;
	else
		registry = t->next;
	if (t->next)
		t->next->prev = t->prev;
	atomic_fetch_sub_explicit(&caches, 1, memory_order_relaxed);
}

/* In no list. */
static struct tcache *new_cache(void)
{
	struct tcache *t;

	tcache_lock();
	t = reusable;
	if (t)
		reusable = t->next;
	else
		t = meta_alloc(tcache_bytes());
	tcache_unlock();
	if (t)
		tcache_size_init(t);
	return t;
}

static void make_reusable(struct tcache *t)
{
	owner_end(t);
	t->next = reusable;
	reusable = t;
}

static void registry_return(struct tcache *t)
{
	tcache_lock();
	registry_remove(t);
	make_reusable(t);
	tcache_unlock();
}

/* One of a thread that is gone, among the next few; no longer in the registry. */
static struct tcache *registry_take_dead(void)
{
	struct tcache *dead = NULL, *t;

	tcache_lock();
	for (int i = 0; i < SUSPECTS && !dead && registry; i++) {
		t = suspect ? suspect : registry;
		suspect = t->next;
		if (owner_is_gone(t))
			dead = t;
	}
	if (dead)
		registry_remove(dead);
	tcache_unlock();
	return dead;
}

/* What is in it goes to the arenas, and it is for the next thread to have. */
static void bury_dead(void)
{
	struct tcache *dead = fork_holds_locks() ? NULL : registry_take_dead();

	if (!dead)
		return;
	tcache_flush(dead, CLASS_MAX);
	tend_leave(dead->arena);
	tcache_lock();
	make_reusable(dead);
	tcache_unlock();
}

/* The calling thread's, at its end or earlier. */
static void give_back(struct tcache *t)
{
	struct arena *a;

	tcache_flush(t, CLASS_MAX);
	tcache_self = GONE;
	a = t->arena;
	registry_return(t);
	tend_leave(a);
}

SELDOM struct tcache *tcache_create(void)
{
	struct tcache *t;
	int saved = errno;

	if (!have_exit_key)
		return NULL;
	t = new_cache();
	if (!t)
		return NULL;
	/* First: what is called from here on may allocate, and then finds the cache made. */
	tcache_self = t;
	owner_begin(t);
	tcache_lock();
	registry_insert(t);
	tcache_unlock();
	bury_dead();
	if (pthread_setspecific(exit_key, t) != 0) {
		/* Nobody would tell us of the thread's end. */
		give_back(t);
		t = NULL;
	}
	errno = saved;
	return t;
}

/*
 * Runs while other destructors may still allocate and free, before and after: what they free after
 * this goes to the arenas directly.
 */
static void at_thread_exit(void *cache)
{
	give_back(cache);
}

unsigned int tcache_caches_in_use(void)
{
	return atomic_load_explicit(&caches, memory_order_relaxed);
}

void tcache_totals(size_t *chunks, size_t *bytes)
{
	*chunks = *bytes = 0;
	tcache_lock();
	for (const struct tcache *t = registry; t; t = t->next) {
		for (size_t i = 1; i < CLASSES; i++) {
			size_t n = __atomic_load_n(&t->bottom[i], __ATOMIC_RELAXED) -
				__atomic_load_n(&t->bin[i].top, __ATOMIC_RELAXED);

			/* Nonsense while its thread moves the bin. */
			if (n > UINT8_MAX)
				continue;
			*chunks += n;
			*bytes += n * class_size(i);
		}
	}
	tcache_unlock();
}

/*
 * The lock is held, so the bin stays where it is; its thread may put in and take out. Below top there may be what was in
 * the bin, and above, while tcache_drop_older() moves what it keeps, that twice. Who has a block sees that it
 * is out: see tcache_set_top(). Not to be reported as a race.
 */
static __attribute__((no_sanitize("thread"))) bool bin_holds(const struct tcache *t, size_t index, const void *mem)
{
	size_t top = __atomic_load_n(&t->bin[index].top, __ATOMIC_ACQUIRE);
	size_t bottom = __atomic_load_n(&t->bottom[index], __ATOMIC_ACQUIRE);

	for (size_t slot = top; slot < bottom; slot++)
		if (__atomic_load_n(&t->slots[slot], __ATOMIC_ACQUIRE) == mem)
			return slot >= __atomic_load_n(&t->bin[index].top, __ATOMIC_ACQUIRE);
	return false;
}

bool tcache_holds(const void *mem, size_t index)
{
	bool found = false;

	tcache_lock();
	for (const struct tcache *t = registry; t && !found; t = t->next)
		found = bin_holds(t, index, mem);
	tcache_unlock();
	return found;
}

/* Is there a chunk's head before mem, in memory of the arena? */
static bool is_in_arena(const struct arena *a, const char *mem)
{
	void *piece = NULL;
	struct extent e;

	if (!a->top)
		return false;
	do {
		piece = a->main ? main_extent(a, piece, &e) : heap_extent(a, piece, &e);
		if (mem > (char *)e.first && mem < e.end)
			return true;
	} while (piece);
	return false;
}

/*
 * The cache's thread may move the bin meanwhile: what is read then is an entry, or was one, or is nothing. Not to
 * be reported as a race.
 */
static __attribute__((no_sanitize("thread"))) size_t bin_excess(const struct tcache *t, size_t index,
								const struct arena *a)
{
	size_t bottom = __atomic_load_n(&t->bottom[index], __ATOMIC_RELAXED), size = class_size(index), excess = 0, has;

	for (size_t slot = __atomic_load_n(&t->bin[index].top, __ATOMIC_RELAXED); slot < bottom; slot++) {
		const void *mem = __atomic_load_n(&t->slots[slot], __ATOMIC_RELAXED);

		if (!is_in_arena(a, mem))
			continue;
		has = chunksize(mem2chunk(mem));
		if (has > size && has < CLASS_KEEP_END)
			excess += has - size;
	}
	return excess;
}

size_t tcache_excess(const struct arena *a)
{
	size_t excess = 0;

	tcache_lock();
	for (const struct tcache *t = registry; t; t = t->next)
		for (size_t i = CLASS_PIECES; i < CLASS_EXACT; i++)
			excess += bin_excess(t, i, a);
	tcache_unlock();
	return excess;
}

struct tcache *tcache_next(const struct tcache *t)
{
	return t ? t->next : registry;
}

/*
 * The other threads are gone with their caches half-way through anything: what those hold is left
 * alone, as in glibc, and no longer counted.
 */
void tcache_fork_child(void)
{
	struct tcache *self = tcache_self;

	lock_reset(&registry_lock);
	registry = suspect = NULL;
	arenas_forget_users();
	atomic_store_explicit(&caches, 0, memory_order_relaxed);
	if (self == NONE || self == GONE)
		return;
	/* The thread that holds it in the parent has another number, and another list of those it holds. */
	owner_begin(self);
	self->prev = self->next = NULL;
	registry_insert(self);
	arena_move(NULL, self->arena);
}
