// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Prints malloc_info(3) in several states of the heap, each into a file of its own below the directory that is
 * the argument. For malloc_info.sh, which runs it with and without the library.
 */
#include <malloc.h>
#include <pthread.h>
#include <sched.h>

#include "process.h"

#define THREADS 3

static const char *directory;

static void print(const char *state)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.xml", directory, state);
	f = fopen(path, "w");
	if (!f || malloc_info(0, f) != 0 || fclose(f) != 0)
		abort();
}

/* Half of the blocks of each size stay, so that the others are free chunks between them. */
static void riddle(size_t from, size_t to, size_t step)
{
	void *block[200];

	for (size_t size = from; size <= to; size += step) {
		for (int i = 0; i < 200; i++)
			block[i] = hide(malloc(size));
		for (int i = 0; i < 200; i += 2)
			free(block[i]);
	}
}

static pthread_barrier_t barrier;

/* An arena may be a CPU's: use the last CPU, the first one's may be the main arena. */
static void move_to_last_cpu(void)
{
	cpu_set_t set;
	int cpu = CPU_SETSIZE - 1;

	sched_getaffinity(0, sizeof(set), &set);
	while (cpu > 0 && !CPU_ISSET(cpu, &set))
		cpu--;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* Alive, and so with an arena of its own, until all have been looked at. */
static void *in_thread(void *unused)
{
	void *large[60];

	(void)unused;
	move_to_last_cpu();
	riddle(16, 900, 60);
	/* More than one heap of 64 MiB. */
	for (int i = 0; i < 60; i++)
		large[i] = hide(malloc(2 * M));
	for (int i = 1; i < 60; i += 2)
		free(large[i]);
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread[THREADS];
	void *mapped[5];

	if (argc != 2)
		return 2;
	directory = argv[1];
	print("fresh");
	for (int i = 0; i < 5; i++)
		mapped[i] = hide(malloc((i + 1) * M));
	print("mapped");
	for (int i = 0; i < 5; i++)
		free(mapped[i]);
	print("unmapped");
	riddle(16, 160, 16);
	print("small");
	riddle(200, 5000, 400);
	print("unsorted");
	hide(malloc(60000));
	print("sorted");
	malloc_trim(0);
	print("trimmed");
	mallopt(M_MMAP_MAX, 0);
	pthread_barrier_init(&barrier, NULL, THREADS + 1);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, in_thread, NULL);
	pthread_barrier_wait(&barrier);
	print("threads");
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	print("joined");
	return 0;
}
