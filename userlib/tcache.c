// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tcache.h"

#include <pthread.h>
#include <string.h>
#include <sys/auxv.h>

#include "die.h"
#include "klink.h"
#include "meta.h"

/* A bin holds at most this many bytes, within these counts. */
#define BIN_BYTES	((size_t)4096)
#define BIN_COUNT_MIN	4
#define BIN_COUNT_MAX	64
/* A refill takes at most this many bytes, and one chunk the first time. */
#define BATCH_BYTES	((size_t)2048)
#define BATCH_MAX	16

/* Stand-ins: neither is ever written. */
static struct tcache cache_none;	/* not made yet */
static struct tcache cache_gone;	/* given back at thread exit; no new one */

__thread struct tcache *tcache_self = &cache_none;
uintptr_t tcache_key;

static pthread_key_t exit_key;
static bool have_exit_key;

static struct lock registry_lock = LOCK_INIT;
static struct tcache *registry;
static struct tcache *reusable;

static unsigned int count_wanted = UINT16_MAX;	/* UINT16_MAX: by BIN_BYTES */
static size_t max_wanted = TCACHE_MAX;

void tcache_die_unaligned(void)
{
	die("malloc(): unaligned tcache chunk detected");
}

static void at_thread_exit(void *cache);

void tcache_init(void)
{
	const uintptr_t *random = (const uintptr_t *)getauxval(AT_RANDOM);

	/* Odd: no pointer that a user stores in its second word looks like it. */
	tcache_key = (random ? random[0] * 0x9e3779b97f4a7c15UL : 0x5bd1e9955bd1e995UL) | 1;
	have_exit_key = pthread_key_create(&exit_key, at_thread_exit) == 0;
}

void tcache_set_count(unsigned int count)
{
	count_wanted = count < UINT16_MAX ? count : UINT16_MAX;
}

void tcache_set_max(size_t bytes)
{
	max_wanted = bytes < TCACHE_MAX_REQUEST ? request2size(bytes) : TCACHE_MAX;
}

static unsigned int bin_limit(size_t size)
{
	size_t n = BIN_BYTES / size;

	if (size > max_wanted)
		return 0;
	if (count_wanted < UINT16_MAX)
		return count_wanted;
	return n < BIN_COUNT_MIN ? BIN_COUNT_MIN : n > BIN_COUNT_MAX ? BIN_COUNT_MAX : n;
}

void tcache_apply_limits(struct tcache *t)
{
	for (size_t i = 0; i < TCACHE_BINS; i++)
		t->bin[i].limit = bin_limit(tcache_bin_size(i));
}

void tcache_lock(void) { lock_take(&registry_lock); }
void tcache_unlock(void) { lock_drop(&registry_lock); }

static struct tcache *registry_take(void)
{
	struct tcache *t;

	tcache_lock();
	t = reusable;
	if (t)
		reusable = t->next;
	else
		t = meta_alloc(sizeof(*t));
	if (t) {
		t->prev = NULL;
		t->next = registry;
		if (registry)
			registry->prev = t;
		registry = t;
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
	tcache_unlock();
}

struct tcache *tcache_make(void)
{
	struct tcache *t = tcache_self;

	if (likely(t != &cache_none))
		return t == &cache_gone ? NULL : t;
	if (!have_exit_key)
		return NULL;
	t = registry_take();
	if (!t)
		return NULL;
	for (size_t i = 0; i < TCACHE_BINS; i++)
		t->bin[i] = (struct tcache_bin){ .batch = 1 };
	tcache_apply_limits(t);
	t->arena = NULL;
	/* First: pthread_setspecific() may allocate, and then finds the cache made. */
	tcache_self = t;
	if (pthread_setspecific(exit_key, t) != 0) {
		/* Nobody would tell us of the thread's end. */
		tcache_flush(t, TCACHE_MAX);
		tcache_self = &cache_gone;
		registry_return(t);
		return NULL;
	}
	return t;
}

/*
 * Runs while other destructors may still allocate and free, before and after: what they free after
 * this goes to the arenas directly.
 */
static void at_thread_exit(void *cache)
{
	struct tcache *t = cache;

	tcache_flush(t, TCACHE_MAX);
	tcache_self = &cache_gone;
	registry_return(t);
}

static void push(struct tcache_bin *b, struct chunk *c)
{
	struct tcache_entry *e = chunk2mem(c);

	e->key = tcache_key;
	e->next = tcache_mangle(e, b->head);
	b->head = e;
	b->count++;
}

/* Unlocked: a chunk for the request; the rest of the batch in the bin, lowest address on top. */
static struct chunk *take_batch(struct tcache_bin *b, struct arena *a, size_t nb)
{
	struct chunk *batch[BATCH_MAX];
	size_t dirty;
	int n;

