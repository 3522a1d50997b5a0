// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A thread is stopped inside of a call that makes its arena grow, with the arena's lock in hand. Whoever frees
 * blocks of that arena meanwhile does not wait, and needs no memory for it; and when the thread goes
 * on, all of it is there for it.
 */
#include <pthread.h>
#include <semaphore.h>
#include <sys/syscall.h>

#include "arena_of.h"
#include "busy.h"
#include "growth.h"
#include "kselftest_harness.h"

/* No block is mapped alone, so that every system call is for the arena. */
RUN_WITH_ENVIRONMENT("WEIR_OPTIONS", "mmap_max=0")

#define BLOCKS 20000
#define FREERS 4
static void *block[BLOCKS];

static _Thread_local bool stop_me;
static sem_t stopped, go_on;

static void stop_here(void)
{
	if (!stop_me)
		return;
	stop_me = false;
	sem_post(&stopped);
	while (sem_wait(&go_on) != 0)
		;
}

/* These stand before the C library's: the allocator calls them. */
int mprotect(void *start, size_t size, int protection)
{
	stop_here();
	return syscall(SYS_mprotect, start, size, protection);
}

void *mmap(void *start, size_t size, int protection, int flags, int fd, off_t offset)
{
	stop_here();
	return (void *)syscall(SYS_mmap, start, size, protection, flags, fd, offset);
}

extern char *__curbrk;

void *sbrk(intptr_t increment)
{
	char *old;

	if (increment > 0)
		stop_here();
	if (!__curbrk && brk(NULL) != 0)
		return (void *)-1;
	old = __curbrk;
	return increment && brk(old + increment) != 0 ? (void *)-1 : old;
}

static pthread_barrier_t made, freed, taken_in;
static struct level before_stop, after_all;
static _Atomic bool start_freeing;
static _Atomic int freers_ready;

static void *make_and_stop(void *unused)
{
	unsigned int state = 1;
	void *large;

	for (int i = 0; i < BLOCKS; i++)
		block[i] = block_make(random_block_size(&state));
	before_stop = level_now();
	pthread_barrier_wait(&made);
	stop_me = true;
	/* Until the arena has to grow. */
	for (int i = 0; i < 10000 && stop_me; i++) {
		large = hide(malloc(100 * K));
		*(void **)large = unused;
		unused = large;
	}
	pthread_barrier_wait(&freed);
	for (void *next; unused; unused = next) {
		next = *(void **)unused;
		free(unused);
	}
	/* All that was freed is here again. */
	state = 1;
	for (int i = 0; i < BLOCKS; i++)
		block[i] = block_make(random_block_size(&state));
	after_all = level_now();
	for (int i = 0; i < BLOCKS; i++)
		block_free(block[i]);
	pthread_barrier_wait(&taken_in);
	return NULL;
}

/* Some that have an arena and a cache, and end while the other is stopped. */
static void *free_part(void *part)
{
	for (size_t size = BLOCK_MIN; size < 6000; size += 100)
		block_free(block_make(size));
	freers_ready++;
	while (!start_freeing)
		sched_yield();
	for (int i = (long)part; i < BLOCKS; i += FREERS)
		block_free(block[i]);
	return NULL;
}

FIXTURE(stopped) { };
FIXTURE_VARIANT(stopped) { int arena_max; };
FIXTURE_VARIANT_ADD(stopped, in_another_arena) { 0 };
FIXTURE_VARIANT_ADD(stopped, in_the_same_arena) { 1 };
FIXTURE_SETUP(stopped)
{
	if (variant->arena_max)
		ASSERT_EQ(1, mallopt(M_ARENA_MAX, variant->arena_max));
	hide(malloc(100));
	sem_init(&stopped, 0, 0);
	sem_init(&go_on, 0, 0);
	pthread_barrier_init(&made, NULL, 2);
	pthread_barrier_init(&freed, NULL, 2);
	pthread_barrier_init(&taken_in, NULL, 2);
}
FIXTURE_TEARDOWN(stopped) { }

TEST_F_TIMEOUT(stopped, frees_do_not_wait, 60)
{
	pthread_t maker, freer[FREERS];
	long resident;

	/* On another CPU than this thread's arena; all threads before the lock is held. */
	ASSERT_EQ(0, create_on_cpu(&maker, 1, make_and_stop, NULL));
	for (long i = 0; i < FREERS; i++)
		ASSERT_EQ(0, pthread_create(&freer[i], NULL, free_part, (void *)i));
	while (freers_ready < FREERS)
		sched_yield();
	pthread_barrier_wait(&made);
	EXPECT_EQ(variant->arena_max != 1, heap_number(block[0]) != 0);
	sem_wait(&stopped);
	resident = physical_memory();
	start_freeing = true;
	for (int i = 0; i < FREERS; i++)
		pthread_join(freer[i], NULL);
	/* Nor does it take memory to remember what is to be freed. */
	EXPECT_LE(physical_memory(), resident + 512);
	sem_post(&go_on);
	pthread_barrier_wait(&freed);
	pthread_barrier_wait(&taken_in);
	pthread_join(maker, NULL);
	EXPECT_LE(after_all.held, before_stop.held + 4096);
	EXPECT_GE(1024, level_now().in_use);
	EXPECT_EQ(NULL, atomic_load(&busy_wrong));
}

TEST_HARNESS_MAIN
