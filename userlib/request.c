// SPDX-License-Identifier: LGPL-2.1-or-later
#include "request.h"

#include <stdatomic.h>

#include "arena.h"
#include "fastbin.h"
#include "figures.h"
#include "fork.h"
#include "idle.h"
#include "os.h"
#include "run.h"
#include "tcache.h"
#include "unmap.h"

/* Memory is looked at and let go of in pieces, each by two system calls. */
#define PIECE		((size_t)1 << 20)
#define CALLS_A_PIECE	2u
/* An arena whose lock is taken is tried again at the next step, so many times. */
#define ARENA_TRIES	64
/* Ranges that the kernel would not unmap before, and may now. */
#define UNMAP_AGAIN	64

/* The request in the page, written with the klink lock; seen_number last. */
static _Atomic uint64_t seen_keep;
static _Atomic uint32_t seen_number, answered;
static _Atomic unsigned int attachments;	/* numbers begin anew with each */

/* What is left of one step. */
struct budget {
	size_t bytes;
	unsigned int calls, visits;
};

enum stage { FAST_BINS, RUNS, SORT, CHUNKS, TOP, DONE };

/* The request being worked off, with the lock. */
static struct lock lock = LOCK_INIT;
static uint32_t number;
static unsigned int attachment;
static size_t keep;		/* idle bytes that may yet stay */
static size_t gone;
static unsigned int slot;	/* of the arena that is next */
static unsigned int tries;
static bool started;		/* with that arena, of which the rest is */
static enum stage stage;
static unsigned int class;	/* whose runs are next */
static size_t pad;		/* bytes that stay at the arena's top */
static size_t kept;		/* and of the chunk that is next, as far as it was looked at */

void request_see(struct request r)
{
	atomic_store_explicit(&seen_keep, r.keep, memory_order_relaxed);
	atomic_store_explicit(&seen_number, r.number, memory_order_release);
}

bool request_is_pending(void)
{
	uint32_t seen = atomic_load_explicit(&seen_number, memory_order_relaxed);

	return seen && seen != atomic_load_explicit(&answered, memory_order_relaxed);
}

void request_forget(void)
{
	atomic_store_explicit(&seen_number, 0, memory_order_relaxed);
	atomic_store_explicit(&answered, 0, memory_order_relaxed);
	atomic_fetch_add_explicit(&attachments, 1, memory_order_relaxed);
}

/* The arenas were locked, so none is half-way through a step. */
void request_fork_child(void)
{
	lock_reset(&lock);
	number = 0;
	gone = 0;
}

static bool has_room(const struct budget *b)
{
	return b->bytes >= PIECE && b->calls >= CALLS_A_PIECE && b->visits;
}

/* What is swapped out goes, too, but for small chunks, where asking costs more than they have. */
static bool let_go_of_piece(struct budget *b, char *start, size_t size, size_t resident)
{
	b->calls -= CALLS_A_PIECE;
	if (!resident && size < IDLE_MIN)
		return true;
	if (!os_let_go(start, size))
		return false;
	gone += resident;
	b->bytes -= resident;
	return true;
}

/* False: there is more of it. */
static bool let_go_inside(struct arena *a, struct chunk *c, struct budget *b)
{
	char *start = (char *)align_up((uintptr_t)(idle_tag_of(c) + 1), os_page_size);
	char *end = (char *)align_down((uintptr_t)c + chunksize(c), os_page_size), *at;
	size_t size, resident;

	if (!a->walk_done)
		kept = 0;
	for (at = start + a->walk_done; at < end; at += PIECE) {
		if (!has_room(b))
			return false;
		size = (size_t)(end - at) < PIECE ? (size_t)(end - at) : PIECE;
		resident = os_resident(at, size);
		if (resident && resident <= keep) {
			keep -= resident;
			kept += resident;
			b->calls--;
		} else {
			let_go_of_piece(b, at, size, resident);
		}
		a->walk_done += PIECE;
	}
	idle_set_resident(a, c, kept < chunksize(c) ? kept : chunksize(c));
	return true;
}

static bool let_go_of_chunks(struct arena *a, struct budget *b)
{
	struct chunk *c;

	while ((c = bins_walk(a)) != NULL) {
		if (!b->visits || !let_go_inside(a, c, b))
			return false;
		b->visits--;
		bins_walk_on(a);
	}
	return true;
}

