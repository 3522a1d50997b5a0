// SPDX-License-Identifier: LGPL-2.1-or-later
/* bins.c - the lists of free chunks of one arena */
#include "arena.h"
#include "die.h"
#include "idle.h"

unsigned int bin_index(size_t size)
{
	unsigned int log, index;

	if (size < SMALL_LIMIT)
		return size / MALLOC_ALIGN;
	log = 63 - __builtin_clzl(size);
	index = SMALL_BINS + (log - 10) * 8 + ((size >> (log - 3)) & 7);
	return index < BINS ? index : BINS - 1;
}

/* A bin seen as a chunk, of which only fd and bk may be touched: lists need no end cases. */
struct chunk *bin_head(struct bin *b)
{
	return (struct chunk *)((char *)b - offsetof(struct chunk, fd));
}

void arena_init(struct arena *a, bool main, unsigned int slot)
{
	a->main = main;
	a->slot = slot;
	a->unsorted.fd = a->unsorted.bk = bin_head(&a->unsorted);
	for (unsigned int i = 0; i < BINS; i++)
		a->bins[i].fd = a->bins[i].bk = bin_head(&a->bins[i]);
}

static void list_insert(struct chunk *c, struct chunk *before, struct chunk *after)
{
	c->bk = before;
	c->fd = after;
	before->fd = c;
	after->bk = c;
}

/*
 * Take c out of the ring of first chunks of their sizes, putting its twin in its place if it has
 * one. The chunk behind may be the bin's head, whose size field is another bin's pointer: even, where a
 * free chunk's size is odd (P is set, or the two would have been joined), so never equal.
 */
static void sizes_unlink(struct chunk *c)
{
	struct chunk *twin = c->fd;
	bool has_twin = twin->size == c->size;

	if (!c->fd_nextsize)
		return;
	if (c->fd_nextsize->bk_nextsize != c || c->bk_nextsize->fd_nextsize != c)
		die("unlink_chunk(): corrupted double-linked list (not small)");
	if (c->fd_nextsize == c) {
		if (has_twin)
			twin->fd_nextsize = twin->bk_nextsize = twin;
		return;
	}
	if (has_twin) {
		twin->fd_nextsize = c->fd_nextsize;
		twin->bk_nextsize = c->bk_nextsize;
		c->fd_nextsize->bk_nextsize = twin;
		c->bk_nextsize->fd_nextsize = twin;
	} else {
		c->fd_nextsize->bk_nextsize = c->bk_nextsize;
		c->bk_nextsize->fd_nextsize = c->fd_nextsize;
	}
}

void bins_walk_start(struct arena *a, unsigned int bin)
{
	a->walk_bin = bin;
	a->walk = a->bins[bin].fd;
	a->walk_done = 0;
}

struct chunk *bins_walk(struct arena *a)
{
	if (!a->walk)
		return NULL;
	while (a->walk == bin_head(&a->bins[a->walk_bin])) {
		if (a->walk_bin == BINS - 1) {
			a->walk = NULL;
			return NULL;
		}
		bins_walk_start(a, a->walk_bin + 1);
	}
	return a->walk;
}

SELDOM void bins_walk_on(struct arena *a)
{
	a->walk = a->walk->fd;
	a->walk_done = 0;
}

void bin_unlink(struct arena *a, struct chunk *c)
{
	size_t size = chunksize(c);
	unsigned int index;

	if (size != next_chunk(c)->prev_size)
		die("unlink_chunk(): corrupted size vs. prev_size");
	if (c->fd->bk != c || c->bk->fd != c)
		die("unlink_chunk(): corrupted double-linked list");
	if (size >= SMALL_LIMIT)
		sizes_unlink(c);
	idle_forget(a, c);
	if (unlikely(c == a->walk))
		bins_walk_on(a);
	c->fd->bk = c->bk;
	c->bk->fd = c->fd;
	index = bin_index(size);
	if (a->bins[index].fd == bin_head(&a->bins[index]))
		a->binmap[index / 64] &= ~(1UL << (index % 64));
}

