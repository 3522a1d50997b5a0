// SPDX-License-Identifier: LGPL-2.1-or-later
#include "stats.h"

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

void arena_stats_read(struct arena *a, struct arena_stats *s)
{
	arena_lock(a);
	s->system = a->system_mem;
	s->max_system = a->max_system_mem;
	s->top = a->top ? chunksize(a->top) : 0;
	s->free_count = a->top != NULL;
	s->free_bytes = s->top;
	read_bin(s, &a->unsorted, &s->unsorted);
	for (unsigned int i = 0; i < BINS; i++)
		read_bin(s, &a->bins[i], &s->bin[i]);
	arena_unlock(a);
}
