// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Run one shape and say what it took.  Prints one line, see meter.h.
 */
#include <stdio.h>
#include <sys/mman.h>

#include "../meter.h"
#include "shape.h"

extern const struct shape *const __start_shapes[], *const __stop_shapes[];

static double scale = 1;

long times(double n)
{
	n *= scale;
	return n < 1 ? 1 : (long)n;
}

void *book(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		err(2, "mmap of %zu bytes", size);
	return p;
}

void book_close(void *p, size_t size)
{
	munmap(p, size);
}

struct job {
	pthread_t thread;
	void (*fn)(unsigned int i);
	unsigned int i;
};

static void *job(void *arg)
{
	struct job *j = arg;

	j->fn(j->i);
	return NULL;
}

void parallel(unsigned int n, void (*fn)(unsigned int i))
{
	struct job jobs[n];
	unsigned int i;

	/* As programs without threads do; some allocators treat them better. */
	if (n == 1) {
		fn(0);
		return;
	}
	for (i = 0; i < n; i++) {
		jobs[i].fn = fn;
		jobs[i].i = i;
		errno = pthread_create(&jobs[i].thread, NULL, job, &jobs[i]);
		if (errno)
			err(2, "pthread_create");
	}
	for (i = 0; i < n; i++)
		pthread_join(jobs[i].thread, NULL);
}

static void usage(FILE *f)
{
	const struct shape *const *s;

	fprintf(f, "usage: shapes SHAPE [THREADS [SCALE]]\n\n"
		   "THREADS is 1 to 256 (1), SCALE multiplies the work (1).  SHAPE is one of\n");
	for (s = __start_shapes; s < __stop_shapes; s++)
		fprintf(f, "  %-10s %s\n", (*s)->name, (*s)->about);
}

int main(int argc, char **argv)
{
	unsigned long threads = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
	const struct shape *const *s;
	struct meter m;

	if (argc > 3)
		scale = strtod(argv[3], NULL);
	if (argc < 2 || argc > 4 || !threads || threads > 256 || !(scale > 0)) {
		usage(stderr);
		return 2;
	}
	for (s = __start_shapes; s < __stop_shapes; s++)
		if (!strcmp((*s)->name, argv[1]))
			break;
	if (s == __stop_shapes) {
		fprintf(stderr, "shapes: no shape '%s'\n", argv[1]);
		usage(stderr);
		return 2;
	}
	meter_start(&m);
	(*s)->run(threads);
	meter_stop(&m);
	return 0;
}
