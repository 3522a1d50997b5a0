// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * random [OPERATIONS [SEED [THREADS]]]: every call of the allocator in random order with random sizes,
 * in several threads that pass blocks to each other, while knobs change; contents are compared
 * with a pattern, and the heap is checked over and over.
 *
 * Without arguments about 20 seconds. A failure says the seed, and the same seed does the same in each
 * thread; what the threads do to each other is up to the scheduler.
 */
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "check.h"
#include "kselftest.h"
#include "process.h"

#define BLOCKS 400		/* a thread's own */
#define SHARED 200		/* anybody's */
#define MAX_THREADS 64

struct block {
	unsigned char *mem;
	size_t size;
	unsigned char byte;
};

struct worker {
	uint64_t random;
	unsigned long operations;
	struct block block[BLOCKS];
	unsigned int number;
	pthread_t thread;
};

static struct { pthread_mutex_t lock; struct block block; } shared[SHARED];
static uint64_t seed = 1;
static bool checked_by_one;
static _Atomic bool stop;

static _Noreturn void fail(const struct worker *w, const char *what, const void *mem)
{
	ksft_print_msg("thread %u, %lu operations to go: %s, %p\n", w->number, w->operations, what, mem);
	ksft_test_result_fail("seed %lu\n", (unsigned long)seed);
	fflush(stdout);
	abort();
}

static uint64_t next(struct worker *w)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return w->random;
}

static unsigned int below(struct worker *w, unsigned int n) { return (next(w) >> 20) % n; }

/* Mostly small, few distinct sizes; now and then anything up to a few MiB. */
static size_t random_size(struct worker *w)
{
	static const size_t usual[] = { 8, 16, 24, 32, 40, 48, 64, 72, 100, 128, 200, 256, 500, 1000, 1032, 1033 };
	unsigned int kind = below(w, 1000);

	if (kind < 500)
		return usual[below(w, 16)];
	if (kind < 800)
		return below(w, 1100);
	if (kind < 950)
		return below(w, 10000);
	if (kind < 990)
		return below(w, 140000);
	if (kind < 998)
		return below(w, 600000);
	return below(w, 4000000);
}

/* Ends and middle of a large block, all of a small one. */
static void fill(struct block *b)
{
	if (b->size <= 4096) {
		memset(b->mem, b->byte, b->size);
		return;
	}
	memset(b->mem, b->byte, 1024);
	memset(b->mem + b->size / 2, b->byte, 1024);
	memset(b->mem + b->size - 1024, b->byte, 1024);
}

static void expect_pattern(struct worker *w, const struct block *b, size_t size)
{
	if (size > b->size)
		size = b->size;
	if (b->size <= 4096) {
		if (!is_filled(b->mem, b->byte, size))
			fail(w, "block overwritten", b->mem);
		return;
	}
	if (!is_filled(b->mem, b->byte, size < 1024 ? size : 1024))
		fail(w, "begin of block overwritten", b->mem);
	if (size >= b->size / 2 + 1024 && !is_filled(b->mem + b->size / 2, b->byte, 1024))
		fail(w, "middle of block overwritten", b->mem);
	if (size == b->size && !is_filled(b->mem + size - 1024, b->byte, 1024))
		fail(w, "end of block overwritten", b->mem);
}

static void expect_zero(struct worker *w, const struct block *b)
{
	size_t size = b->size;

	if (size > 300000 && below(w, 8))
		size = 8192;
	if (!is_filled(b->mem, 0, size))
		fail(w, "calloc: not zero", b->mem);
}

static void expect_aligned(struct worker *w, const struct block *b, size_t align)
{
	if (!b->mem)
		fail(w, "no memory", NULL);
	if (!is_aligned_to(b->mem, align))
		fail(w, "not aligned", b->mem);
	if (malloc_usable_size(b->mem) < b->size)
		fail(w, "usable size too small", b->mem);
}

static void allocate(struct worker *w, struct block *b)
{
	size_t align = (size_t)1 << below(w, below(w, 20) ? 8 : 17), size = random_size(w);
	void *p = NULL;

	b->byte = next(w) >> 30;
	b->size = size;
	switch (below(w, 12)) {
	case 0: case 1:
		b->mem = calloc(1, size);
		expect_aligned(w, b, 16);
		expect_zero(w, b);
		break;
	case 2:
		b->mem = memalign(align, size);
		expect_aligned(w, b, align);
		break;
	case 3:
		if (posix_memalign(&p, align < 8 ? 8 : align, size))
			p = NULL;
		b->mem = p;
		expect_aligned(w, b, align);
		break;
	case 4:
		b->mem = below(w, 10) ? aligned_alloc(align, size) : below(w, 2) ? valloc(size) : pvalloc(size);
		expect_aligned(w, b, align < 256 ? align : 16);
		break;
	case 5:
		b->mem = realloc(NULL, size);
		expect_aligned(w, b, 16);
		break;
	default:
		b->mem = malloc(size);
		expect_aligned(w, b, 16);
	}
	/* All that is usable may be used. */
	if (below(w, 4) == 0)
		b->size = malloc_usable_size(b->mem);
	fill(b);
}

static void resize(struct worker *w, struct block *b)
{
	size_t size = below(w, 3) ? random_size(w) : b->size + below(w, 2000) - (b->size > 1000 ? 1000 : b->size);
	unsigned char *mem = below(w, 2) ? realloc(b->mem, size) : reallocarray(b->mem, 1, size);

	if (!size) {
		if (mem)
			fail(w, "realloc to 0 gave a block", mem);
		b->mem = NULL;
		return;
	}
	b->mem = mem;
	if (!mem)
		fail(w, "no memory", NULL);
	expect_pattern(w, b, size);
	b->size = size;
	expect_aligned(w, b, 16);
	fill(b);
}

