// SPDX-License-Identifier: LGPL-2.1-or-later
/* calls.c - the calls: every function of the allocator, any size, any alignment, in any order */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>

#include "process.h"
#include "stress.h"

#define BURST	160		/* more than a thread's cache holds of a size */
#define MARK	12345		/* errno, which no call that succeeds changes */

/* 1 to 2^bits - 1; each doubling is as likely as any other. */
static size_t log_uniform(struct worker *w, unsigned int bits)
{
	size_t leading = (size_t)1 << below(w, bits);

	return leading | (next_random(w) & (leading - 1));
}

static size_t random_size(struct worker *w)
{
	unsigned int kind = below(w, 1000);
	size_t size, unit, less;

	if (kind < 550)
		size = log_uniform(w, 10);
	else if (kind < 850)
		size = log_uniform(w, 16);
	else if (kind < 985)
		size = log_uniform(w, 20);
	else
		size = log_uniform(w, 23);
	if (kind % 8)
		return size;
	/* Near a multiple of what chunks, pages, large bins and heaps are counted in. */
	unit = (size_t)16 << below(w, 14);
	size = (size + unit) & -unit;
	less = below(w, 48);
	return size > less ? size - less : 0;
}

/* A power of two, mostly small. */
static size_t random_alignment(struct worker *w)
{
	unsigned int kind = below(w, 100);

	return (size_t)1 << below(w, kind < 80 ? 9 : kind < 99 ? 17 : 23);
}

static void expect_block(struct worker *w, const struct block *b, size_t align)
{
	if (!b->mem)
		fail(w, "no memory", NULL);
	if (!is_aligned_to(b->mem, align < 16 ? 16 : align))
		fail(w, "not aligned", b->mem);
	if (malloc_usable_size(b->mem) < b->size)
		fail(w, "usable size too small", b->mem);
}

static void allocate_zeroed(struct worker *w, struct block *b)
{
	size_t count = (size_t)1 << below(w, 5);

	b->size = (b->size + count - 1) & -count;
	b->mem = calloc(count, b->size / count);
	expect_block(w, b, 16);
	expect_zero(w, b);
}

static void allocate_aligned(struct worker *w, struct block *b)
{
	size_t align = random_alignment(w);
	void *p = NULL;

	switch (below(w, 8)) {
	case 0:
		align = PAGE;
		b->mem = valloc(b->size);
		break;
	case 1:
		align = PAGE;
		b->size = (b->size + PAGE - 1) & -PAGE;
		b->mem = pvalloc(b->size - below(w, b->size ? PAGE : 1));
		break;
	case 2: case 3:
		b->mem = memalign(align - (align > 32 ? below(w, align / 2) : 0), b->size);
		break;
	case 4: case 5:
		if (posix_memalign(&p, align < 8 ? 8 : align, b->size))
			p = NULL;
		b->mem = p;
		break;
	default:
		b->mem = aligned_alloc(align, b->size);
	}
	expect_block(w, b, align);
}

static void allocate(struct worker *w, struct block *b)
{
	unsigned int kind = below(w, 16);

	b->salt = next_random(w);
	b->size = random_size(w);
	if (kind < 3) {
		allocate_zeroed(w, b);
	} else if (kind < 5) {
		allocate_aligned(w, b);
	} else {
		b->mem = kind == 5 ? realloc(NULL, b->size) : kind == 6 ? reallocarray(NULL, b->size, 1) :
			malloc(b->size);
		expect_block(w, b, 16);
		if (options.perturb)
			expect_filled(w, b, options.perturb ^ 0xff);
	}
	/* All that is usable may be used. */
	if (below(w, 4) == 0)
		b->size = malloc_usable_size(b->mem);
	fill(b);
}

static void resize(struct worker *w, struct block *b)
{
	size_t size = below(w, 3) ? random_size(w) : b->size + below(w, 2000) - (b->size < 1000 ? b->size : 1000);
	size_t count = (size_t)1 << below(w, 4);
	unsigned char *mem;

	if (below(w, 2)) {
		mem = realloc(b->mem, size);
	} else {
		size = (size + count - 1) & -count;
		mem = reallocarray(b->mem, count, size / count);
	}
	if (!size) {
		if (mem)
			fail(w, "realloc to 0 gave a block", mem);
		b->mem = NULL;
		return;
	}
	if (!mem)
		fail(w, "no memory to grow", b->mem);
	expect_contents(w, b, mem, size);
	b->mem = mem;
	b->size = size;
	expect_block(w, b, 16);
	fill(b);
}

void release(struct worker *w, struct block *b)
{
	expect_contents(w, b, b->mem, b->size);
	free(b->mem);
	b->mem = NULL;
}

/* Many blocks of a size at once, given back in one of three orders: batches come and go. */
static unsigned int burst(struct worker *w)
{
	unsigned int n = 1 + below(w, BURST), order = below(w, 3);
	size_t size = log_uniform(w, 11);
	struct block block[BURST];

	for (unsigned int i = 0; i < n; i++) {
		block[i] = (struct block){ malloc(size), size, next_random(w) };
		expect_block(w, &block[i], 16);
		fill(&block[i]);
	}
	for (unsigned int i = n; i > 0; i--) {
		unsigned int at = order == 0 ? i - 1 : order == 1 ? n - i : below(w, i);
		struct block b = block[at];

		if (order == 2)
			block[at] = block[i - 1];
		release(w, &b);
	}
	return 2 * n;
}

