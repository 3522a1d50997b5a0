// SPDX-License-Identifier: LGPL-2.1-or-later
/* check_kept.c - what is kept for reuse: pieces in runs, fast bins, deferred blocks, thread caches */
#include "checker.h"
#include "fastbin.h"
#include "run.h"
#include "tcache.h"

#define fail(w, ...) checker_fail((w)->k, __VA_ARGS__)

static bool piece_is_free(const struct run *r, unsigned int number)
{
	return r->map[number / 64] & 1UL << number % 64;
}

static bool check_pieces(struct walk *w, const struct run *r, size_t class)
{
	const char *begin = (const char *)(r + 1), *end = (const char *)next_chunk(run_chunk(r)) + SIZE_SZ;
	unsigned int free = 0;

	for (unsigned int i = 0; i < RUN_PIECES; i++) {
		const char *piece = piece_at(r, class, i);

		if (i >= r->total && piece_is_free(r, i))
			return fail(w, "run %p: piece %u of %u is free", (void *)r, i, r->total);
		if (i >= r->total)
			continue;
		if (piece < begin || piece + class_size(class) > end || !piece_is_aligned(piece, class) ||
		    piece_class(piece) != class || piecemap_run(piece) != r)
			return fail(w, "run %p of class %zu: piece %p is not in its place", (void *)r, class, (void *)piece);
		if (!piece_is_free(r, i))
			checker_meet(w->k, piece);
		else if (blockset_find(&w->k->seen, piece))
			return fail(w, "piece %p: in %s and free", (void *)piece, blockset_find(&w->k->seen, piece)->holder);
		free += piece_is_free(r, i);
	}
	return free == r->free || fail(w, "run %p: %u pieces free, counted %u", (void *)r, r->free, free);
}

bool check_run(struct walk *w, const struct chunk *c)
{
	const struct run *r = chunk2mem(c);
	size_t class = piece_class(r);

	if (class >= CLASS_PIECES || !run_is_one(r, class))
		return fail(w, "chunk %p: in the map of pieces, but no run", (void *)c);
	if (r->arena != w->a || r->granules != chunksize(c) / GRANULE)
		return fail(w, "run %p: of another arena or length", (void *)r);
	if (!is_aligned(r, GRANULE) || chunksize(c) % GRANULE >= MINSIZE)
		return fail(w, "run %p: not the place for it, or the size %#zx", (void *)r, c->size);
	if (!check_pieces(w, r, class))
		return false;
	w->runs[class].bytes += r->total;
	if (r->free == r->total)
		w->empty_bytes += chunksize(c) / GRANULE * GRANULE;
	if (!r->free)
		return true;
	w->runs[class].count++;
	return checker_is_new(w->k, r, checker_run);
}

/* The walk has found the runs with free pieces: these must be in the ring, once. */
static bool check_listed_run(struct walk *w, const struct run *r, size_t class)
{
	struct block_entry *e;

	if (!checker_is(w->k, r, checker_run) || piece_class(r) != class)
		return fail(w, "%p in the ring of class %zu: no run that has free pieces", (void *)r, class);
	e = blockset_find(&w->k->seen, r);
	if (e->met)
		return fail(w, "run %p: twice in its ring", (void *)r);
	e->met = true;
	return true;
}

bool check_runs(struct walk *w)
{
	for (size_t i = 1; i < CLASS_PIECES; i++) {
		const struct run *first = w->a->runs[i], *r = first;
		size_t count = 0;

		for (; r; r = r->next == first ? NULL : r->next, count++) {
			if (!check_listed_run(w, r, i))
				return false;
			if (!is_aligned(r->next, GRANULE) || r->next->prev != r)
				return fail(w, "run %p: not linked by its neighbour", (void *)r);
		}
		if (w->runs[i].count != count)
			return fail(w, "class %zu: %zu runs have free pieces, %zu are in the ring", i,
				    w->runs[i].count, count);
		if (w->runs[i].bytes != w->a->run_pieces[i])
			return fail(w, "class %zu: %u pieces, counted %zu", i, w->a->run_pieces[i], w->runs[i].bytes);
	}
	return w->empty_bytes == w->a->empty_bytes ||
		fail(w, "arena %u: empty runs of %zu bytes, counted %zu", w->a->slot, w->a->empty_bytes, w->empty_bytes);
}