/* Large bins are sorted, largest first; among equals the second place costs no ring update. */
static void large_insert(struct bin *b, struct chunk *c, size_t size)
{
	struct chunk *head = bin_head(b), *first = b->fd, *at;

	if (first == head) {
		c->fd_nextsize = c->bk_nextsize = c;
		list_insert(c, head, head);
		return;
	}
	if (size < chunksize(b->bk)) {	/* the new smallest */
		c->fd_nextsize = first;
		c->bk_nextsize = first->bk_nextsize;
		first->bk_nextsize->fd_nextsize = c;
		first->bk_nextsize = c;
		list_insert(c, b->bk, head);
		return;
	}
	for (at = first; size < chunksize(at);)
		at = at->fd_nextsize;
	if (size == chunksize(at)) {
		if (at->fd->bk != at)
			die("malloc(): largebin double linked list corrupted (bk)");
		c->fd_nextsize = c->bk_nextsize = NULL;
		list_insert(c, at, at->fd);
		return;
	}
	if (at->bk_nextsize->fd_nextsize != at)
		die("malloc(): largebin double linked list corrupted (nextsize)");
	if (at->bk->fd != at)
		die("malloc(): largebin double linked list corrupted (bk)");
	c->fd_nextsize = at;
	c->bk_nextsize = at->bk_nextsize;
	at->bk_nextsize->fd_nextsize = c;
	at->bk_nextsize = c;
	list_insert(c, at->bk, at);
}

void bin_insert(struct arena *a, struct chunk *c, size_t size)
{
	unsigned int index = bin_index(size);
	struct bin *b = &a->bins[index];

	if (size < SMALL_LIMIT)
		list_insert(c, bin_head(b), b->fd);
	else
		large_insert(b, c, size);
	a->binmap[index / 64] |= 1UL << (index % 64);
}

void unsorted_insert(struct arena *a, struct chunk *c)
{
	struct chunk *head = bin_head(&a->unsorted);

	if (a->unsorted.fd->bk != head)
		die("free(): corrupted unsorted chunks");
	/* A small chunk has no room for these; a large one must not seem to be in a ring. */
	if (chunksize(c) >= SMALL_LIMIT)
		c->fd_nextsize = c->bk_nextsize = NULL;
	list_insert(c, head, a->unsorted.fd);
}

/* The smallest chunk of a large bin that holds nb; NULL if none does. */
static struct chunk *large_fit(struct bin *b, size_t nb)
{
	struct chunk *head = bin_head(b), *c = b->fd;

	if (c == head || chunksize(c) < nb)
		return NULL;
	for (c = c->bk_nextsize; chunksize(c) < nb;)
		c = c->bk_nextsize;
	/* Not the first of its size if there is a choice: it carries the ring. */
	if (c != b->bk && c->fd->size == c->size)
		c = c->fd;
	return c;
}

/* The smallest sorted chunk of nb bytes or more, unlinked; NULL if there is none. */
static __attribute__((noinline)) struct chunk *best_fit(struct arena *a, size_t nb)
{
	unsigned int index, word;
	struct chunk *c = NULL;
	uint64_t map;

	index = bin_index(nb);
	if (nb >= SMALL_LIMIT) {
		c = large_fit(&a->bins[index], nb);
		index++;
	}
	for (word = index / 64; !c && word < BINMAP_WORDS; word++) {
		map = a->binmap[word];
		if (word == index / 64)
			map &= ~0UL << (index % 64);
		if (!map)
			continue;
		index = word * 64 + __builtin_ctzl(map);
		c = a->bins[index].bk;		/* a bin's last is its smallest */
		if (index >= SMALL_BINS && c->fd_nextsize == NULL)
			c = large_fit(&a->bins[index], nb);
	}
	if (c)
		bin_unlink(a, c);
	return c;
}

struct chunk *bins_best_fit(struct arena *a, size_t nb)
{
	_Static_assert(BINMAP_WORDS == 4, "all are looked at");
	if (!(a->binmap[0] | a->binmap[1] | a->binmap[2] | a->binmap[3]))
		return NULL;
	return best_fit(a, nb);
}
