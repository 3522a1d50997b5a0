// SPDX-License-Identifier: LGPL-2.1-or-later
/* Two threads free the same block; and misuse of blocks of another arena than the main one. */
#include <pthread.h>
#include <sched.h>

#include "misuse.h"

/* The library gives a thread the arena of its CPU, and the first of them is the main one. */
static void move_to_another_cpu(void)
{
	cpu_set_t set;

	mallopt(M_ARENA_MAX, 8);
	sched_getaffinity(0, sizeof(set), &set);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (cpu % 8 && CPU_ISSET(cpu, &set)) {
			CPU_ZERO(&set);
			CPU_SET(cpu, &set);
			sched_setaffinity(0, sizeof(set), &set);
			return;
		}
}

/* The other thread does this when told to, and has a cache of its own by then. */
static void *block;
static pthread_barrier_t told, done;

static void *free_when_told(void *unused)
{
	move_to_another_cpu();
	free(hide(malloc(100)));
	pthread_barrier_wait(&told);
	pthread_barrier_wait(&told);
	free(hide(block));
	pthread_barrier_wait(&done);
	return unused;
}

static void *free_when_told_and_stay(void *unused)
{
	free_when_told(unused);
	pause();
	return unused;
}

static void start(pthread_t *thread, void *(*run)(void *), void *argument)
{
	pthread_barrier_init(&told, NULL, 2);
	pthread_barrier_init(&done, NULL, 2);
	if (pthread_create(thread, NULL, run, argument) != 0)
		misuse_ends("no thread");
}

/* From the first of these to the last nothing is allocated that could take the block. */
static void start_before(void *(*run)(void *), size_t size, pthread_t *thread)
{
	start(thread, run, NULL);
	pthread_barrier_wait(&told);
	block = guarded(size);
}

static void let_it_free(void)
{
	pthread_barrier_wait(&told);
	pthread_barrier_wait(&done);
}

static void here_then_there(size_t size)
{
	pthread_t thread;

	start_before(free_when_told, size, &thread);
	free(block);
	let_it_free();
	/* What was left to the arena's owner is looked at when that one comes by. */
	hide(malloc(100 * K));
}

static void there_then_here(size_t size)
{
	pthread_t thread;

	start_before(free_when_told_and_stay, size, &thread);
	let_it_free();
	free(hide(block));
	hide(malloc(100 * K));
}

static void ended_then_here(size_t size)
{
	pthread_t thread;

	start_before(free_when_told, size, &thread);
	let_it_free();
	pthread_join(thread, NULL);
	free(hide(block));
	hide(malloc(100 * K));
}

/* Each thread's cache has the block, and gives it back. */
static void both_give_back(size_t size)
{
	pthread_t thread;

	start_before(free_when_told, size, &thread);
	free(block);
	let_it_free();
	pthread_join(thread, NULL);
	hide(malloc(100 * K));
	malloc_trim(0);
}

/* A write into a block that another thread has freed. */
static void freed_there_and_written(size_t size, size_t word)
{
	pthread_t thread;

	start_before(free_when_told_and_stay, size, &thread);
	let_it_free();
	((size_t *)block)[word] ^= 8;
	hide(malloc(100 * K));
	heap_is_intact(size);
}

static void both_give_back_40(void) { both_give_back(40); }
static void both_give_back_1032(void) { both_give_back(1032); }
static void both_give_back_5000(void) { both_give_back(5000); }
static void written_0_40(void) { freed_there_and_written(40, 0); }
static void written_0_5000(void) { freed_there_and_written(5000, 0); }
static void written_0_50000(void) { freed_there_and_written(50000, 0); }

static void here_then_there_40(void) { here_then_there(40); }
static void here_then_there_1032(void) { here_then_there(1032); }
static void here_then_there_5000(void) { here_then_there(5000); }
static void here_then_there_50000(void) { here_then_there(50000); }
static void here_then_there_mapped(void) { here_then_there(300 * K); }
static void there_then_here_40(void) { there_then_here(40); }
static void there_then_here_1032(void) { there_then_here(1032); }
static void there_then_here_5000(void) { there_then_here(5000); }
static void there_then_here_50000(void) { there_then_here(50000); }
static void there_then_here_mapped(void) { there_then_here(300 * K); }
static void ended_then_here_40(void) { ended_then_here(40); }
static void ended_then_here_1032(void) { ended_then_here(1032); }
static void ended_then_here_5000(void) { ended_then_here(5000); }
static void ended_then_here_50000(void) { ended_then_here(50000); }

static void *in_arena(void *commit)
{
	void *p;

	move_to_another_cpu();
	p = hide(malloc(50000));
	if (!(chunk_of(p)->size & NON_MAIN_ARENA))
		misuse_ends("in the main arena");
	free(p);
	((void (*)(void))commit)();
	return NULL;
}

static void twice(void *p)
{
	free(p);
	free(hide(p));
}

static void arena_twice_40(void) { twice(guarded(40)); }
static void arena_twice_5000(void) { twice(guarded(5000)); }
static void arena_twice_50000(void) { twice(guarded(50000)); }
static void arena_twice_at_top(void) { twice(hide(malloc(50000))); }

static void arena_size(size_t size)
{
	void *p = guarded(50000);

	chunk_of(p)->size = size;
	free(p);
}

static void arena_bit_lost(void) { arena_size(50016 | PREV_INUSE); }
static void arena_size_huge(void) { arena_size((size_t)1 << 40 | NON_MAIN_ARENA | PREV_INUSE); }
static void arena_size_beyond(void) { arena_size((2 * M) | NON_MAIN_ARENA | PREV_INUSE); }

