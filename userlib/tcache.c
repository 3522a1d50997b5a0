// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tcache.h"

#include <pthread.h>
#include <string.h>
#include <sys/auxv.h>

#include "die.h"
#include "fork.h"
#include "klink.h"
#include "meta.h"

/* A bin holds at most this many bytes, within these counts. */
#define BIN_BYTES	((size_t)8192)
#define BIN_COUNT_MIN	4
#define BIN_COUNT_MAX	128
/* A refill takes at most this many bytes, and one chunk the first time. */
#define BATCH_BYTES	((size_t)4096)
#define BATCH_MAX	32
/* Frees that may consolidate, for one that does: flushing and refilling cost as much as many frees. */
#define CONSOLIDATE_EVERY 32

/*
 * Stand-ins, never written: every bin is empty and full. Of struct tcache they have just the bins,
 * which is all that the fast paths look at.
 */
static void *no_slot[1];
#define STAND_IN_BINS { [0 ... TCACHE_BINS - 1] = { no_slot, no_slot } }
static struct tcache cache_none = { .bin = STAND_IN_BINS };	/* not made yet */
static struct tcache cache_gone = { .bin = STAND_IN_BINS };	/* given back at thread exit; no new one */

__thread struct tcache *tcache_self = &cache_none;
uintptr_t tcache_key;

static pthread_key_t exit_key;
static bool have_exit_key;

static struct lock registry_lock = LOCK_INIT;
static struct tcache *registry;
static struct tcache *reusable;

static unsigned int count_wanted = UINT16_MAX;	/* UINT16_MAX: by BIN_BYTES */
static size_t max_wanted = TCACHE_MAX;

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

void tcache_set_count(unsigned int count)
{
	count_wanted = count < UINT16_MAX ? count : UINT16_MAX;
}

void tcache_set_max(size_t bytes)
{
	max_wanted = bytes < TCACHE_MAX_REQUEST ? request2size(bytes) : TCACHE_MAX;
}

static unsigned int bin_capacity(size_t index)
{
	size_t n = BIN_BYTES / tcache_bin_size(index);

	return n < BIN_COUNT_MIN ? BIN_COUNT_MIN : n > BIN_COUNT_MAX ? BIN_COUNT_MAX : n;
}

static unsigned int bin_limit(size_t index)
{
	unsigned int n = bin_capacity(index);

	if (tcache_bin_size(index) > max_wanted)
		return 0;
	return n < count_wanted ? n : count_wanted;
}

void tcache_apply_limits(struct tcache *t)
{
	for (size_t i = 0; i < TCACHE_BINS; i++)
		t->bin[i].full = t->bottom[i] - bin_limit(i);
}

static size_t cache_size(void)
{
	size_t slots = 0;

	for (size_t i = 0; i < TCACHE_BINS; i++)
		slots += bin_capacity(i) + 1;
	return sizeof(struct tcache) + slots * sizeof(void *);
}