/* Larger than any limit for thresholds, for a moment. */
static void huge(struct worker *w)
{
	size_t size = ((size_t)16 << 20) + (next_random(w) & (((size_t)240 << 20) - 1));
	struct block b = { .size = size, .salt = next_random(w) };

	b.mem = below(w, 2) ? malloc(size) : calloc(1, size);
	expect_block(w, &b, 16);
	fill(&b);
	if (below(w, 4) == 0)
		resize(w, &b);
	if (b.mem)
		release(w, &b);
}

/* Calls that cannot succeed: NULL, the reason in errno, and nothing has changed. */
static void fail_to_allocate(struct worker *w)
{
	struct block *b = &w->block[below(w, options.blocks)];
	size_t large = PTRDIFF_MAX - 100 + (next_random(w) >> (1 + below(w, 63)));
	void *p = b;

	errno = MARK;
	if (malloc(large) || errno != ENOMEM)
		fail(w, "malloc: too large", NULL);
	errno = MARK;
	if (malloc((size_t)1 << 60 >> below(w, 12)) || errno != ENOMEM)
		fail(w, "malloc: more than there are addresses", NULL);
	errno = MARK;
	if (calloc(large / 8, 64) || errno != ENOMEM)
		fail(w, "calloc: too large", NULL);
	errno = MARK;
	if (memalign(64, large) || errno != ENOMEM)
		fail(w, "memalign: too large", NULL);
	errno = MARK;
	if (aligned_alloc(24, 100) || errno != EINVAL)
		fail(w, "aligned_alloc: no alignment", NULL);
	errno = MARK;
	if (posix_memalign(&p, 24, 100) != EINVAL || posix_memalign(&p, 64, large) != ENOMEM || p != b ||
	    errno != MARK)
		fail(w, "posix_memalign: no error, or more than that", NULL);
	if (!b->mem)
		return;
	if (realloc(b->mem, large) || errno != ENOMEM)
		fail(w, "realloc: too large", NULL);
	errno = MARK;
	if (reallocarray(b->mem, large / 8, 64) || errno != ENOMEM)
		fail(w, "reallocarray: too large", NULL);
	expect_contents(w, b, b->mem, b->size);
}

static void turn_a_knob(struct worker *w)
{
	static const int sizes[] = { 0, 1000, 64 * 1024, 128 * 1024, 1 << 20, 32 << 20, -1 };

	switch (below(w, 7)) {
	case 0: mallopt(M_MMAP_THRESHOLD, sizes[1 + below(w, 6)]); break;
	case 1: mallopt(M_MMAP_MAX, below(w, 2) ? 65536 : below(w, 100)); break;
	case 2: mallopt(M_TRIM_THRESHOLD, sizes[below(w, 7)]); break;
	case 3: mallopt(M_TOP_PAD, sizes[below(w, 5)]); break;
	case 4: mallopt(M_ARENA_MAX, 1 + below(w, 8)); break;
	case 5: mallopt(M_MXFAST, below(w, 161)); break;
	case 6: mallopt(M_PERTURB, below(w, 3) ? 0 : below(w, 256)); break;
	}
}

static void rare(struct worker *w)
{
	unsigned int kind = below(w, 100);

	if (kind < 10)
		malloc_trim(below(w, 2) ? 0 : log_uniform(w, 20));
	else if (kind < 30)
		check_statistics(w);
	else if (kind < 50)
		fail_to_allocate(w);
	else if (kind < 60)
		huge(w);
	else if (kind < 70)
		check_mine(w);
	else if (kind < 75)
		fork_and_work(w);
	else if (options.turn_knobs)
		turn_a_knob(w);
	errno = MARK;
}

/* Four times in five a slot near the begin: some blocks live much longer than others. */
static struct block *any_block(struct worker *w)
{
	return &w->block[below(w, below(w, 5) ? options.blocks / 8 : options.blocks)];
}

static unsigned int some_calls(struct worker *w, struct block *b)
{
	unsigned int kind = below(w, 10000);

	if (kind < 5) {
		rare(w);
		return 1;
	}
	if (kind < 10)
		w->shrinking = !w->shrinking;
	if (kind < 15)
		return burst(w);
	if (kind < 1000) {
		shared_swap(w, b);
		return 0;
	}
	if (!b->mem) {
		if (w->shrinking && kind >= 4000)
			return 0;
		allocate(w, b);
		return 1;
	}
	if (kind < 3000)
		resize(w, b);
	else if (w->shrinking || kind < 8000)
		release(w, b);
	else
		return 0;
	return 1;
}

unsigned int operate(struct worker *w)
{
	struct block *b = any_block(w);
	unsigned int calls;

	errno = MARK;
	calls = some_calls(w, b);
	if (errno != MARK)
		fail(w, "errno changed", b->mem);
	return calls;
}
