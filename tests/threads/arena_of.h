/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* arena_of.h - which arena a block is from, told by its address alone; and threads that stay on a CPU */
#ifndef WEIR_TEST_ARENA_OF_H
#define WEIR_TEST_ARENA_OF_H

#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <unistd.h>

#define HEAP_SHIFT 26	/* heaps are 64 MiB long and aligned to that */

extern char end[];

/* 0: the main arena; else the number of a heap, which differs for different arenas. */
static inline uintptr_t heap_number(const void *block)
{
	uintptr_t at = (uintptr_t)block;

	return at >= (uintptr_t)end && at < (uintptr_t)sbrk(0) ? 0 : at >> HEAP_SHIFT;
}

static inline int cpus_allowed(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 0;
}

/* A thread that runs on the i-th of the allowed CPUs and on no other, from its first instruction on. */
static inline int create_on_cpu(pthread_t *thread, int i, void *(*what)(void *), void *arg)
{
	cpu_set_t allowed, one;
	pthread_attr_t attr;
	int error;

	CPU_ZERO(&one);
	sched_getaffinity(0, sizeof(allowed), &allowed);
	i %= CPU_COUNT(&allowed);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &allowed) && i-- == 0)
			CPU_SET(cpu, &one);
	pthread_attr_init(&attr);
	pthread_attr_setaffinity_np(&attr, sizeof(one), &one);
	error = pthread_create(thread, &attr, what, arg);
	pthread_attr_destroy(&attr);
	return error;
}

#endif
