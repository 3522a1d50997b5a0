/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mapped.h - chunks mapped alone
 *
 * Thread-safe without a lock: the counts are atomics. A chunk mapped alone has no neighbours; its
 * prev_size is the distance from the start of its mapping.
 */
#ifndef WEIR_MAPPED_H
#define WEIR_MAPPED_H

#include <stdatomic.h>
#include "chunk.h"

struct mapped_stats {
	_Atomic size_t count, max_count;
	_Atomic size_t bytes, max_bytes;
};

extern struct mapped_stats mapped_stats;

/* Do the knobs ask for a request of this chunk size to be mapped alone? */
bool mapped_wanted(size_t nb);
/* NULL with ENOMEM; align is a power of two, MALLOC_ALIGN or more. The memory is zero. */
struct chunk *mapped_alloc(size_t nb, size_t align);
/* Ends the process over a chunk that cannot have come from mapped_alloc(). */
void mapped_free(struct chunk *c);
/* The chunk, perhaps moved, with room for nb; NULL if it could not be resized (c is as before). */
struct chunk *mapped_resize(struct chunk *c, size_t nb);

#endif
