/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A trace: what one process asked of malloc.
 *
 * The file is a header of one page, then chapters of 64 KiB.  A chapter holds events of one thread in
 * their order.  A slot is the place of one block at a time: it is used again once the block is freed.
 * Each event names its slot, and how many events that slot had before it (its turn).  An event whose
 * slot has come to its turn may happen: nothing else is needed to keep threads in order, and since
 * the turns follow the one order in which all events were recorded, somebody can always go on.
 */
#ifndef BENCH_TRACE_H
#define BENCH_TRACE_H

#include <stdint.h>

#define TRACE_MAGIC "malloc-trace-1"
#define TRACE_THREADS 64	/* further threads share the numbers of earlier ones */
#define TRACE_HEADER 4096

struct trace_header {
	char magic[16];
	uint64_t events;
	uint32_t slots;
	uint32_t threads;
	uint32_t chapters;
};

enum trace_call {
	TRACE_MALLOC = 1,
	TRACE_CALLOC,
	TRACE_MEMALIGN,
	TRACE_REALLOC,
	TRACE_FREE,
};

struct trace_event {
	uint32_t slot;
	uint32_t turn;
	uint64_t call : 4;
	uint64_t alignment : 6;	/* its logarithm */
	uint64_t size : 54;
};

#define TRACE_CHAPTER 4095	/* events */

struct trace_chapter {
	uint32_t thread;
	uint32_t events;
	uint64_t unused;
	struct trace_event event[TRACE_CHAPTER];
};

_Static_assert(sizeof(struct trace_chapter) == 65536, "a chapter has no gaps");

#endif
