// SPDX-License-Identifier: LGPL-2.1-or-later
/* check_bins.c - the lists of free chunks: each one by its tags, in the right list, once */
#include "checker.h"
#include "idle.h"

#define fail(w, ...) checker_fail((w)->k, __VA_ARGS__)

/* A pointer found in a list: is it a free chunk at all? */
static bool is_free_chunk(const struct walk *w, const struct chunk *c)
{
	const void *mem = chunk2mem(c);

	return checker_is(w->k, mem, checker_free) || checker_is(w->k, mem, checker_listed);
}

/* c follows before in a list. */
static bool check_listed(struct walk *w, const struct chunk *c, const struct chunk *before)
{
	struct block_entry *e;

	if (!is_free_chunk(w, c))
		return fail(w, "%p in a list: no free chunk", (void *)c);
	if (c->bk != before)
		return fail(w, "free chunk %p: not linked by its neighbours", (void *)c);
	e = blockset_find(&w->k->seen, chunk2mem(c));
	if (e && e->met)
		return fail(w, "free chunk %p: in two lists", (void *)c);
	if (e) {
		e->met = true;
		e->holder = checker_listed;
	}
	w->lists.count++;
	w->lists.bytes += chunksize(c);
	w->idle += idle_tag(w->a, (struct chunk *)c).resident;
	return true;
}

/* The ring through the first chunks of each size, largest first. */
static bool check_ring(struct walk *w, const struct chunk *c, const struct chunk *head)
{
	bool leads = c->bk == head || chunksize(c->bk) != chunksize(c);

	if (leads != (c->fd_nextsize != NULL))
		return fail(w, "large chunk %p: %s the ring", (void *)c, leads ? "not in" : "should not be in");
	if (!leads)
		return true;
	if (!is_free_chunk(w, c->fd_nextsize) || !is_free_chunk(w, c->bk_nextsize) ||
	    c->fd_nextsize->bk_nextsize != c || c->bk_nextsize->fd_nextsize != c)
		return fail(w, "large chunk %p: ring broken", (void *)c);
	/* Downwards, but for the last, which leads back to the first. */
	if (chunksize(c->fd_nextsize) >= chunksize(c) && c->fd_nextsize != head->fd)
		return fail(w, "large chunk %p: ring not sorted", (void *)c);
	return true;
}

static bool check_bin(struct walk *w, unsigned int index)
{
	struct chunk *head = bin_head(&w->a->bins[index]), *before = head;

	if (head->fd != head && !(w->a->binmap[index / 64] & 1UL << index % 64))
		return fail(w, "bin %u: not empty, but its bit is clear", index);
	for (struct chunk *c = head->fd; c != head; before = c, c = c->fd) {
		if (!check_listed(w, c, before))
			return false;
		if (bin_index(chunksize(c)) != index)
			return fail(w, "bin %u: chunk %p of size %#zx", index, (void *)c, c->size);
		if (index >= SMALL_BINS && before != head && chunksize(before) < chunksize(c))
			return fail(w, "bin %u: not sorted at %p", index, (void *)c);
		if (index >= SMALL_BINS && !check_ring(w, c, head))
			return false;
	}
	return head->bk == before || fail(w, "bin %u: its last is not %p", index, (void *)before);
}

static bool check_unsorted(struct walk *w)
{
	struct chunk *head = bin_head(&w->a->unsorted), *before = head;

	for (struct chunk *c = head->fd; c != head; before = c, c = c->fd) {
		if (!check_listed(w, c, before))
			return false;
		if (chunksize(c) >= SMALL_LIMIT && (c->fd_nextsize || c->bk_nextsize))
			return fail(w, "unsorted chunk %p: seems to be in a ring", (void *)c);
	}
	return head->bk == before || fail(w, "unsorted chunks: the last is not %p", (void *)before);
}

bool check_bins(struct walk *w)
{
	if (!check_unsorted(w))
		return false;
	for (unsigned int i = 0; i < BINS; i++)
		if (!check_bin(w, i))
			return false;
	if (w->idle != w->a->idle)
		return fail(w, "arena %u: %zu bytes idle in free chunks, counted %zu", w->a->slot, w->idle, w->a->idle);
	if (w->tags.count != w->lists.count || w->tags.bytes != w->lists.bytes)
		return fail(w, "arena %u: %zu free chunks of %zu bytes, %zu of %zu in lists", w->a->slot,
			    w->tags.count, w->tags.bytes, w->lists.count, w->lists.bytes);
	return true;
}
