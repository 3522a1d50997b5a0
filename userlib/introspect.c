// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * introspect.c - mallinfo, mallinfo2, malloc_stats, malloc_info, malloc_usable_size
 *
 * The thread caches take the place of ptmalloc's fast bins and are reported as those: free, not
 * yet coalesced, in no particular arena.
 */
#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>

#include "fastbin.h"
#include "internal.h"
#include "mapped.h"
#include "run.h"
#include "stats.h"
#include "tcache.h"

static size_t load(_Atomic size_t *n)
{
	return atomic_load_explicit(n, memory_order_relaxed);
}

/* Not of one moment while other threads allocate and free. */
static size_t less(size_t n, size_t part)
{
	return n > part ? n - part : 0;
}

/*
 * mallinfo(3). Thread-safe; not one moment's picture while other threads allocate, but uordblks and fordblks
 * are always arena together.
 */
WEIR_EXPORT struct mallinfo2 mallinfo2(void)
{
	struct mallinfo2 info = { 0 };
	size_t cached, cached_bytes, used = 0;
	struct arena_totals s;
	struct arena *a;

	ensure_ready();
	for (unsigned int i = 0; i < arena_count(); i++) {
		a = arena_at(i);
		if (!a)
			continue;
		arena_totals_read(a, &s);
		info.arena += s.system;
		used += s.used;
		info.ordblks += s.free_count;
		info.smblks += s.fast_count;
		info.fsmblks += s.fast_bytes + s.cached_excess;
		if (a == &main_arena)
			info.keepcost = s.top;
	}
	tcache_totals(&cached, &cached_bytes);
	info.smblks += cached;
	info.fsmblks += cached_bytes;
	info.uordblks = less(used, cached_bytes);
	info.fordblks = info.arena - info.uordblks;
	info.hblks = load(&mapped_stats.count);
	info.hblkhd = load(&mapped_stats.bytes);
	return info;
}

static int clamp_int(size_t n)
{
	return n > INT_MAX ? INT_MAX : (int)n;
}

/* As mallinfo2(), for callers whose struct has int fields: INT_MAX stands for more than that. */
WEIR_EXPORT struct mallinfo mallinfo(void)
{
	struct mallinfo2 info = mallinfo2();

	return (struct mallinfo){
		.arena = clamp_int(info.arena),
		.ordblks = clamp_int(info.ordblks),
		.smblks = clamp_int(info.smblks),
		.hblks = clamp_int(info.hblks),
		.hblkhd = clamp_int(info.hblkhd),
		.usmblks = clamp_int(info.usmblks),
		.fsmblks = clamp_int(info.fsmblks),
		.uordblks = clamp_int(info.uordblks),
		.fordblks = clamp_int(info.fordblks),
		.keepcost = clamp_int(info.keepcost),
	};
}

/* malloc_stats(3), to stderr. */
WEIR_EXPORT void malloc_stats(void)
{
	size_t system = load(&mapped_stats.bytes), in_use = system, excess = 0, cached, cached_bytes;
	struct arena_totals s;

	ensure_ready();
	for (unsigned int i = 0; i < arena_count(); i++) {
		if (!arena_at(i))
			continue;
		arena_totals_read(arena_at(i), &s);
		fprintf(stderr, "Arena %u:\nsystem bytes     = %10zu\nin use bytes     = %10zu\n",
			i, s.system, s.system - s.free_bytes - s.fast_bytes);
		system += s.system;
		in_use += s.used;
		excess += s.cached_excess;
	}
	tcache_totals(&cached, &cached_bytes);
	fprintf(stderr, "Thread caches:\ncached bytes     = %10zu\n", cached_bytes + excess);
	fprintf(stderr, "Total (incl. mmap):\nsystem bytes     = %10zu\nin use bytes     = %10zu\n",
		system, less(in_use, cached_bytes));
	fprintf(stderr, "max mmap regions = %10zu\nmax mmap bytes   = %10zu\n",
		load(&mapped_stats.max_count), load(&mapped_stats.max_bytes));
}

static void print_bin(FILE *fp, const char *name, const struct bin_stats *b)
{
	if (b->count)
		fprintf(fp, "  <%s from=\"%zu\" to=\"%zu\" total=\"%zu\" count=\"%zu\"/>\n",
			name, b->from, b->to, b->bytes, b->count);
}

