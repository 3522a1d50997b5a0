// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * threads: several threads work, pass blocks to each other, end and start, and the process forks,
 * while memory system calls fail; then nothing is lost and everything can be had.
 */
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>

#include "cases.h"
#include "inject.h"
#include "kselftest.h"
#include "ledger.h"
#include "process.h"
#include "tcache_size.h"
#include "work.h"

RUN_WITH_ENVIRONMENT("WEIR_OPTIONS", "arena_max=4")

#define THREADS 4
#define SLOTS 40

static void *_Atomic slot[SLOTS];
static _Atomic unsigned int running;
static _Atomic bool go;

/*
 * So many that the library's key, which is made later, has no place in the threads' first block of values:
 * setting it takes a calloc, in the middle of making a thread's cache.
 */
static void make_keys(void)
{
	pthread_key_t key;

	for (int i = 0; i < 40; i++)
		pthread_key_create(&key, NULL);
}
static void (*const early)(void) __attribute__((section(".preinit_array"), used)) = make_keys;

static void take_over(void *block)
{
	unsigned char *p = block;
	size_t size;

	if (!p)
		return;
	size = *(size_t *)p;
	MUST(is_filled(p + sizeof(size), (unsigned char)size, size - sizeof(size)));
	free(p);
}

static void exchange(struct worker *w, unsigned int seed)
{
	for (unsigned int i = 0; i < 3 * SLOTS; i++) {
		size_t size = 16 + (i * 7919 + seed) % (i % 20 ? 2000 : 200000);
		unsigned char *p = hide(malloc(size));

		if (p) {
			*(size_t *)p = size;
			memset(p + sizeof(size), size, size - sizeof(size));
			w->answered++;
		} else {
			MUST(errno == ENOMEM);
			w->refused++;
		}
		take_over(atomic_exchange(&slot[(i * 31 + seed) % SLOTS], p));
	}
}

static void *in_thread(void *number)
{
	unsigned int n = (unsigned long)number;
	struct worker *w = thread_worker(n);

	/* All threads are there at a time, each with a cache if it can have one. */
	free(hide(malloc(1)));
	while (!go)
		sched_yield();
	exchange(w, n);
	if (n % 2)
		work_small(w);
	work_medium(w);
	exchange(w, n + 10);
	if (n == 0)
		work_settings(w);
	work_realloc(w);
	work_aligned(w);
	exchange(w, n + 20);
	thread_leave_words();
	running--;
	return NULL;
}

static void work_in_threads(struct worker *w)
{
	bool started[THREADS];
	pthread_t thread[THREADS];

	for (int round = 0; round < 2; round++) {
		running = THREADS;
		go = false;
		for (unsigned long i = 0; i < THREADS; i++) {
			started[i] = thread_start(&thread[i], i, in_thread, (void *)i);
			running -= !started[i];
			w->refused += !started[i];
		}
		go = true;
		work_fork(w);
		while (running) {
			struct mallinfo2 info = mallinfo2();

			MUST(info.arena == info.uordblks + info.fordblks);
			malloc_trim(0);
			exchange(w, 5);
			sched_yield();
		}
		for (int i = 0; i < THREADS; i++) {
			if (!started[i])
				continue;
			thread_join(thread[i], i);
			w->refused += thread_worker(i)->refused;
			w->answered += thread_worker(i)->answered;
			thread_worker(i)->refused = thread_worker(i)->answered = 0;
		}
	}
	for (int i = 0; i < SLOTS; i++)
		take_over(atomic_exchange(&slot[i], NULL));
}

static void try(const void *injection)
{
	static struct worker w;
	struct ledger before, after;

	/* This thread's values stay. */
	free(hide(malloc(1)));
	ledger_read(&before);
	inject(injection);
	work_in_threads(&w);
	report->injected = injected();
	inject(NULL);
	report->refused = w.refused;
	ledger_read(&after);
	ledger_compare(&before, &after);
	w.refused = 0;
	work_in_threads(&w);
	MUST(w.refused == 0);
	ledger_read(&after);
	ledger_compare(&before, &after);
	/* No thread's cache was forgotten. */
	MUST(tcache_caches_in_use() == 1);
}

/* All that the arenas have, in a list. */
static void **exhaust(void)
{
	void **list = NULL, **p;

	for (size_t size = 64 * K; size >= 16; size /= 2)
		while ((p = hide(malloc(size)))) {
			*p = list;
			list = p;
		}
	return list;
}

static void *begin_without_memory(void *unused)
{
	void *p;

	running = 1;
	while (!go)
		sched_yield();
	p = hide(malloc(100));
	MUST(!p && errno == ENOMEM);
	inject(NULL);
	p = hide(malloc(100));
	MUST(p);
	/* There was memory for the cache, but none to have the C library tell us of the thread's end. */
	MUST(tcache_caches_in_use() == 1);
	free(p);
	return NULL;
}

static void try_without_values(const void *unused)
{
	static const struct injection all = { .always = EVERY_CALL };
	struct ledger before, after;
	void **list, **next;
	pthread_t thread;

	free(hide(malloc(1)));
	ledger_read(&before);
	MUST(thread_start(&thread, 0, begin_without_memory, NULL));
	while (!running)
		sched_yield();
	inject(&all);
	list = exhaust();
	go = true;
	thread_join(thread, 0);
	for (; list; list = next) {
		next = *list;
		free(list);
	}
	ledger_read(&after);
	ledger_compare(&before, &after);
	MUST(tcache_caches_in_use() == 1);
}

static bool holds(const struct injection *i)
{
	snprintf(work_case, sizeof(work_case), "number %lu and the %lu from there, one in %lu, seed %lu",
		 i->first, i->length, i->one_in, i->seed);
	return case_holds(try, i);
}

/* Several calls in a row fail, each time further on. */
static void bursts(unsigned long length)
{
	struct injection i = { .calls = EVERY_CALL, .length = length };
	unsigned long cases = 0, refused = 0;
	bool ok;

	do {
		/* Close to each other where the first of everything is made, then further apart. */
		i.first += 1 + i.first / 20;
		ok = holds(&i);
		refused += report->refused;
		cases++;
	} while (ok && report->injected && cases < 200);
	if (cases < 20 || !refused) {
		ksft_print_msg("%lu cases, %lu requests refused\n", cases, refused);
		ok = false;
	}
	ksft_test_result(ok, "%s calls in a row fail, %lu cases\n",
			 length == FOR_EVER ? "all" : length < 100 ? "some" : "many", cases);
}

static void at_random(unsigned long one_in)
{
	struct injection i = { .calls = EVERY_CALL, .one_in = one_in };
	bool ok = true;

	while (ok && i.seed++ < 30)
		ok = holds(&i);
	ksft_test_result(ok, "one call in %lu fails, %lu seeds\n", one_in, i.seed - 1);
}

int main(void)
{
	const struct injection none = { 0 };

	cases_init();
	ksft_print_header();
	ksft_set_plan(8);
	ksft_test_result(holds(&none) && !report->refused, "nothing fails\n");
	strcpy(work_case, "a thread begins without memory");
	ksft_test_result(case_holds(try_without_values, NULL), "a thread begins without memory\n");
	bursts(30);
	bursts(200);
	bursts(FOR_EVER);
	at_random(2);
	at_random(5);
	at_random(50);
	return ksft_get_fail_cnt() ? ksft_exit_fail() : ksft_exit_pass();
}
