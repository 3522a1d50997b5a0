// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A library that is initialized before the allocator and registers handlers of fork, which allocate: they
 * run after the allocator's own prepare handler and before its others. For fork_early.c.
 */
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>

int handlers_called;

static void handler(void)
{
	void *small = malloc(100), *large = malloc(5000), *mapped = calloc(1, 500000);

	mallinfo2();
	mallopt(M_TOP_PAD, 65536);
	malloc_trim(0);
	large = realloc(large, 90000);
	free(small);
	free(mapped);
	free(large);
	handlers_called++;
}

static __attribute__((constructor(101))) void first(void)
{
	pthread_atfork(handler, handler, handler);
}
