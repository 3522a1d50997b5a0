/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ledger.h - is all the memory there that was there before? */
#ifndef WEIR_TEST_LEDGER_H
#define WEIR_TEST_LEDGER_H

#include <stddef.h>

struct ledger {
	size_t used_count, used_bytes;	/* chunks in use in arenas */
	size_t mapped_count;		/* chunks mapped alone */
	size_t foreign;			/* bytes that the kernel has mapped, but not for the allocator */
	size_t pieces;			/* heaps and segments that the arenas consist of */
	long resident;			/* anonymous memory, KiB */
};

/*
 * Of a process in which no other thread allocates. Gives back what can be given back, and ends the
 * process if the heap is not consistent or a range is still waiting to be unmapped.
 */
void ledger_read(struct ledger *l);
/* The same before anything was allocated, without touching the heap. */
void ledger_read_pristine(struct ledger *l);
/* Ends the process if something is still in use, or mapped and forgotten. */
void ledger_compare(const struct ledger *before, const struct ledger *now);

#endif