/* The block is in the first of two heaps, and the top in the second. */
static void arena_size_first_heap(void)
{
	void *p = guarded(50000);

	for (size_t n = 0; n < 70 * M; n += 100 * K)
		hide(malloc(100 * K));
	chunk_of(p)->size = (size_t)1 << 40 | NON_MAIN_ARENA | PREV_INUSE;
	free(p);
}

static void arena_top(size_t size)
{
	void *p = hide(malloc(2000));

	for (struct chunk *c = behind(p); ; c = next_chunk(c))
		if (chunksize(c) >= 10000) {
			c->size = size;
			break;
		}
	for (int i = 0; i < 10; i++)
		hide(malloc(100 * K));
}

static void arena_top_huge(void) { arena_top(-1); }
static void arena_top_text(void) { arena_top(0x4141414141414141); }

static void arena_next_size(void)
{
	void *p = guarded(50000);

	behind(p)->size = (size_t)1 << 40 | PREV_INUSE;
	free(p);
}

static void arena_written(void)
{
	void *p = guarded(50000);

	free(p);
	chunk_of(p)->bk = chunk_of(p);
	hide(malloc(100 * K));
}

static void run_in_arena(void (*commit)(void))
{
	pthread_t thread;

	start(&thread, in_arena, commit);
	pthread_join(thread, NULL);
	/* What was left to the main arena's owner. */
	hide(malloc(100 * K));
}

#define IN_ARENA(name) static void in_##name(void) { run_in_arena(name); }
IN_ARENA(arena_twice_40)
IN_ARENA(arena_twice_5000)
IN_ARENA(arena_twice_50000)
IN_ARENA(arena_twice_at_top)
IN_ARENA(arena_bit_lost)
IN_ARENA(arena_size_huge)
IN_ARENA(arena_size_beyond)
IN_ARENA(arena_size_first_heap)
IN_ARENA(arena_top_huge)
IN_ARENA(arena_top_text)
IN_ARENA(arena_next_size)
IN_ARENA(arena_written)

static const struct misuse table[] = {
	{ "freed here, then in a thread, 40 bytes", here_then_there_40, DOUBLE_FREE },
	{ "freed here, then in a thread, 1032 bytes", here_then_there_1032, DOUBLE_FREE },
	{ "freed here, then in a thread, 5000 bytes", here_then_there_5000, DOUBLE_FREE },
	{ "freed here, then in a thread, 50000 bytes", here_then_there_50000, DOUBLE_FREE },
	{ "freed here, then in a thread, 300 KiB", here_then_there_mapped, SEGFAULT },
	{ "freed in a thread that goes on, then here, 40 bytes", there_then_here_40, DOUBLE_FREE },
	{ "freed in a thread that goes on, then here, 1032 bytes", there_then_here_1032, DOUBLE_FREE },
	{ "freed in a thread that goes on, then here, 5000 bytes", there_then_here_5000, DOUBLE_FREE },
	{ "freed in a thread that goes on, then here, 50000 bytes", there_then_here_50000, DOUBLE_FREE },
	{ "freed in a thread that goes on, then here, 300 KiB", there_then_here_mapped, SEGFAULT },
	{ "freed in a thread that ended, then here, 40 bytes", ended_then_here_40, DOUBLE_FREE },
	{ "freed in a thread that ended, then here, 1032 bytes", ended_then_here_1032, DOUBLE_FREE },
	{ "freed in a thread that ended, then here, 5000 bytes", ended_then_here_5000, DOUBLE_FREE },
	{ "freed in a thread that ended, then here, 50000 bytes", ended_then_here_50000, DOUBLE_FREE },
	{ "freed here and in a thread, both give it back, 40 bytes", both_give_back_40, DOUBLE_FREE },
	{ "freed here and in a thread, both give it back, 1032 bytes", both_give_back_1032, DOUBLE_FREE },
	{ "freed here and in a thread, both give it back, 5000 bytes", both_give_back_5000, DOUBLE_FREE },
	{ "freed in a thread, then word 0 written, 40 bytes", written_0_40, INTACT },
	{ "freed in a thread, then word 0 written, 5000 bytes", written_0_5000, INTACT },
	{ "freed in a thread, then word 0 written, 50000 bytes",
	  written_0_50000, "malloc(): unsorted double linked list corrupted" },
	{ "thread's arena: freed twice, 40 bytes", in_arena_twice_40, DOUBLE_FREE },
	{ "thread's arena: freed twice, 5000 bytes", in_arena_twice_5000, DOUBLE_FREE },
	{ "thread's arena: freed twice, 50000 bytes", in_arena_twice_50000, DOUBLE_FREE },
	{ "thread's arena: freed twice before the top", in_arena_twice_at_top, DOUBLE_FREE },
	{ "thread's arena: block says it is in the main one",
	  in_arena_bit_lost, "free(): double free or corruption (out)" },
	{ "thread's arena: size huge", in_arena_size_huge, "free(): double free or corruption (out)" },
	{ "thread's arena: size beyond the heap", in_arena_size_beyond, "free(): double free or corruption (out)" },
	{ "thread's arena: size huge, in the first of two heaps", in_arena_size_first_heap, DOUBLE_FREE },
	{ "thread's arena: next chunk's size", in_arena_next_size, "free(): invalid next size (normal)" },
	{ "thread's arena: top of size -1", in_arena_top_huge, "malloc(): corrupted top size" },
	{ "thread's arena: top of text", in_arena_top_text, "malloc(): corrupted top size" },
	{ "thread's arena: freed block written to",
	  in_arena_written, "malloc(): unsorted double linked list corrupted" },
};

MISUSE_MAIN("Double frees by two threads, and other arenas", table)
