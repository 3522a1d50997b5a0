// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * threads.c - two to four threads, each with a table of its own
 *
 * The input is phases: which threads work, then a length for each of these and so many bytes of operations. They
 * work at the same time; where it is one, the input does the same each time. Between two phases all wait:
 * tables change hands, so that one thread frees what another allocated, threads end and new ones take their
 * places, the heap is checked.
 */
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

enum { ENDS = 16, MOVES = 32, CHECKS = 64 };

static struct table table[TABLES_MAX];

static struct member {
	pthread_t thread;
	sem_t go;
	struct table *table;
	struct input work;
	bool ends;
} member[TABLES_MAX];

static sem_t done;

static void *work(void *arg)
{
	struct member *m = arg;

	for (;;) {
		while (sem_wait(&m->go) != 0)
			;
		if (m->ends)
			return NULL;
		while (m->work.at < m->work.end)
			fuzz_operate(m->table, &m->work);
		sem_post(&done);
	}
}

/* The arena follows the CPU: each time the same one. */
static void begin(unsigned int i)
{
	static cpu_set_t all;
	cpu_set_t one;
	pthread_attr_t attr;
	int at, cpu = 0;

	if (!CPU_COUNT(&all))
		sched_getaffinity(0, sizeof(all), &all);
	at = i % CPU_COUNT(&all);
	while (!CPU_ISSET(cpu, &all) || at-- > 0)
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	pthread_attr_init(&attr);
	pthread_attr_setaffinity_np(&attr, sizeof(one), &one);
	member[i].ends = false;
	if (pthread_create(&member[i].thread, &attr, work, &member[i]) != 0)
		abort();
	pthread_attr_destroy(&attr);
}

static void end(unsigned int i)
{
	member[i].ends = true;
	sem_post(&member[i].go);
	pthread_join(member[i].thread, NULL);
}

/* Each hands its table to the next one. */
static void move(unsigned int n)
{
	struct table *first = member[0].table;

	for (unsigned int i = 0; i < n - 1; i++)
		member[i].table = member[i + 1].table;
	member[n - 1].table = first;
}

static void phase(struct input *in, unsigned int n)
{
	unsigned int kind = take8(in), working = 0;

	for (unsigned int i = 0; i < n; i++) {
		size_t length = kind >> i & 1 ? take8(in) : 0;

		if (!length)
			continue;
		if (length > (size_t)(in->end - in->at))
			length = in->end - in->at;
		member[i].work = (struct input){ in->at, in->at + length };
		in->at += length;
		working++;
		sem_post(&member[i].go);
	}
	while (working) {
		if (sem_wait(&done) == 0)
			working--;
	}
	if (kind & CHECKS)
		fuzz_check(table, n);
	if (kind & MOVES)
		move(n);
	for (unsigned int i = 0; i < n && kind & ENDS; i++)
		if (kind >> i & 1) {
			end(i);
			begin(i);
		}
}

static void run(struct input *in)
{
	unsigned int n = 2 + take8(in) % (TABLES_MAX - 1);

	memset(table, 0, sizeof(table));
	for (unsigned int i = 0; i < n; i++) {
		table[i].worker.number = i;
		table[i].worker.random = (i + 1) * 0x9e3779b97f4a7c15UL;
		member[i].table = &table[i];
		begin(i);
	}
	while (in->at < in->end)
		phase(in, n);
	fuzz_check(table, n);
	/* This one frees all. */
	for (unsigned int i = 0; i < n; i++) {
		end(i);
		fuzz_free_all(&table[i]);
	}
	fuzz_check_nothing_left();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_run(run, data, size);
	return 0;
}
