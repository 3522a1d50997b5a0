// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Trees that are built, walked and dropped, beside one that lives on: the blocks of one size, freed
 * in an order that has nothing to do with their addresses.  Half of the time is the program's own.
 */
#include "shape.h"

SHAPE(trees, "build, walk and drop search trees of 100,000 nodes with text at each");

#define NODES 100000

struct node {
	struct node *less, *more;
	uint64_t key;
	char *text;
};

static struct node *insert(struct node **at, uint64_t key, size_t length)
{
	struct node *new = take(sizeof(*new));

	while (*at)
		at = key < (*at)->key ? &(*at)->less : &(*at)->more;
	*new = (struct node){ .key = key, .text = take(length) };
	memset(new->text, 'a' + key % 26, length);
	*at = new;
	return new;
}

static uint64_t walk(const struct node *n)
{
	return n ? walk(n->less) + n->text[0] + walk(n->more) : 0;
}

static void drop(struct node *n)
{
	if (!n)
		return;
	drop(n->less);
	drop(n->more);
	free(n->text);
	free(n);
}

static void build(struct node **tree, struct rng *r, long nodes)
{
	for (; nodes; nodes--)
		insert(tree, draw(r), 8 + below(r, 56));
}

static void grow(unsigned int i)
{
	struct node *old = NULL, *young;
	struct rng r = rng(i);
	uint64_t sum = 0;
	long n;

	build(&old, &r, NODES);
	for (n = times(5); n; n--) {
		young = NULL;
		build(&young, &r, NODES);
		sum += walk(young) + walk(old);
		drop(young);
	}
	__asm__ volatile("" : : "r"(sum));
	drop(old);
}

static void run(unsigned int threads)
{
	parallel(threads, grow);
}
