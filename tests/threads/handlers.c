// SPDX-License-Identifier: LGPL-2.1-or-later
#include "handlers.h"

#include <malloc.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <time.h>

#define HANGS 20	/* seconds */

int handlers_called;
bool handlers_waited_in_vain;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* The handlers may be registered twice; one thread forks at a time. */
static void *from_prepare[2];
static int depth;

static pthread_t other;
static bool have_other;
static sem_t asked, answered;

static void allocate(unsigned int size)
{
	void *small = malloc(100), *large = malloc(size), *mapped = calloc(1, 500000);

	mallinfo2();
	mallopt(M_TOP_PAD, 65536);
	malloc_trim(0);
	large = realloc(large, 90000);
	free(small);
	free(mapped);
	free(large);
}

static void *allocate_when_asked(void *unused)
{
	while (sem_wait(&asked) == 0 && have_other) {
		allocate(1300);
		sem_post(&answered);
	}
	return unused;
}

static void let_other_allocate(void)
{
	struct timespec until;

	if (!have_other)
		return;
	sem_post(&asked);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += HANGS;
	if (!handlers_waited_in_vain && sem_timedwait(&answered, &until) != 0)
		handlers_waited_in_vain = true;
}

static void prepare(void)
{
	if (depth == 0)
		pthread_mutex_lock(&lock);
	handlers_called++;
	from_prepare[depth++] = malloc(700);
	allocate(5000);
	let_other_allocate();
}

static void after(void)
{
	allocate(5000);
	free(from_prepare[--depth]);
	handlers_called++;
	if (depth == 0)
		pthread_mutex_unlock(&lock);
}

static void parent(void)
{
	let_other_allocate();
	after();
}

void handlers_register(void)
{
	pthread_atfork(prepare, parent, after);
}

void handlers_work(unsigned int seed)
{
	pthread_mutex_lock(&lock);
	allocate(seed % 20000);
	pthread_mutex_unlock(&lock);
}

void handlers_start_other(void)
{
	sem_init(&asked, 0, 0);
	sem_init(&answered, 0, 0);
	have_other = pthread_create(&other, NULL, allocate_when_asked, NULL) == 0;
}

void handlers_stop_other(void)
{
	have_other = false;
	sem_post(&asked);
	pthread_join(other, NULL);
}

static __attribute__((constructor(101))) void first(void)
{
	handlers_register();
}
