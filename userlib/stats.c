// SPDX-License-Identifier: LGPL-2.1-or-later
#include "stats.h"

#include "fastbin.h"
#include "run.h"
#include "tcache.h"

static void read_bin(struct arena_stats *s, struct bin *b, struct bin_stats *bs)
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
	s->free_count += bs->count;
	s->free_bytes += bs->bytes;
}

static bool count_fast(void *mem, void *stats)
{
	struct arena_stats *s = stats;

	s->fast_count++;
	s->fast_bytes += chunksize(mem2chunk(mem));
	return true;
}

static void count_pieces(const struct run *first, size_t class, struct arena_stats *s)
{
	const struct run *r = first;

	if (!first)
		return;
	do {
		s->fast_count += r->free;
		s->fast_bytes += r->free * class_size(class);
		r = r->next;
	} while (r != first);
}

void arena_stats_read(struct arena *a, struct arena_stats *s)
{
	arena_lock(a);
	s->system = a->system_mem;
	s->max_system = a->max_system_mem;
	s->space = s->accessible = s->system;
	s->heaps = a->main ? 0 : heap_space(a, &s->space, &s->accessible);
	s->top = a->top ? chunksize(a->top) : 0;
	s->free_count = a->top != NULL;
	s->free_bytes = s->top;
	s->fast_count = 0;
	/* In use is what was asked for: what runs are made of besides is not. */
	s->fast_bytes = a->run_overhead;
	if (a->parked) {
		s->fast_count++;
		s->fast_bytes += chunksize(a->parked);
	}
	for (size_t i = 1; i < CLASS_PIECES; i++)
		count_pieces(a->runs[i], i, s);
	for (size_t i = 0; i < CLASSES; i++)
		fastbin_for_each(a, i, count_fast, s);
	read_bin(s, &a->unsorted, &s->unsorted);
	for (unsigned int i = 0; i < BINS; i++)
		read_bin(s, &a->bins[i], &s->bin[i]);
	s->cached_excess = tcache_excess(a);
	s->used = s->system - s->free_bytes - s->fast_bytes;
	s->used -= s->cached_excess < s->used ? s->cached_excess : s->used;
	arena_unlock(a);
}
