// SPDX-License-Identifier: LGPL-2.1-or-later
#include "run.h"

#include "die.h"
#include "internal.h"
#include "tcache.h"

/*
 * A run adds a quarter to what its class has, within these: what is not used of it is little compared with
 * what is.
 */
#define RUN_GRANULES_MOST(size) ((size) > 256 ? 16u : 8u)
#define RUN_GRANULES_LEAST(size) ((size) > 256 ? 4u : (size) > 128 ? 2u : 1u)
#define RUN_GROWTH	4
/* A run and its tags begin and end at granules' boundaries; a piece may not lie across this. */
#define ORDINAL_SPAN	((uintptr_t)1 << 32)

static uintptr_t canary_of(const struct run *r, size_t class)
{
	return tcache_key ^ (uintptr_t)r ^ class;
}

void *piece_at(const struct run *r, size_t class, unsigned int number)
{
	uintptr_t span = (uintptr_t)r & ~(ORDINAL_SPAN - 1);

	/* The pieces behind a multiple of ORDINAL_SPAN: see pieces_place(). */
	if (unlikely((uint64_t)r->first * class_size(class) < ((uintptr_t)r & (ORDINAL_SPAN - 1))))
		span += ORDINAL_SPAN;
	return (void *)(span + (uint64_t)(r->first + number) * class_size(class));
}

static bool is_taken(const struct run *r, unsigned int number)
{
	return !(r->map[number / 64] & 1UL << number % 64);
}

struct run *run_of(const void *mem, size_t class, const char *message)
{
	struct run *r = piecemap_run(mem);

	if (unlikely(!piece_is_aligned(mem, class) || r->canary != canary_of(r, class) ||
		     piece_ordinal(mem, class) - r->first >= r->total))
		die(message);
	return r;
}

static void ring_insert_last(struct run **first, struct run *r)
{
	if (!*first) {
		*first = r->next = r->prev = r;
		return;
	}
	r->next = *first;
	r->prev = (*first)->prev;
	r->prev->next = r->next->prev = r;
}

static void ring_remove(struct run **first, struct run *r)
{
	if (unlikely(r->next->prev != r || r->prev->next != r))
		die("unlink_run(): corrupted double-linked list");
	r->next->prev = r->prev;
	r->prev->next = r->next;
	if (*first == r)
		*first = r->next == r ? NULL : r->next;
}

static unsigned int next_granules(const struct arena *a, size_t class)
{
	size_t more = a->run_pieces[class] * class_size(class) / RUN_GROWTH >> GRANULE_SHIFT;
	size_t least = RUN_GRANULES_LEAST(class_size(class)), limit = RUN_GRANULES_MOST(class_size(class));
	size_t most = RUN_PIECES * class_size(class) >> GRANULE_SHIFT;

	most = most < limit ? most : limit;
	more = more < most ? more : most;
	return more > least ? more : least;
}

static size_t overhead_of(const struct run *r, size_t class)
{
	return chunksize(run_chunk(r)) - r->total * class_size(class);
}

/* A chunk whose memory is nb bytes of granules; often the hole that another run has left. */
static struct chunk *alloc_granules(struct arena *a, size_t nb)
{
	size_t dirty;
	struct chunk *c = arena_alloc(a, nb, false, &dirty);

	if (c && is_aligned(chunk2mem(c), GRANULE) && chunksize(c) == nb)
		return c;
	if (c)
		arena_coalesce(a, c);
	c = arena_alloc(a, nb + GRANULE + MINSIZE, true, &dirty);
	return c ? arena_align(a, c, nb, GRANULE) : NULL;
}

/* Which pieces the run has: those on the longer side, should it lie across a multiple of ORDINAL_SPAN. */
static void pieces_place(struct run *r, size_t size, size_t class)
{
	char *start = (char *)(r + 1), *end = (char *)r + size - SIZE_SZ;
	char *border = (char *)align_up((uintptr_t)start, ORDINAL_SPAN);

	if (unlikely(border < end)) {
		if (border - start > end - border)
			end = border;
		else
			start = border;
	}
	r->first = piece_ordinal(start, class) + !piece_is_aligned(start, class);
	r->total = (end - (char *)piece_at(r, class, 0)) / (ptrdiff_t)class_size(class);
	r->total = r->total < RUN_PIECES ? r->total : RUN_PIECES;
}