static void release(struct worker *w, struct block *b)
{
	expect_pattern(w, b, b->size);
	free(b->mem);
	b->mem = NULL;
}

static void check(struct worker *w)
{
	char why[200];

	if (!heap_check(why, sizeof(why)))
		fail(w, why, NULL);
}

/* A block for one that another thread put there. */
static void swap(struct worker *w, struct block *b)
{
	unsigned int i = below(w, SHARED);
	struct block other;

	pthread_mutex_lock(&shared[i].lock);
	other = shared[i].block;
	shared[i].block = *b;
	pthread_mutex_unlock(&shared[i].lock);
	*b = other;
	if (b->mem)
		expect_pattern(w, b, b->size);
}

static void turn_knobs(struct worker *w)
{
	static const int sizes[] = { 0, 1000, 64 * 1024, 128 * 1024, 1 << 20, 32 << 20, -1 };

	switch (below(w, 7)) {
	case 0: mallopt(M_MMAP_THRESHOLD, sizes[1 + below(w, 6)]); break;
	case 1: mallopt(M_MMAP_MAX, below(w, 2) ? 65536 : below(w, 100)); break;
	case 2: mallopt(M_TRIM_THRESHOLD, sizes[below(w, 7)]); break;
	case 3: mallopt(M_TOP_PAD, sizes[below(w, 5)]); break;
	case 4: mallopt(M_ARENA_MAX, 1 + below(w, 8)); break;
	case 5: mallopt(M_MXFAST, below(w, 161)); break;
	case 6: malloc_trim(sizes[below(w, 5)]); break;
	}
}

static void rare(struct worker *w)
{
	struct mallinfo2 info;

	switch (below(w, 6)) {
	case 0: case 1:
		turn_knobs(w);
		break;
	case 2:
		info = mallinfo2();
		if (info.arena != info.uordblks + info.fordblks)
			fail(w, "mallinfo2 does not add up", NULL);
		break;
	case 3:
		if (malloc((size_t)1 << 62 | below(w, 1000)) || errno != ENOMEM)
			fail(w, "too large", NULL);
		break;
	default:
		check(w);
	}
}

static void operate(struct worker *w)
{
	struct block *b = &w->block[below(w, below(w, 4) ? 60 : BLOCKS)];
	unsigned int kind = below(w, 10000);

	if (kind < 8)
		rare(w);
	else if (kind < 1200)
		swap(w, b);
	else if (!b->mem)
		allocate(w, b);
	else if (kind < 3500)
		resize(w, b);
	else
		release(w, b);
}

static void fork_once(struct worker *w)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		for (int i = 0; i < 500; i++)
			operate(w);
		check(w);
		_exit(0);
	}
	if (waitpid(child, &status, 0) != child || status)
		fail(w, "child failed", NULL);
}

static void *work(void *worker)
{
	struct worker *w = worker;

	for (; w->operations && !stop; w->operations--) {
		operate(w);
		if (w->operations % 100000 == 0 && checked_by_one)
			fork_once(w);
	}
	for (int i = 0; i < BLOCKS; i++)
		if (w->block[i].mem)
			release(w, &w->block[i]);
	check(w);
	return NULL;
}

/* Threads come and go: each lives for a part of the operations. */
static void run(unsigned long operations, unsigned int threads)
{
	static struct worker worker[MAX_THREADS];
	struct worker last = { .random = seed | 1, .number = threads };

	for (int part = 0; part < 4; part++) {
		for (unsigned int i = 0; i < threads; i++) {
			worker[i].random = (seed + part) * 0x9e3779b97f4a7c15UL + (i + 1) * 0xbf58476d1ce4e5b9UL;
			worker[i].number = i;
			worker[i].operations = operations / 4 / threads;
			if (pthread_create(&worker[i].thread, NULL, work, &worker[i]) != 0)
				fail(&last, "no thread", NULL);
		}
		for (unsigned int i = 0; i < threads; i++)
			pthread_join(worker[i].thread, NULL);
	}
	for (int i = 0; i < SHARED; i++)
		if (shared[i].block.mem) {
			release(&last, &shared[i].block);
			shared[i].block.mem = NULL;
		}
	malloc_trim(0);
	check(&last);
	if (mallinfo2().hblks)
		fail(&last, "mapped blocks left", NULL);
}

int main(int argc, char **argv)
{
	unsigned long operations = argc > 1 ? strtoul(argv[1], NULL, 0) : 4000000;
	unsigned int threads = argc > 3 ? strtoul(argv[3], NULL, 0) : 0, plans = threads ? 1 : 4;
	static const unsigned int usual[] = { 1, 2, 4, 8 };

	if (!operations || threads > MAX_THREADS) {
		fprintf(stderr, "usage: random [OPERATIONS [SEED [THREADS, at most %d]]]\n", MAX_THREADS);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 2)
		seed = strtoul(argv[2], NULL, 0);
	for (int i = 0; i < SHARED; i++)
		pthread_mutex_init(&shared[i].lock, NULL);
	ksft_print_header();
	ksft_set_plan(plans);
	for (unsigned int i = 0; i < plans; i++) {
		unsigned int n = threads ? threads : usual[i];

		checked_by_one = n == 1;
		run(operations, n);
		ksft_test_result_pass("%lu operations in %u threads, seed %lu\n", operations, n, (unsigned long)seed);
	}
	return ksft_exit_pass();
}
