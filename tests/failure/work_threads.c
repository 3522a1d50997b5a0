// SPDX-License-Identifier: LGPL-2.1-or-later
#include "work.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "check.h"
#include "process.h"

#define HANDED 64	/* blocks that one thread allocates and another frees */
#define STACK (256 * K)

/* Not from the C library, which maps and keeps stacks: what is mapped shall be the allocator's. */
static _Alignas(4096) char stack[THREADS_MAX][STACK];
static struct worker worker[THREADS_MAX];
static _Atomic bool stack_in_use[THREADS_MAX];

static pthread_key_t last_words;

static void check_heap(void)
{
	char why[200];

	if (!heap_check(why, sizeof(why)))
		broken(__FILE__, __LINE__, why);
}

/* Runs before or after the destructor of the thread's cache. */
static void say_last_words(void *block)
{
	void *p = hide(malloc(10)), *larger;

	free(block);
	free(hide(malloc(500)));
	larger = hide(realloc(p, 5000));
	free(larger ? larger : p);
}

static __attribute__((constructor)) void make_key(void)
{
	pthread_key_create(&last_words, say_last_words);
}

bool thread_start(pthread_t *thread, unsigned int n, void *(*run)(void *), void *argument)
{
	pthread_attr_t attr;
	int error;

	MUST(n < THREADS_MAX && !atomic_exchange(&stack_in_use[n], true));
	pthread_attr_init(&attr);
	MUST(pthread_attr_setstack(&attr, stack[n], STACK) == 0);
	error = pthread_create(thread, &attr, run, argument);
	pthread_attr_destroy(&attr);
	if (error)
		stack_in_use[n] = false;
	return !error;
}

void thread_join(pthread_t thread, unsigned int n)
{
	MUST(pthread_join(thread, NULL) == 0);
	stack_in_use[n] = false;
}

struct worker *thread_worker(unsigned int n)
{
	return &worker[n];
}

void thread_leave_words(void)
{
	void *p = hide(malloc(1500));

	/* May need memory of its own. */
	if (p && pthread_setspecific(last_words, p) != 0)
		free(p);
}

/* Larger in all than one heap has room for. */
static void work_heaps(struct worker *w)
{
	void *p[5];

	mallopt(M_MMAP_MAX, 0);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 5; i++) {
			p[i] = hide(malloc(20 * M + i * K));
			MUST(p[i] || errno == ENOMEM);
			w->refused += !p[i];
			w->answered += p[i] != NULL;
			if (p[i])
				memset(p[i], i, 5000);
		}
		for (int i = 5; i-- > 0;)
			free(p[i]);
	}
	mallopt(M_MMAP_MAX, 65536);
}

struct handed {
	struct worker *w;
	void *to_thread[HANDED], *from_thread[HANDED];
};

static void allocate_all(struct worker *w, void **p)
{
	for (int i = 0; i < HANDED; i++) {
		p[i] = hide(malloc(i * 80));
		MUST(p[i] || errno == ENOMEM);
		w->refused += !p[i];
		w->answered += p[i] != NULL;
	}
}

static void free_all(void **p)
{
	for (int i = 0; i < HANDED; i++) {
		free(p[i]);
		p[i] = NULL;
	}
}

static void *in_thread(void *argument)
{
	struct handed *h = argument;

	free_all(h->to_thread);
	allocate_all(h->w, h->from_thread);
	work_small(h->w);
	work_medium(h->w);
	work_realloc(h->w);
	work_aligned(h->w);
	work_heaps(h->w);
	thread_leave_words();
	return NULL;
}

/* On a CPU that is not the first, so that its arena is one on heaps. */
static void move_off_first_cpu(cpu_set_t *before)
{
	cpu_set_t set;

	MUST(sched_getaffinity(0, sizeof(*before), before) == 0);
	set = *before;
	CPU_CLR(0, &set);
	/* Where there is but one, the threads share the main arena. */
	sched_setaffinity(0, sizeof(set), &set);
}

void work_thread(struct worker *w)
{
	struct handed h = { &worker[0], { NULL }, { NULL } };
	cpu_set_t before;
	pthread_t thread;

	allocate_all(w, h.to_thread);
	move_off_first_cpu(&before);
	if (thread_start(&thread, 0, in_thread, &h))
		thread_join(thread, 0);
	else
		w->refused++;
	sched_setaffinity(0, sizeof(before), &before);
	w->refused += worker[0].refused;
	w->answered += worker[0].answered;
	worker[0].refused = worker[0].answered = 0;
	free_all(h.to_thread);
	free_all(h.from_thread);
}

void work_fork(struct worker *w)
{
	void *p = hide(malloc(300));
	int status;
	pid_t child = fork();

	if (child == 0) {
		alarm(120);
		free(p);
		work_small(w);
		work_mapped(w);
		check_heap();
		_exit(0);
	}
	free(p);
	MUST(child > 0);
	MUST(waitpid(child, &status, 0) == child);
	MUST(status == 0);
}