static SELDOM struct run *run_make(struct arena *a, size_t class)
{
	size_t nb = (size_t)next_granules(a, class) << GRANULE_SHIFT;
	struct chunk *c = alloc_granules(a, nb);
	struct run *r;

	if (!c)
		return NULL;
	r = chunk2mem(c);
	if (!piecemap_enter((char *)r, nb >> GRANULE_SHIFT, class)) {
		arena_coalesce(a, c);
		return NULL;
	}
	/* The chunk may be longer by too little for another one. */
	*r = (struct run){ .canary = canary_of(r, class), .arena = a, .granules = nb >> GRANULE_SHIFT };
	pieces_place(r, nb, class);
	r->free = r->total;
	for (unsigned int i = 0; i < r->total; i += 64)
		r->map[i / 64] = r->total - i < 64 ? (1UL << (r->total - i)) - 1 : ~0UL;
	a->empty_bytes += nb;
	ring_insert_last(&a->runs[class], r);
	a->run_pieces[class] += r->total;
	a->run_overhead += overhead_of(r, class);
	return r;
}

static bool is_empty(const struct run *r) { return r->free == r->total; }

static size_t bytes_of(const struct run *r) { return (size_t)r->granules << GRANULE_SHIFT; }

/* Up to n of the run's free pieces, by their addresses. */
static unsigned int take_pieces(struct run *r, size_t class, unsigned int n, void **pieces)
{
	size_t size = class_size(class);
	char *at = piece_at(r, class, 0);
	unsigned int taken = 0;
	uint64_t map;

	for (unsigned int word = 0; taken < n; word++, at += 64 * size) {
		for (map = r->map[word]; map && taken < n; map &= map - 1)
			pieces[taken++] = at + __builtin_ctzl(map) * size;
		r->map[word] = map;
	}
	return taken;
}

unsigned int run_take(struct arena *a, size_t class, unsigned int n, void **pieces)
{
	unsigned int taken = 0, some;
	struct run *r = a->runs[class];

	if (unlikely(!r))
		r = run_make(a, class);
	for (; r && taken < n; r = a->runs[class]) {
		if (unlikely(!run_is_one(r, class)))
			die("malloc(): memory corruption (fast)");
		if (unlikely(is_empty(r)))
			a->empty_bytes -= bytes_of(r);
		some = n - taken < r->free ? n - taken : r->free;
		taken += take_pieces(r, class, some, pieces + taken);
		r->free -= some;
		if (!r->free)
			ring_remove(&a->runs[class], r);
	}
	return taken;
}

/* Behind the others; in front of them all if the last is empty, as pieces are taken from the first. */
SELDOM void run_starts_giving(struct arena *a, struct run *r, size_t class)
{
	struct run *first = a->runs[class];

	ring_insert_last(&a->runs[class], r);
	if (first && is_empty(r->prev))
		a->runs[class] = r;
}

/* Those from which pieces were taken come first, so that the others may get empty. */
SELDOM void run_gets_empty(struct arena *a, struct run *r, size_t class)
{
	a->empty_bytes += bytes_of(r);
	if (a->runs[class]->prev == r)
		return;
	ring_remove(&a->runs[class], r);
	ring_insert_last(&a->runs[class], r);
}

static SELDOM size_t run_release(struct arena *a, struct run *r, size_t class)
{
	ring_remove(&a->runs[class], r);
	a->empty_bytes -= bytes_of(r);
	a->run_pieces[class] -= r->total;
	a->run_overhead -= overhead_of(r, class);
	r->canary = 0;
	piecemap_remove((char *)r, r->granules);
	return arena_coalesce(a, run_chunk(r));
}

static size_t class_release(struct arena *a, size_t class)
{
	struct run *r = a->runs[class], *last = r ? r->prev : NULL, *next;
	size_t span, largest = 0;

	for (; r && a->empty_bytes; r = next) {
		next = r == last ? NULL : r->next;
		if (!is_empty(r))
			continue;
		span = run_release(a, r, class);
		largest = span > largest ? span : largest;
	}
	return largest;
}

size_t runs_release(struct arena *a)
{
	size_t span, largest = 0;

	for (size_t class = 1; class < CLASS_PIECES && a->empty_bytes; class++) {
		span = class_release(a, class);
		largest = span > largest ? span : largest;
	}
	return largest;
}

/* The empty ones are the last of the ring. */
SELDOM unsigned int runs_release_some(struct arena *a, size_t class, unsigned int most)
{
	unsigned int n = 0;

	for (; n < most && a->runs[class] && is_empty(a->runs[class]->prev); n++)
		run_release(a, a->runs[class]->prev, class);
	return n;
}

void run_check_not_free(void *mem, size_t class)
{
	struct run *r = run_of(mem, class, "free(): invalid pointer");
	struct arena *a = arena_of(run_chunk(r));

	/* Whatever was deferred is taken in by the locking. */
	arena_lock(a);
	if (!is_taken(r, piece_ordinal(mem, class) - r->first))
		die("free(): double free or corruption (fasttop)");
	arena_unlock(a);
}