/*
 * From the end of what was ever written downwards: with its pages gone, taking the top down costs next to
 * nothing.
 */
static bool let_go_of_top(struct arena *a, struct budget *b)
{
	char *low = (char *)align_up((uintptr_t)a->top + MEM_OFFSET + pad, os_page_size), *high, *start;
	char *end = (char *)a->top + chunksize(a->top);

	while (a->fresh > low) {
		high = (char *)align_up((uintptr_t)a->fresh, os_page_size);
		high = high < end ? high : end;
		if (high <= low)
			break;
		if (!has_room(b))
			return false;
		start = (size_t)(high - low) > PIECE ? high - PIECE : low;
		if (!let_go_of_piece(b, start, high - start, os_resident(start, high - start)))
			break;
		a->fresh = start;
	}
	top_trim(a, pad);
	return true;
}

static bool release_runs(struct arena *a, struct budget *b)
{
	for (; class < CLASS_PIECES; class++) {
		b->visits -= runs_release_some(a, class, b->visits);
		if (!b->visits)
			return false;
	}
	return true;
}

static bool do_stage(struct arena *a, struct budget *b)
{
	switch (stage) {
	case FAST_BINS:
		b->visits -= fastbins_consolidate_some(a, b->visits);
		return b->visits;
	case RUNS:
		return release_runs(a, b);
	case SORT:
		b->visits -= arena_sort(a, b->visits);
		return b->visits;
	case CHUNKS:
		return let_go_of_chunks(a, b);
	default:
		return let_go_of_top(a, b);
	}
}

/* What stays at the top is as much of it as was ever written. */
static void start_arena(struct arena *a)
{
	size_t used = a->fresh > (char *)a->top ? (size_t)(a->fresh - (char *)a->top) : 0;

	pad = used < keep ? used : keep;
	keep -= pad;
	stage = FAST_BINS;
	class = 1;
	started = true;
}

/* False: there is more of it. */
static bool work_on(struct arena *a, struct budget *b)
{
	if (!a->top)
		return true;
	if (!started)
		start_arena(a);
	for (; stage != DONE; stage++) {
		if (!do_stage(a, b))
			return false;
		if (stage == SORT)
			bins_walk_start(a, bin_index(os_page_size));
	}
	return true;
}

static bool work(struct budget *b)
{
	struct arena *a;
	size_t had;
	bool done;

	for (; slot < arena_count(); slot++, started = false, tries = 0) {
		a = arena_at(slot);
		if (!a)
			continue;
		if (!arena_try(a)) {
			if (++tries < ARENA_TRIES)
				return false;
			continue;
		}
		if (arena_has_deferred(a))
			arena_take_in(a);
		had = b->bytes;
		done = work_on(a, b);
		if (b->bytes < had)
			figures_trimmed(a);
		else
			figures_update(a);
		arena_unlock(a);
		if (!done)
			return false;
	}
	unmap_refused(UNMAP_AGAIN);
	return true;
}

static void start(uint32_t seen)
{
	number = seen;
	attachment = atomic_load_explicit(&attachments, memory_order_relaxed);
	keep = atomic_load_explicit(&seen_keep, memory_order_relaxed);
	slot = tries = 0;
	started = false;
}

/* Every thread that comes by gives up what it has cached; that is its step. */
static bool flush_own_cache(uint32_t seen)
{
	struct tcache *t = tcache_make();

	if (!t || t->request == seen)
		return false;
	t->request = seen;
	tcache_flush(t, CLASS_MAX);
	return true;
}

bool request_step(uint32_t *answer, size_t *bytes)
{
	uint32_t seen = atomic_load_explicit(&seen_number, memory_order_acquire);
	struct budget b = { REQUEST_STEP_BYTES, REQUEST_STEP_CALLS, REQUEST_STEP_VISITS };
	bool done = false;

	if (fork_holds_locks() || !seen || flush_own_cache(seen) || !lock_try(&lock))
		return false;
	if (request_is_pending()) {
		if (number != seen || attachment != atomic_load_explicit(&attachments, memory_order_relaxed))
			start(seen);
		done = work(&b);
	}
	if (done) {
		*answer = number;
		*bytes = gone;
		gone = 0;
		atomic_store_explicit(&answered, number, memory_order_relaxed);
	}
	lock_drop(&lock);
	return done;
}