	for (n = 0; n < b->batch; n++) {
		batch[n] = arena_alloc(a, nb, n == 0, &dirty);
		if (!batch[n])
			break;
	}
	arena_unlock(a);
	for (int i = n - 1; i > 0; i--)
		push(b, batch[i]);
	return n ? batch[0] : NULL;
}

struct chunk *tcache_refill(struct tcache *t, size_t nb)
{
	struct tcache_bin *b = &t->bin[tcache_index(nb)];
	unsigned int most = BATCH_BYTES / nb;
	struct arena *a;
	struct chunk *c;

	klink_poll();
	a = arena_acquire(NULL);
	c = take_batch(b, a, nb);
	if (!c) {
		a = arena_acquire(a);
		c = a ? take_batch(b, a, nb) : NULL;
	}
	/* Who comes again gets twice as many, up to half of what the bin may hold. */
	if (most > BATCH_MAX)
		most = BATCH_MAX;
	if (most > b->limit / 2u)
		most = b->limit / 2u;
	if (b->batch < most)
		b->batch = b->batch * 2 < (int)most ? b->batch * 2 : most;
	return c;
}

/* Free a list of entries, arena by arena as they come. */
static void free_list(struct tcache_entry *e)
{
	struct arena *locked = NULL, *a;
	struct tcache_entry *next;
	struct chunk *c;

	for (; e; e = next) {
		if (unlikely(!is_aligned(e, MALLOC_ALIGN)))
			die("free(): unaligned chunk detected in tcache 2");
		next = tcache_next(e);
		c = mem2chunk(e);
		a = arena_of(c);
		if (a != locked) {
			if (locked)
				arena_unlock(locked);
			arena_lock(a);
			locked = a;
		}
		e->key = 0;
		arena_free(a, c);
	}
	if (locked)
		arena_unlock(locked);
}

/* Keep the younger half: it is warmer. */
static void drop_older_half(struct tcache_bin *b)
{
	unsigned int keep = b->count / 2;
	struct tcache_entry *e = b->head, *older;

	if (!keep) {
		older = b->head;
		b->head = NULL;
	} else {
		for (unsigned int i = 1; i < keep; i++)
			e = tcache_next(e);
		older = tcache_next(e);
		e->next = tcache_mangle(e, NULL);
	}
	b->count = keep;
	if (b->batch > 1)
		b->batch /= 2;
	free_list(older);
}

static void check_not_cached(const struct tcache_bin *b, const struct tcache_entry *mem)
{
	const struct tcache_entry *e = b->head;

	for (unsigned int n = 0; e; n++, e = tcache_next(e)) {
		if (n > b->count)
			die("free(): too many chunks detected in tcache");
		if (!is_aligned(e, MALLOC_ALIGN))
			die("free(): unaligned chunk detected in tcache 2");
		if (e == mem)
			die("free(): double free detected in tcache 2");
	}
}

bool tcache_put_slow(void *mem, size_t size)
{
	struct tcache *t = tcache_make();
	struct tcache_bin *b;

	if (!t)
		return false;
	b = &t->bin[tcache_index(size)];
	if (((struct tcache_entry *)mem)->key == tcache_key)
		check_not_cached(b, mem);
	if (!b->limit)
		return false;
	if (b->count >= b->limit)
		drop_older_half(b);
	push(b, mem2chunk(mem));
	return true;
}

void tcache_flush(struct tcache *t, size_t max_size)
{
	struct tcache_entry *e;

	for (size_t i = 0; i < TCACHE_BINS && tcache_bin_size(i) <= max_size; i++) {
		e = t->bin[i].head;
		t->bin[i].head = NULL;
		t->bin[i].count = 0;
		t->bin[i].batch = 1;
		free_list(e);
	}
}

void tcache_totals(size_t *chunks, size_t *bytes)
{
	*chunks = *bytes = 0;
	tcache_lock();
	for (const struct tcache *t = registry; t; t = t->next) {
		for (size_t i = 0; i < TCACHE_BINS; i++) {
			size_t n = __atomic_load_n(&t->bin[i].count, __ATOMIC_RELAXED);

			*chunks += n;
			*bytes += n * tcache_bin_size(i);
		}
	}
	tcache_unlock();
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
	if (self == &cache_none || self == &cache_gone)
		return;
	self->prev = self->next = NULL;
	registry = self;
}
