// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What interpreters do: tables of strings that grow by doubling, lose entries and are dropped.
 */
#include "shape.h"

SHAPE(tables, "hash tables of strings that grow, lose entries and are dropped");

struct entry {
	struct entry *next;
	uint64_t hash;
	char name[];
};

struct table {
	struct entry **slot;
	size_t slots, used;
};

static void enlarge(struct table *t)
{
	size_t i, slots = t->slots ? 2 * t->slots : 8;
	struct entry **new = used(calloc(slots, sizeof(*new))), *e;

	if (!new)
		errx(3, "calloc failed");
	for (i = 0; i < t->slots; i++)
		while ((e = t->slot[i])) {
			t->slot[i] = e->next;
			e->next = new[e->hash % slots];
			new[e->hash % slots] = e;
		}
	free(t->slot);
	t->slot = new;
	t->slots = slots;
}

static void insert(struct table *t, struct rng *r)
{
	size_t length = 4 + below(r, 8) * below(r, 8);
	struct entry *e = take(sizeof(*e) + length);

	if (t->used >= t->slots)
		enlarge(t);
	e->hash = draw(r);
	memset(e->name, 'x', length);
	e->next = t->slot[e->hash % t->slots];
	t->slot[e->hash % t->slots] = e;
	t->used++;
}

static void remove_one(struct table *t, struct rng *r)
{
	struct entry **at = &t->slot[draw(r) % t->slots], *e = *at;

	if (!e)
		return;
	*at = e->next;
	free(e);
	t->used--;
}

static void drop(struct table *t)
{
	struct entry *e, *next;
	size_t i;

	for (i = 0; i < t->slots; i++)
		for (e = t->slot[i]; e; e = next) {
			next = e->next;
			free(e);
		}
	free(t->slot);
}

static void fill(struct rng *r, long entries)
{
	struct table t = { 0 };

	while (entries--) {
		insert(&t, r);
		if (!below(r, 3))
			remove_one(&t, r);
	}
	drop(&t);
}

static void work(unsigned int i)
{
	struct rng r = rng(i);
	long n;

	for (n = times(300); n; n--)
		fill(&r, size_between(&r, 2, 17));
}

static void run(unsigned int threads)
{
	parallel(threads, work);
}
