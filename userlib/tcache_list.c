// SPDX-License-Identifier: LGPL-2.1-or-later
/* tcache_list.c - the caches of all threads: made, given back at thread exit, counted */
#include "tcache_size.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/auxv.h>

#include "fork.h"
#include "meta.h"
#include "tend.h"

/* Every bin is empty and full: the first slot ends all of them. */
struct tcache tcache_none = { .slots = { &tcache_end } }, tcache_gone = { .slots = { &tcache_end } };
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
static _Atomic unsigned int caches;	/* in the registry */

static void at_thread_exit(void *cache);

void tcache_init(void)
{
	const void *bytes = (const void *)getauxval(AT_RANDOM);
	uintptr_t random = 0x5bd1e9955bd1e995UL;

	if (bytes)	/* at no particular alignment */
		memcpy(&random, bytes, sizeof(random));
	/* Odd: no pointer that a user stores in its second word looks like it. */
	tcache_key = random * 0x9e3779b97f4a7c15UL | 1;
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

static struct tcache *registry_take(void)
{
	struct tcache *t;

	tcache_lock();
	t = reusable;
	if (t)
		reusable = t->next;
	else
		t = meta_alloc(tcache_bytes());
	if (t) {
		tcache_size_init(t);
		t->next = registry;
		if (registry)
			registry->prev = t;
		registry = t;
		atomic_fetch_add_explicit(&caches, 1, memory_order_relaxed);
	}
	tcache_unlock();
	return t;
}

static void registry_return(struct tcache *t)
{
	tcache_lock();
	if (t->prev)
		t->prev->next = t->next;
	else
		registry = t->next;
	if (t->next)
		t->next->prev = t->prev;
	t->next = reusable;
	reusable = t;
	atomic_fetch_sub_explicit(&caches, 1, memory_order_relaxed);
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
	t = registry_take();
	if (!t)
		return NULL;
	/* First: pthread_setspecific() may allocate, and then finds the cache made. */
	tcache_self = t;
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
	registry = NULL;
	arenas_forget_users();
	atomic_store_explicit(&caches, 0, memory_order_relaxed);
	if (self == NONE || self == GONE)
		return;
	self->prev = self->next = NULL;
	registry = self;
	arena_move(NULL, self->arena);
	atomic_store_explicit(&caches, 1, memory_order_relaxed);
}
