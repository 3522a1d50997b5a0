// SPDX-License-Identifier: LGPL-2.1-or-later
#include "stats.h"

#include "fastbin.h"
#include "run.h"
#include "tcache.h"

static void read_bin(struct arena_totals *all, struct bin *b, struct bin_stats *bs)
{
	struct chunk *head = bin_head(b);

	*bs = (struct bin_stats){ .from = SIZE_MAX };
	for (struct chunk *c = b->fd; c != head; c = c->fd) {
		size_t size = chunksize(c);

		bs->count++;
		bs->bytes += size;
		bs->from = size < bs->from ? size : bs->from;
		bs->to = size > bs->to ? size : bs->to;
	}
	all->free_count += bs->count;
	all->free_bytes += bs->bytes;
}

static bool count_fast(void *mem, void *totals)
{
	struct arena_totals *all = totals;

	all->fast_count++;
	all->fast_bytes += chunksize(mem2chunk(mem));
	return true;
}

static void count_pieces(const struct run *first, size_t class, struct arena_totals *all)
{
	const struct run *r = first;

	if (!first)
		return;
	do {
		all->fast_count += r->free;
		all->fast_bytes += r->free * class_size(class);
		r = r->next;
	} while (r != first);
}

/* All but what is in bins. */
static void read_most(struct arena *a, struct arena_totals *all)
{
	all->system = a->system_mem;
	all->max_system = a->max_system_mem;
	all->space = all->accessible = all->system;
	all->heaps = a->main ? 0 : heap_space(a, &all->space, &all->accessible);
	all->top = a->top ? chunksize(a->top) : 0;
	all->free_count = a->top != NULL;
	all->free_bytes = all->top;
	all->fast_count = 0;
	/* In use is what was asked for: what runs are made of besides is not. */
	all->fast_bytes = a->run_overhead;
	if (a->parked) {
		all->fast_count++;
		all->fast_bytes += chunksize(a->parked);
	}
	for (size_t i = 1; i < CLASS_PIECES; i++)
		count_pieces(a->runs[i], i, all);
	for (size_t i = 0; i < CLASSES; i++)
		fastbin_for_each(a, i, count_fast, all);
}

/* When all that is free has been counted. */
static void count_used(struct arena *a, struct arena_totals *all)
{
	all->cached_excess = tcache_excess(a);
	all->used = all->system - all->free_bytes - all->fast_bytes;
	all->used -= all->cached_excess < all->used ? all->cached_excess : all->used;
}

void arena_totals_read(struct arena *a, struct arena_totals *all)
{
	struct bin_stats unused;

	arena_lock(a);
	read_most(a, all);
	read_bin(all, &a->unsorted, &unused);
	for (unsigned int i = 0; i < BINS; i++)
		read_bin(all, &a->bins[i], &unused);
	count_used(a, all);
	arena_unlock(a);
}

void arena_stats_read(struct arena *a, struct arena_stats *s)
{
	arena_lock(a);
	read_most(a, &s->all);
	read_bin(&s->all, &a->unsorted, &s->unsorted);
	for (unsigned int i = 0; i < BINS; i++)
		read_bin(&s->all, &a->bins[i], &s->bin[i]);
	count_used(a, &s->all);
	arena_unlock(a);
}
