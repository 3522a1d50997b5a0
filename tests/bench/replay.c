// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Replay a trace with as many threads as it was recorded from; trace.h says what keeps them in order.
 * Memory is touched as programs do: both ends of a block and each page between when it is allocated
 * or resized, its first byte before it is freed.  Prints what meter.h says; exits 3 if the allocator
 * returned NULL, 2 if the trace could not be read.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "meter.h"
#include "trace.h"

#define PAGE 4096

static int trace;
static struct trace_header header;
/* Of each slot.  A single thread waits for nobody: its turns are not looked at, and take no memory. */
static char **blocks;
static _Atomic uint32_t *turns;
static uint8_t *author;		/* of each chapter */

static void *book(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		err(2, "mmap of %zu bytes", size);
	return p;
}

static void read_at(void *to, size_t size, off_t at)
{
	if (pread(trace, to, size, at) != (ssize_t)size)
		errx(2, "the trace ends early, at %lld", (long long)at);
}

static off_t chapter_at(uint32_t i)
{
	return TRACE_HEADER + i * (off_t)sizeof(struct trace_chapter);
}

/* Turns are short unless the other thread sleeps; then its time is not to be taken. */
static void wait_for_turn(const struct trace_event *e)
{
	unsigned int tries;

	for (tries = 0; atomic_load_explicit(&turns[e->slot], memory_order_acquire) != e->turn; tries++) {
		if (tries < 100)
			__builtin_ia32_pause();
		else if (tries < 200)
			sched_yield();
		else
			nanosleep(&(struct timespec){ .tv_nsec = 50000 }, NULL);
	}
}

static char *touched(char *block, size_t size)
{
	size_t at;

	if (!block)
		errx(3, "the allocator returned NULL for %zu bytes", size);
	for (at = 0; at < size; at += PAGE)
		*(volatile char *)(block + at) = 1;
	if (size)
		*(volatile char *)(block + size - 1) = 1;
	return block;
}

static void *aligned(size_t alignment, size_t size)
{
	void *block = NULL;

	if (posix_memalign(&block, alignment < sizeof(void *) ? sizeof(void *) : alignment, size))
		return NULL;
	return block;
}

static void replay(const struct trace_event *e)
{
	char **block = &blocks[e->slot];

	if (turns)
		wait_for_turn(e);
	switch (e->call) {
	case TRACE_MALLOC:
		*block = touched(malloc(e->size), e->size);
		break;
	case TRACE_CALLOC:
		*block = touched(calloc(1, e->size), e->size);
		break;
	case TRACE_MEMALIGN:
		*block = touched(aligned((size_t)1 << e->alignment, e->size), e->size);
		break;
	case TRACE_REALLOC:
		*block = touched(realloc(*block, e->size), e->size);
		break;
	case TRACE_FREE:
		*(volatile char *)*block;
		free(*block);
		*block = NULL;
		break;
	default:
		errx(2, "the trace has a call %d", e->call);
	}
	if (turns)
		atomic_store_explicit(&turns[e->slot], e->turn + 1, memory_order_release);
}

static void *play_thread(void *arg)
{
	struct trace_chapter *c = book(sizeof(*c));
	uintptr_t me = (uintptr_t)arg;
	uint32_t i, n;

	for (i = 0; i < header.chapters; i++) {
		if (author[i] != me)
			continue;
		read_at(c, sizeof(*c), chapter_at(i));
		for (n = 0; n < c->events && n < TRACE_CHAPTER; n++)
			replay(&c->event[n]);
	}
	munmap(c, sizeof(*c));
	return NULL;
}

static void open_trace(const char *path)
{
	struct trace_chapter *c = book(sizeof(*c));
	uint32_t i;

	trace = open(path, O_RDONLY | O_CLOEXEC);
	if (trace < 0)
		err(2, "%s", path);
	read_at(&header, sizeof(header), 0);
	if (strcmp(header.magic, TRACE_MAGIC) || header.threads > TRACE_THREADS)
		errx(2, "%s is not a trace", path);
	author = book(header.chapters + 1);
	for (i = 0; i < header.chapters; i++) {
		read_at(c, offsetof(struct trace_chapter, event), chapter_at(i));
		author[i] = c->thread;
	}
	munmap(c, sizeof(*c));
	blocks = book((header.slots + 1) * sizeof(*blocks));
	if (header.threads > 1)
		turns = book((header.slots + 1) * sizeof(*turns));
}

static void play(void)
{
	pthread_t threads[TRACE_THREADS];
	uintptr_t i;

	for (i = 1; i < header.threads; i++) {
		errno = pthread_create(&threads[i], NULL, play_thread, (void *)i);
		if (errno)
			err(2, "pthread_create");
	}
	play_thread((void *)0);
	for (i = 1; i < header.threads; i++)
		pthread_join(threads[i], NULL);
}

/* What the recorded program left to its exit. */
static void end_pass(void)
{
	uint32_t i;

	for (i = 0; i <= header.slots; i++) {
		free(blocks[i]);
		blocks[i] = NULL;
		if (turns)
			turns[i] = 0;
	}
}

int main(int argc, char **argv)
{
	long passes = argc > 2 ? strtol(argv[2], NULL, 10) : 1;
	struct meter m;

	if (argc < 2 || argc > 3 || passes < 1) {
		fprintf(stderr, "usage: replay TRACE [PASSES]\n");
		return 2;
	}
	open_trace(argv[1]);
	meter_start(&m);
	while (passes--) {
		play();
		end_pass();
	}
	meter_stop(&m);
	return 0;
}