/* All bins empty; of a cache used before, the slots hold stale pointers but for the NULLs. */
static void cache_init(struct tcache *t)
{
	void **slot = t->slots;

	for (size_t i = 0; i < TCACHE_BINS; i++) {
		slot += bin_capacity(i);
		t->bottom[i] = t->bin[i].top = slot;
		*slot++ = NULL;
		t->batch[i] = 1;
	}
	tcache_apply_limits(t);
	t->arena = NULL;
	t->quiet_frees = 0;
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
		t = meta_alloc(cache_size());
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
	cache_init(t);
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

static void push(struct tcache_bin *b, void *mem)
{
	*tcache_key_of(mem) = tcache_key;
	*--b->top = mem;
}

/* A chunk for the request; the rest of the batch goes into the bin, lowest address on top. */
static struct chunk *take_batch(struct tcache_bin *b, unsigned int batch, struct arena *a, size_t nb)
{
	struct chunk *run[BATCH_MAX];
	unsigned int n = arena_alloc_run(a, nb, batch, run);

	arena_unlock(a);
	for (unsigned int i = n; i-- > 1;)
		push(b, chunk2mem(run[i]));
	return n ? run[0] : NULL;
}

/* Who comes again gets twice as many, up to half of what the bin may hold. */
static void raise_batch(struct tcache *t, size_t index)
{
	size_t most = BATCH_BYTES / tcache_bin_size(index);
	size_t half = (t->bottom[index] - t->bin[index].full) / 2;

	if (most > BATCH_MAX)
		most = BATCH_MAX;
	if (most > half)
		most = half;
	if (t->batch[index] < most)
		t->batch[index] = t->batch[index] * 2u < most ? t->batch[index] * 2u : most;
}

struct chunk *tcache_refill(struct tcache *t, size_t nb)
{
	size_t index = tcache_index(nb);
	struct arena *a;
	struct chunk *c;

	klink_poll();
	a = arena_acquire(NULL);
	c = take_batch(&t->bin[index], t->batch[index], a, nb);
	if (!c) {
		a = arena_acquire(a);
		c = a ? take_batch(&t->bin[index], t->batch[index], a, nb) : NULL;
	}
	raise_batch(t, index);
	return c;
}

static void leave_arena(struct arena *a, size_t largest_span)
{
	arena_look_at_trimming(a, largest_span);
	arena_unlock(a);
}

/* Give blocks back, arena by arena as they come; trimming is looked at once for each stay in one. */
static void free_blocks(void **block, size_t n)
{
	struct arena *locked = NULL, *a;
	size_t span, largest = 0;

	for (size_t i = 0; i < n; i++) {
		a = arena_of(mem2chunk(block[i]));
		*tcache_key_of(block[i]) = 0;
		if (a != locked) {
			if (locked)
				leave_arena(locked, largest);
			locked = arena_try(a) ? a : NULL;
			largest = 0;
		}
		if (!locked) {
			arena_defer(a, block[i]);
			continue;
		}
		span = arena_coalesce(a, mem2chunk(block[i]));
		largest = span > largest ? span : largest;
	}
	if (locked)
		leave_arena(locked, largest);
}

/* Keep the younger half: it is warmer. */
static void drop_older_half(struct tcache *t, size_t index)
{
	struct tcache_bin *b = &t->bin[index];
	size_t count = tcache_count(t, index), drop = (count + 1) / 2;

	free_blocks(t->bottom[index] - drop, drop);
	memmove(b->top + drop, b->top, (count - drop) * sizeof(void *));
	b->top += drop;
	if (t->batch[index] > 1)
		t->batch[index] /= 2;
}

static void check_not_cached(const struct tcache *t, size_t index, const void *mem)
{
	for (void **slot = t->bin[index].top; *slot; slot++)
		if (*slot == mem)
			die("free(): double free detected in tcache 2");
}

bool tcache_put_slow(void *mem, size_t size)
{
	struct tcache *t = tcache_make();
	size_t index = tcache_index(size);

	if (!t)
		return false;
	if (*tcache_key_of(mem) == tcache_key)
		check_not_cached(t, index, mem);
	if (!tcache_caches(t, index))
		return false;
	if (t->bin[index].top == t->bin[index].full)
		drop_older_half(t, index);
	push(&t->bin[index], mem);
	return true;
}

void tcache_flush(struct tcache *t, size_t max_size)
{
	size_t count;

	for (size_t i = 0; i < TCACHE_BINS && tcache_bin_size(i) <= max_size; i++) {
		count = tcache_count(t, i);
		free_blocks(t->bin[i].top, count);
		t->bin[i].top += count;
	}
}

void tcache_consolidate(struct tcache *t, size_t max_size)
{
	if (t->quiet_frees) {
		t->quiet_frees--;
		return;
	}
	t->quiet_frees = CONSOLIDATE_EVERY - 1;
	tcache_flush(t, max_size);
}

void tcache_totals(size_t *chunks, size_t *bytes)
{
	*chunks = *bytes = 0;
	tcache_lock();
	for (const struct tcache *t = registry; t; t = t->next) {
		for (size_t i = 0; i < TCACHE_BINS; i++) {
			size_t n = t->bottom[i] - __atomic_load_n(&t->bin[i].top, __ATOMIC_RELAXED);

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