static void print_totals(FILE *fp, const struct arena_totals *s, size_t fast, size_t fast_bytes)
{
	fprintf(fp, "<total type=\"fast\" count=\"%zu\" size=\"%zu\"/>\n", fast, fast_bytes);
	fprintf(fp, "<total type=\"rest\" count=\"%zu\" size=\"%zu\"/>\n", s->free_count, s->free_bytes);
}

static void print_system(FILE *fp, const struct arena_totals *s)
{
	fprintf(fp, "<system type=\"current\" size=\"%zu\"/>\n<system type=\"max\" size=\"%zu\"/>\n",
		s->system, s->max_system);
	fprintf(fp, "<aspace type=\"total\" size=\"%zu\"/>\n<aspace type=\"mprotect\" size=\"%zu\"/>\n",
		s->space, s->accessible);
}

static void print_arena(FILE *fp, unsigned int nr, const struct arena_stats *s)
{
	fprintf(fp, "<heap nr=\"%u\">\n<sizes>\n", nr);
	for (unsigned int i = 0; i < BINS; i++)
		print_bin(fp, "size", &s->bin[i]);
	print_bin(fp, "unsorted", &s->unsorted);
	fprintf(fp, "</sizes>\n");
	print_totals(fp, &s->all, s->all.fast_count, s->all.fast_bytes);
	print_system(fp, &s->all);
	if (s->all.heaps)
		fprintf(fp, "<aspace type=\"subheaps\" size=\"%zu\"/>\n", s->all.heaps);
	fprintf(fp, "</heap>\n");
}

static void add_totals(struct arena_totals *sum, const struct arena_totals *s)
{
	sum->system += s->system;
	sum->max_system += s->max_system;
	sum->space += s->space;
	sum->accessible += s->accessible;
	sum->free_count += s->free_count;
	sum->free_bytes += s->free_bytes;
	sum->fast_count += s->fast_count;
	sum->fast_bytes += s->fast_bytes + s->cached_excess;
}

/*
 * malloc_info(3): XML in glibc's shape. options must be 0, else EINVAL is returned; -1 with errno
 * if writing fails. What thread caches hold is in the sum of type "fast" alone.
 */
WEIR_EXPORT int malloc_info(int options, FILE *fp)
{
	struct arena_totals sum = { 0 };
	struct arena_stats s;
	size_t cached, cached_bytes;
	unsigned int nr = 0;

	if (options != 0)
		return EINVAL;
	ensure_ready();
	fprintf(fp, "<malloc version=\"1\">\n");
	for (unsigned int i = 0; i < arena_count(); i++) {
		if (!arena_at(i))
			continue;
		arena_stats_read(arena_at(i), &s);
		print_arena(fp, nr++, &s);
		add_totals(&sum, &s.all);
	}
	tcache_totals(&cached, &cached_bytes);
	print_totals(fp, &sum, cached + sum.fast_count, cached_bytes + sum.fast_bytes);
	fprintf(fp, "<total type=\"mmap\" count=\"%zu\" size=\"%zu\"/>\n",
		load(&mapped_stats.count), load(&mapped_stats.bytes));
	print_system(fp, &sum);
	fprintf(fp, "</malloc>\n");
	return ferror(fp) ? -1 : 0;
}

SELDOM bool block_is_cached(void *mem)
{
	size_t class = piece_class(mem);
	const struct chunk *c = mem2chunk(mem);

	if (!class && !is_mmapped(c))
		class = class_kept(chunksize(c));
	return class && tcache_holds(mem, class);
}

/*
 * malloc_usable_size(3): bytes of mem that may be used, 0 for NULL, for what has joined its neighbours, and for what
 * is in a thread's cache.
 */
WEIR_EXPORT size_t malloc_usable_size(void *mem)
{
	const struct chunk *c = mem2chunk(mem);

	if (!mem || (!piece_class(mem) && !is_mmapped(c) && !inuse(c)))
		return 0;
	if (unlikely(*tcache_key_of(mem) == tcache_key) && block_is_cached(mem))
		return 0;
	return block_usable(mem);
}
