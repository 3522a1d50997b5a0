// SPDX-License-Identifier: LGPL-2.1-or-later
#include "check.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>

#include "checker.h"
#include "mapped.h"
#include "meta.h"
#include "os.h"
#include "run.h"
#include "tcache.h"
#include "unmap.h"

bool checker_fail(const struct checker *k, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(k->why, k->length, format, args);
	va_end(args);
	return false;
}

const char checker_free[] = "no list, free by its tags";
const char checker_listed[] = "a list of free chunks";
const char checker_run[] = "a run's place";

bool checker_is(struct checker *k, const void *mem, const char *holder)
{
	struct block_entry *e = blockset_find(&k->seen, mem);

	return e && e->holder == holder;
}

bool checker_is_new(struct checker *k, const void *mem, const char *holder)
{
	struct block_entry *e;
	bool is_new;

	e = blockset_add(&k->seen, mem, holder, &is_new);
	if (!e)
		return checker_fail(k, "no memory to check the heap with");
	return is_new || checker_fail(k, "block %p: in %s and in %s", (void *)mem, e->holder, holder);
}

bool checker_held(struct checker *k, const void *mem, const char *holder)
{
	if (!is_aligned(mem, MALLOC_ALIGN) || (uintptr_t)mem < os_page_size)
		return checker_fail(k, "%s: %p is no block", holder, (void *)mem);
	return checker_is_new(k, mem, holder);
}

void checker_meet(struct checker *k, const void *mem)
{
	struct block_entry *e = blockset_find(&k->seen, mem);

	if (e)
		e->met = true;
}

static bool check_all_caches(struct checker *k)
{
	bool ok = true;

	tcache_lock();
	for (struct tcache *t = NULL; ok && (t = tcache_next(t)) != NULL;)
		ok = check_cache(k, t);
	tcache_unlock();
	return ok;
}

/* A chunk mapped alone has nothing around it that could agree; its pages can be there. */
static bool check_mapped(struct checker *k, const struct chunk *c)
{
	char *start = (char *)((uintptr_t)c - c->prev_size);
	size_t total = c->prev_size + chunksize(c);
	unsigned char there;

	if ((c->size & SIZE_BITS) != IS_MMAPPED || c->prev_size >= os_page_size || total < os_page_size ||
	    !is_aligned(start, os_page_size) || total % os_page_size)
		return checker_fail(k, "mapped chunk %p: size %#zx, %#zx from its start", (void *)c, c->size, c->prev_size);
	if (mincore(start, os_page_size, &there) || mincore(start + total - os_page_size, os_page_size, &there))
		return checker_fail(k, "mapped chunk %p: its pages are gone", (void *)c);
	return true;
}

static bool check_arenas(struct checker *k)
{
	bool ok = true;

	for (unsigned int i = 0; ok && i < arena_count(); i++) {
		struct arena *a = arena_at(i);

		if (!a)
			continue;
		if (a->slot != i || a->main != (a == &main_arena))
			return checker_fail(k, "arena %u: is %u", i, a->slot);
		arena_lock(a);
		ok = check_arena(k, a);
		arena_unlock(a);
	}
	return ok;
}

static bool check_not_met(struct checker *k, const void *mem, const char *holder)
{
	const struct chunk *c = piece_class(mem) ? run_chunk(piecemap_run(mem)) : mem2chunk(mem);

	if (is_mmapped(c) && !piece_class(mem))
		return check_mapped(k, c);
	return checker_fail(k, "block %p, size %#zx: in %s, but none in its arena", (void *)mem, c->size, holder);
}

/* Has the walk over the tags met what is held, and do the lists hold what is free? */
static bool check_met(struct checker *k)
{
	for (size_t i = 0; i < k->seen.slots; i++) {
		const struct block_entry *e = &k->seen.entry[i];

		if (e->block && !e->met && !check_not_met(k, e->block, e->holder))
			return false;
	}
	return true;
}

static bool check_everything(struct checker *k, bool quiet, void *const *used, size_t n)
{
	struct tcache *mine = tcache_make();

	if (quiet ? !check_all_caches(k) : mine && !check_cache(k, mine))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!checker_held(k, used[i], "the caller's blocks"))
			return false;
	return check_arenas(k) && check_met(k);
}

static bool check(struct checker *k, bool quiet, void *const *used, size_t n)
{
	bool ok;

	if (!blockset_make(&k->seen))
		return checker_fail(k, "no memory to check the heap with");
	ok = check_everything(k, quiet, used, n);
	blockset_drop(&k->seen);
	return ok;
}

bool heap_check(char *why, size_t length)
{
	return check(&(struct checker){ .why = why, .length = length }, false, NULL, 0);
}

bool heap_check_quiet(char *why, size_t length, void *const *used, size_t n)
{
	return check(&(struct checker){ .why = why, .length = length }, true, used, n);
}

bool heap_check_sum(char *why, size_t length, struct heap_sum *sum)
{
	struct checker k = {
		.why = why, .length = length,
		.sum.mapped = atomic_load(&mapped_stats.bytes) + meta_mapped + piecemap_mapped() + unmap_waiting(),
	};
	bool ok = check(&k, false, NULL, 0);

	*sum = k.sum;
	return ok;
}
