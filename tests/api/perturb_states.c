// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Prints what memory is filled with, by M_PERTURB with the byte 0x5a: on allocation with its complement, a5, on
 * free with itself. For perturb.sh, which compares what glibc and the library do.
 */
#include <malloc.h>

#include "process.h"

/* What [p + from, p + to) holds: a byte if all are the same. */
static void show(const char *what, const void *p, size_t from, size_t to)
{
	const unsigned char *at = hide((void *)p);

	if (is_filled(at + from, at[from], to - from))
		printf("%s: %02x\n", what, at[from]);
	else
		printf("%s: differ\n", what);
}

/* A free chunk has links in its first 32 bytes, and its size in the last 8 of what can be used. */
static void show_free(const char *what, const void *p, size_t size)
{
	show(what, p, 32, size - 8);
}

static void allocations(size_t size)
{
	void *p = NULL;

	printf("%zu bytes:\n", size);
	show("malloc", malloc(size), 0, size);
	show("calloc", calloc(1, size), 0, size);
	show("realloc of NULL", realloc(NULL, size), 0, size);
	show("reallocarray of NULL", reallocarray(NULL, 1, size), 0, size);
	show("memalign 64", memalign(64, size), 0, size);
	show("memalign 4096", memalign(4096, size), 0, size);
	show("aligned_alloc 16", aligned_alloc(16, size), 0, size);
	show("aligned_alloc 256", aligned_alloc(256, size), 0, size);
	if (posix_memalign(&p, 1024, size) != 0)
		abort();
	show("posix_memalign 1024", p, 0, size);
	show("valloc", valloc(size), 0, size);
	show("pvalloc", pvalloc(size), 0, (size + 4095) & -4096);
}

static void frees(size_t size)
{
	char *p = malloc(size), *guard = malloc(size), *again;

	memset(p, 1, size);
	free(p);
	show_free("free", p, size);
	again = malloc(size);
	show("malloc of a freed block", again, 0, size);
	free(again);
	again = calloc(1, size);
	show("calloc of a freed block", again, 0, size);
	free(guard);
}

static void shrinks(size_t size, size_t to)
{
	char *p = malloc(size), *guard = malloc(100), *q;

	memset(p, 1, size);
	q = realloc(p, to);
	printf("realloc from %zu to %zu moves: %d\n", size, to, q != p);
	show("what stays", q, 0, to);
	show_free("what goes", q + to + 24, size - to - 24);
	free(guard);
	free(q);
}

static void grows_by_copy(size_t size, size_t to)
{
	char *p = malloc(size), *guard = malloc(100), *q;

	memset(p, 1, size);
	q = realloc(p, to);
	printf("realloc from %zu to %zu moves: %d\n", size, to, q != p);
	show("what was there", q, 0, size);
	/* Its last few bytes glibc leaves as they are. */
	show("what is new", q, size + 8, to - 16);
	show_free("what is left behind", p, size);
	free(guard);
	free(q);
}

/* The free neighbour's bytes stay as its free has filled them. */
static void grows_in_place(size_t size, size_t to)
{
	char *p = malloc(size), *next = malloc(2 * to), *guard = malloc(100), *q;

	memset(p, 1, size);
	memset(next, 2, 2 * to);
	free(next);
	q = realloc(p, to);
	printf("realloc from %zu to %zu moves: %d\n", size, to, q != p);
	show("what was there", q, 0, size);
	show("what is new", q, size + 64, to - 16);
	free(guard);
	free(q);
}

static void mapped(void)
{
	char *p = malloc(1 * M), *q;

	show("mapped alone", p, 0, 1 * M);
	q = realloc(p, 8 * M);
	show("mapped alone, what was there", q, 0, 1 * M);
	show("mapped alone, grown", q, 1 * M + PAGE, 8 * M);
	q = realloc(q, 2 * M);
	show("mapped alone, shrunk", q, 0, 1 * M);
	free(q);
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IONBF, 0);
	/* With an argument: as the environment says. */
	if (argc > 1)
		mallopt(M_PERTURB, strtol(argv[1], NULL, 0));
	mallopt(M_MMAP_THRESHOLD, 512 * K);
	for (size_t size = 24; size < 1000 * K; size = size * 5 / 16 * 16 + 24)
		allocations(size);
	frees(1000);
	frees(3000);
	frees(30000);
	shrinks(5000, 1000);
	shrinks(60000, 3000);
	grows_by_copy(1000, 5000);
	grows_by_copy(3000, 60000);
	grows_in_place(2000, 5000);
	grows_in_place(20000, 60000);
	mapped();
	return 0;
}
