/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * busy.h - threads that are inside the allocator all the time, while something else is tested
 *
 * They allocate, resize and free blocks of all sizes, each others' too, which lie in the table
 * busy_table in between; one makes threads that live for a moment. A block says its size in its first word
 * and is filled with that, so that whoever takes it out can tell whether it is whole.
 */
#ifndef WEIR_TEST_BUSY_H
#define WEIR_TEST_BUSY_H

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>

#include "process.h"

#define BUSY_THREADS 3
#define BUSY_TABLE 96
#define BLOCK_MIN sizeof(size_t)
/* Of longer blocks both ends are filled. */
#define BLOCK_END ((size_t)512)

static void *_Atomic busy_table[BUSY_TABLE];
static const char *_Atomic busy_wrong;
static _Atomic bool busy_stop;
static pthread_t busy_thread[BUSY_THREADS + 1];

static inline void busy_fail(const char *what)
{
	const char *none = NULL;

	atomic_compare_exchange_strong(&busy_wrong, &none, what);
}

static inline void *block_fill(void *block, size_t size)
{
	unsigned char *at = block;

	if (!block) {
		busy_fail("no memory");
		return NULL;
	}
	memset(at, size, size < 2 * BLOCK_END ? size : BLOCK_END);
	if (size >= 2 * BLOCK_END)
		memset(at + size - BLOCK_END, size, BLOCK_END);
	memcpy(at, &size, sizeof(size));
	return block;
}

static inline size_t block_size(const void *block)
{
	size_t size;

	memcpy(&size, block, sizeof(size));
	return size;
}

static inline bool block_is_whole(const void *block)
{
	const unsigned char *at = block;
	size_t size = block_size(block), head = size < 2 * BLOCK_END ? size : BLOCK_END;

	if (size < BLOCK_MIN || malloc_usable_size((void *)block) < size)
		return false;
	return is_filled(at + sizeof(size), size, head - sizeof(size)) &&
		(head == size || is_filled(at + size - BLOCK_END, size, BLOCK_END));
}

/* size is at least BLOCK_MIN. */
static inline void *block_make(size_t size)
{
	return block_fill(hide(malloc(size)), size);
}

static inline void block_free(void *block)
{
	if (block && !block_is_whole(block))
		busy_fail("a block was overwritten");
	free(block);
}

static inline void *block_resize(void *block, size_t size)
{
	size_t old = block_size(block), kept = old < size ? old : size;
	unsigned char *at;

	if (!block_is_whole(block))
		busy_fail("a block was overwritten before realloc");
	at = hide(realloc(block, size));
	if (!at || block_size(at) != old || !is_filled(at + sizeof(old), old,
			(kept < BLOCK_END ? kept : BLOCK_END) - sizeof(old)))
		busy_fail("a block was overwritten by realloc");
	return block_fill(at, size);
}

static inline unsigned int next_random(unsigned int *state)
{
	*state = *state * 1103515245 + 12345;
	return *state >> 8;
}

/* Mostly what thread caches hold, some above, few that are mapped alone. */
static inline size_t random_block_size(unsigned int *state)
{
	unsigned int kind = next_random(state) % 256;

	return BLOCK_MIN + next_random(state) % (kind < 180 ? 1000 : kind < 254 ? 6000 : 200000);
}

static inline void busy_step(unsigned int *state)
{
	void *_Atomic *slot = &busy_table[next_random(state) % BUSY_TABLE];
	void *block = atomic_exchange(slot, NULL);

	if (block && next_random(state) % 4 == 0) {
		block = block_resize(block, random_block_size(state));
	} else {
		block_free(block);
		block = next_random(state) % 2 ? block_make(random_block_size(state)) : NULL;
	}
	block_free(atomic_exchange(slot, block));
}

static inline void *busy_work(void *seed)
{
	unsigned int state = (uintptr_t)seed;

	/* Of this thread alone; the test is to get on. */
	setpriority(PRIO_PROCESS, 0, 5);
	while (!busy_stop)
		busy_step(&state);
	return NULL;
}

static inline void *busy_moment(void *seed)
{
	unsigned int state = (uintptr_t)seed;

	for (int i = 0; i < 100; i++)
		busy_step(&state);
	return NULL;
}

static inline void *busy_spawn(void *seed)
{
	pthread_t thread;

	for (uintptr_t i = (uintptr_t)seed; !busy_stop; i++) {
		if (pthread_create(&thread, NULL, busy_moment, (void *)i) != 0)
			busy_fail("no thread");
		else
			pthread_join(thread, NULL);
	}
	return NULL;
}

static inline void busy_start(void)
{
	for (uintptr_t i = 0; i <= BUSY_THREADS; i++)
		if (pthread_create(&busy_thread[i], NULL, i < BUSY_THREADS ? busy_work : busy_spawn,
				   (void *)(i + 1)) != 0)
			busy_fail("no thread");
}

/* What lies in the table. In a forked child it is all that can be known of what others held. */
static inline void busy_free_table(void)
{
	for (int i = 0; i < BUSY_TABLE; i++)
		block_free(atomic_exchange(&busy_table[i], NULL));
}

/* NULL, or what went wrong. */
static inline const char *busy_end(void)
{
	busy_stop = true;
	for (int i = 0; i <= BUSY_THREADS; i++)
		pthread_join(busy_thread[i], NULL);
	busy_free_table();
	return busy_wrong;
}

#endif
