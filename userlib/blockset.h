/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* blockset.h - a set of chunks for check.c, in memory from mmap: looking shall not change the heap */
#ifndef WEIR_BLOCKSET_H
#define WEIR_BLOCKSET_H

#include <stdbool.h>
#include <stddef.h>

struct block_entry {
	const void *block;	/* NULL: no entry */
	const char *holder;	/* who says so, in words */
	bool met;		/* the other side of the comparison has it too */
};

struct blockset {
	struct block_entry *entry;
	size_t count, slots;	/* slots is a power of two */
};

bool blockset_make(struct blockset *s);
void blockset_drop(struct blockset *s);
/* Not in the set: NULL. The entry is valid until the next blockset_add(). */
struct block_entry *blockset_find(const struct blockset *s, const void *block);
/* The block's new entry, or the one that it has already (*is_new false); NULL: no memory. */
struct block_entry *blockset_add(struct blockset *s, const void *block, const char *holder, bool *is_new);

#endif
