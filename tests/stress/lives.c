// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * lives.c - threads that work for a while and end, and moments when none works
 *
 * A thread holds the world's lock for reading, from before its first call of the allocator until after its
 * last, which other libraries' destructors make when the thread ends. Now and then it lets go, and
 * who wants the world to stand still takes the lock for writing.
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "stress.h"

#define BREATH		256	/* calls between two chances to stop the world, about */
#define STOP_EVERY	10000
#define LONGEST_LIFE	18	/* up to 2^18 calls */
#define PROGRESS_EVERY	30	/* seconds */

static struct worker workers[MAX_WORKERS];
static pthread_t thread[MAX_WORKERS];
static pthread_rwlock_t world;
static pthread_key_t last_rites;
static _Atomic unsigned long total;

/* The numbers of those that have ended. */
static struct {
	pthread_mutex_t lock;
	sem_t count;
	unsigned int number[MAX_WORKERS], n;
} ended = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void say_ended(const struct worker *w)
{
	pthread_mutex_lock(&ended.lock);
	ended.number[ended.n++] = w->number;
	pthread_mutex_unlock(&ended.lock);
	sem_post(&ended.count);
}

static unsigned int wait_for_end(void)
{
	unsigned int number;

	while (sem_wait(&ended.count) != 0)
		;
	pthread_mutex_lock(&ended.lock);
	number = ended.number[--ended.n];
	pthread_mutex_unlock(&ended.lock);
	return number;
}

/* Every other destructor has run when it comes the second time. Some allocate and free, so late as that. */
static void rites(void *worker)
{
	static __thread bool again;

	for (size_t size = 1; size < 100000; size *= 7)
		free(malloc(size));
	if (!again) {
		again = true;
		pthread_setspecific(last_rites, worker);
		return;
	}
	pthread_rwlock_unlock(&world);
	say_ended(worker);
}

static void progress(unsigned long now)
{
	static _Atomic time_t last, start;
	time_t seconds = time(NULL);

	if (!start)
		start = last = seconds;
	if (!options.progress || seconds - last < PROGRESS_EVERY)
		return;
	last = seconds;
	printf("# %lu of %lu operations in %lu s\n", now, options.operations, seconds - start);
}

/* Returns whether there is more to do. */
static bool breathe(struct worker *w, unsigned long calls)
{
	unsigned long before = atomic_fetch_add_explicit(&total, calls, memory_order_relaxed), now = before + calls;

	progress(now);
	pthread_rwlock_unlock(&world);
	if (before / STOP_EVERY != now / STOP_EVERY) {
		pthread_rwlock_wrlock(&world);
		check_all(workers, w);
		pthread_rwlock_unlock(&world);
	}
	pthread_rwlock_rdlock(&world);
	return now < options.operations;
}

static void *live(void *worker)
{
	struct worker *w = worker;
	unsigned long life = (size_t)1 << below(w, LONGEST_LIFE + 1), calls;
	bool more = true;

	pthread_rwlock_rdlock(&world);
	pthread_setspecific(last_rites, w);
	for (unsigned long lived = 0; more && lived < life; lived += calls) {
		for (calls = 0; calls < BREATH && lived + calls < life;) {
			unsigned int n = operate(w);

			calls += n;
			w->done += n;
		}
		more = breathe(w, calls);
	}
	return NULL;
}

static void start(unsigned int i)
{
	if (pthread_create(&thread[i], NULL, live, &workers[i]) != 0)
		fail(&workers[i], "no thread", NULL);
}

static void begin(void)
{
	pthread_rwlockattr_t fair;

	pthread_rwlockattr_init(&fair);
	pthread_rwlockattr_setkind_np(&fair, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&world, &fair);
	sem_init(&ended.count, 0, 0);
	pthread_key_create(&last_rites, rites);
	shared_init();
	for (unsigned int i = 0; i < options.threads; i++) {
		workers[i].number = i;
		workers[i].random = (options.seed * MAX_WORKERS + i + 1) * 0x9e3779b97f4a7c15UL;
	}
}

static void free_all(void)
{
	for (unsigned int i = 0; i < options.threads; i++)
		for (unsigned int j = 0; j < options.blocks; j++)
			if (workers[i].block[j].mem)
				release(&workers[i], &workers[i].block[j]);
	for (unsigned int i = 0; i < SHARED; i++)
		if (shared_block(i)->mem)
			release(&workers[0], shared_block(i));
}

void work_all(void)
{
	unsigned int left = options.threads;

	begin();
	pthread_rwlock_rdlock(&world);
	for (unsigned int i = 0; i < options.threads; i++)
		start(i);
	pthread_rwlock_unlock(&world);
	while (left) {
		unsigned int i = wait_for_end();

		/* Beginnings and ends allocate and free. */
		pthread_rwlock_rdlock(&world);
		pthread_join(thread[i], NULL);
		if (total < options.operations)
			start(i);
		else
			left--;
		pthread_rwlock_unlock(&world);
	}
	printf("# %lu calls, the last random number %016lx\n", (unsigned long)total, (unsigned long)workers[0].random);
	free_all();
	check_nothing_left(&workers[0]);
}