static const struct chunk *chunk_around(const void *mem)
{
	return piece_class(mem) ? run_chunk(piecemap_run(mem)) : mem2chunk(mem);
}

/* May a chunk of this size be in a bin of that class? Which it is in depends on the policy at that time. */
static bool keeps(size_t index, size_t size)
{
	return index == class_keeping(size) || (size <= CLASS_EXACT_MAX && index == class_exact(size));
}

struct fast_walk {
	struct walk *w;
	size_t index, count;
};

static bool check_fast_chunk(void *mem, void *context)
{
	struct fast_walk *f = context;
	const struct chunk *c = mem2chunk(mem);

	if (!checker_held(f->w->k, mem, "a fast bin"))
		return false;
	f->count++;
	if (is_mmapped(c) || !keeps(f->index, chunksize(c)))
		return fail(f->w, "fast bin %zu: chunk %p of size %#zx", f->index, (void *)c, c->size);
	if (arena_of(c) != f->w->a)
		return fail(f->w, "fast bin %zu: chunk %p is not the arena's", f->index, (void *)c);
	return *tcache_key_of(mem) == tcache_key || fail(f->w, "fast chunk %p: written to", (void *)c);
}

bool check_fast_bins(struct walk *w)
{
	const struct arena *a = w->a;
	size_t bytes = 0;

	for (size_t i = 0; i < CLASSES; i++) {
		struct fast_walk f = { .w = w, .index = i };

		if (!a->fast[i] != !(a->fastmap[i / 64] & 1UL << i % 64))
			return fail(w, "fast bin %zu: its bit is wrong", i);
		if (!fastbin_for_each(a, i, check_fast_chunk, &f))
			return false;
		bytes += f.count * class_size(i);
	}
	if (a->parked && !checker_held(w->k, chunk2mem(a->parked), "its arena's parking place"))
		return false;
	return bytes == a->fast_bytes || fail(w, "arena %u: fast bins of %zu bytes, counted %zu", a->slot,
					     a->fast_bytes, bytes);
}

/* Other threads may add to it meanwhile; only who has the lock takes away. */
bool check_deferred(struct walk *w)
{
	for (void *mem = atomic_load(&w->a->deferred); mem; mem = arena_deferred_next(mem)) {
		if (!checker_held(w->k, mem, "the deferred list"))
			return false;
		if (is_mmapped(chunk_around(mem)) || arena_of(chunk_around(mem)) != w->a)
			return fail(w, "deferred block %p: not of arena %u", mem, w->a->slot);
	}
	return true;
}

static bool check_cached(struct checker *k, void *mem, size_t index)
{
	const struct chunk *c = mem2chunk(mem);

	if (!checker_held(k, mem, "a thread's cache"))
		return false;
	if (piece_class(mem) && piece_class(mem) != index)
		return checker_fail(k, "cache bin %zu: piece %p of class %zu", index, mem, piece_class(mem));
	if (!piece_class(mem) && (is_mmapped(c) || !keeps(index, chunksize(c))))
		return checker_fail(k, "cache bin %zu: chunk %p of size %#zx", index, (void *)c, c->size);
	return *tcache_key_of(mem) == tcache_key || checker_fail(k, "cached block %p: written to", mem);
}

bool check_cache(struct checker *k, struct tcache *t)
{
	size_t reserved = 0, steps = 0;

	for (size_t i = 0; i < CLASSES; i++) {
		size_t bottom = t->bottom[i], top = t->bin[i].top, full = t->bin[i].full;

		if (bottom >= t->next_slot || t->slots[bottom] != &tcache_end)
			return checker_fail(k, "cache bin %zu: does not end", i);
		if (top > bottom || full > bottom || bottom - top > t->room[i] || bottom - full > t->room[i])
			return checker_fail(k, "cache bin %zu: not in its place", i);
		for (size_t slot = top; slot < bottom; slot++)
			if (!check_cached(k, t->slots[slot], i))
				return false;
		if (class_is_step(i))
			steps += (bottom - top) * class_size(i);
		else
			reserved += (bottom - full) * class_size(i);
	}
	if (steps != t->step_bytes)
		return checker_fail(k, "cache: %zu bytes in steps, counted %zu", t->step_bytes, steps);
	return reserved == t->reserved ||
		checker_fail(k, "cache: %zu bytes reserved, counted %zu", t->reserved, reserved);
}
