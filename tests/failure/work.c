// SPDX-License-Identifier: LGPL-2.1-or-later
#include "work.h"

#include <errno.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "process.h"

/* What errno is before each call: one that succeeds leaves it alone. */
#define KEPT 77
/* Of a larger block only this much at both ends is written and looked at. */
#define EDGE (4 * K)

char work_case[200];

void say(const char *format, ...)
{
	char text[500];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (write(STDOUT_FILENO, text, n < (int)sizeof(text) ? n : (int)sizeof(text) - 1) < 0)
		_exit(2);
}

void broken(const char *file, int line, const char *what)
{
	say("# %s:%d: not so: %s (errno %d)\n# %s\n", file, line, what, errno, work_case);
	_exit(1);
}

static size_t edge(const struct block *b)
{
	return b->size < 2 * EDGE ? b->size : EDGE;
}

static void fill(struct block *b)
{
	memset(b->mem, b->byte, edge(b));
	memset(b->mem + b->size - edge(b), b->byte, edge(b));
}

static bool is_intact(const struct block *b)
{
	return is_filled(b->mem, b->byte, edge(b)) && is_filled(b->mem + b->size - edge(b), b->byte, edge(b));
}

/* What an allocation function returned goes into the next place. */
static void keep(struct worker *w, void *p, size_t size)
{
	struct block *b = &w->block[w->next];

	MUST(w->next < BLOCKS);
	if (!p) {
		MUST(errno == ENOMEM);
		w->refused++;
		return;
	}
	MUST(errno == KEPT);
	MUST(is_aligned_to(p, 16) && malloc_usable_size(p) >= size);
	*b = (struct block){ p, size, w->next * 37 + 1 };
	fill(b);
	w->next++;
	w->answered++;
}

/* The call, with errno as keep() expects it. */
#define KEEP(w, call, size) do { errno = KEPT; keep(w, hide(call), size); } while (0)

static void keep_zeroed(struct worker *w, size_t count, size_t size)
{
	unsigned char *p;

	errno = KEPT;
	p = hide(calloc(count, size));
	if (p) {
		struct block b = { p, count * size, 0 };

		MUST(is_intact(&b));
	}
	keep(w, p, count * size);
}

static void drop(struct block *b)
{
	if (!b->mem)
		return;
	MUST(is_intact(b));
	errno = KEPT;
	free(b->mem);
	MUST(errno == KEPT);
	b->mem = NULL;
}

/* Every second block first: what is in between then joins its neighbours. */
static void drop_all(struct worker *w)
{
	for (unsigned int i = 0; i < w->next; i += 2)
		drop(&w->block[i]);
	for (unsigned int i = 1; i < w->next; i += 2)
		drop(&w->block[i]);
	w->next = 0;
}

static void resize(struct worker *w, struct block *b, size_t size, bool array)
{
	struct block old = *b;
	unsigned char *p;

	if (!old.mem)
		return;
	errno = KEPT;
	p = hide(array ? reallocarray(old.mem, 1, size) : realloc(old.mem, size));
	if (!p) {
		MUST(errno == ENOMEM);
		MUST(is_intact(&old));
		w->refused++;
		/* Less was never refused. */
		MUST(size > old.size);
		return;
	}
	MUST(errno == KEPT);
	b->mem = p;
	b->size = size < old.size ? size : old.size;
	MUST(is_filled(p, old.byte, edge(b)));
	MUST(size < old.size || is_intact(b));
	b->size = size;
	fill(b);
	w->answered++;
}

void work_small(struct worker *w)
{
	for (size_t size = 0; size < 1100; size += 13) {
		KEEP(w, malloc(size), size);
		KEEP(w, malloc(size % 100), size % 100);
		keep_zeroed(w, 1, size);
	}
	for (unsigned int i = 0; i < w->next; i += 3)
		drop(&w->block[i]);
	for (size_t size = 0; size < 1100; size += 31)
		keep_zeroed(w, size, 1);
	drop_all(w);
}

void work_medium(struct worker *w)
{
	for (size_t size = 1500; size < 120 * K; size += size / 2) {
		KEEP(w, malloc(size), size);
		keep_zeroed(w, 3, size / 3);
	}
	drop_all(w);
	/* From bins now, or from the top anew, which has been trimmed. */
	for (size_t size = 100 * K; size > 1500; size /= 2)
		keep_zeroed(w, 1, size);
	drop_all(w);
}

void work_mapped(struct worker *w)
{
	for (size_t size = 200 * K; size < 20 * M; size *= 3) {
		KEEP(w, malloc(size), size);
		keep_zeroed(w, 1, size);
	}
	drop_all(w);
}

void work_realloc(struct worker *w)
{
	static const size_t sizes[] = { 100, 24, 1000, 1100, 5000, 300, 60 * K, 200 * K, 500 * K, 300 * K, 1 * M,
					90 * K, 400 * K, 2000, 40 };

	KEEP(w, realloc(NULL, 50), 50);
	KEEP(w, malloc(900), 900);
	KEEP(w, realloc(NULL, 200 * K), 200 * K);
	KEEP(w, malloc(50), 50);
	for (size_t n = 0; n < sizeof(sizes) / sizeof(sizes[0]); n++)
		for (unsigned int i = 0; i < w->next; i++)
			resize(w, &w->block[i], sizes[n] + i * 16, i & 1);
	/* Size 0 frees. */
	if (w->next) {
		errno = KEPT;
		MUST(!realloc(w->block[0].mem, 0) && errno == KEPT);
		w->block[0].mem = NULL;
	}
	drop_all(w);
}

static void keep_posix(struct worker *w, size_t align, size_t size)
{
	void *p = w, *before = p;
	int error;

	errno = KEPT;
	error = posix_memalign(&p, align, size);
	MUST(errno == KEPT);
	if (error) {
		/* It returns the error, and leaves errno and the pointer alone. */
		MUST(error == ENOMEM && p == before);
		w->refused++;
		return;
	}
	MUST(is_aligned_to(p, align));
	keep(w, p, size);
}

static void keep_aligned(struct worker *w, void *p, size_t align, size_t size)
{
	MUST(is_aligned_to(p, align));
	keep(w, p, size);
}

#define KEEP_ALIGNED(w, call, align, size) do { errno = KEPT; keep_aligned(w, hide(call), align, size); } while (0)

void work_aligned(struct worker *w)
{
	for (size_t align = 32; align <= 1 * M; align *= 4) {
		KEEP_ALIGNED(w, memalign(align, align / 3), align, align / 3);
		KEEP_ALIGNED(w, aligned_alloc(align, 3000), align, 3000);
		keep_posix(w, align, 400);
		keep_posix(w, align, 300 * K);
		if (align >= 4 * K)
			drop(&w->block[w->next / 2]);
	}
	KEEP_ALIGNED(w, valloc(100), PAGE, 100);
	KEEP_ALIGNED(w, pvalloc(PAGE + 1), PAGE, 2 * PAGE);
	drop_all(w);
}

static void work_with_settings(struct worker *w)
{
	for (size_t size = 30; size < 900 * K; size *= 6)
		KEEP(w, malloc(size), size);
	for (unsigned int i = 0; i < w->next; i++)
		resize(w, &w->block[i], w->block[i].size * 2, false);
	errno = KEPT;
	malloc_trim(0);
	MUST(errno == KEPT);
	drop_all(w);
}

/* 1 and errno kept: turning a knob needs no memory. */
static void set(int param, int value)
{
	errno = KEPT;
	MUST(mallopt(param, value) == 1 && errno == KEPT);
}

void work_settings(struct worker *w)
{
	set(M_MMAP_MAX, 0);
	set(M_TRIM_THRESHOLD, 0);
	set(M_TOP_PAD, 0);
	work_with_settings(w);
	set(M_MMAP_MAX, 65536);
	set(M_MMAP_THRESHOLD, 4096);
	set(M_MXFAST, 0);
	work_with_settings(w);
	set(M_PERTURB, 0x5a);
	work_with_settings(w);
	set(M_PERTURB, 0);
	set(M_MXFAST, 128);
	set(M_TOP_PAD, 128 * K);
	set(M_TRIM_THRESHOLD, 128 * K);
	set(M_MMAP_THRESHOLD, 128 * K);
}

static void resize_array(struct block *b, size_t count, size_t size)
{
	if (!b->mem)
		return;
	errno = KEPT;
	MUST(!reallocarray(b->mem, count, size) && errno == ENOMEM && is_intact(b));
}

static void ask_for(struct worker *w, size_t size)
{
	unsigned int blocks = w->next;

	KEEP(w, malloc(size), size);
	KEEP(w, calloc(2, size / 2), size);
	KEEP(w, calloc(size / 2, 5), size);
	KEEP(w, memalign(128, size), size);
	KEEP(w, pvalloc(size), size);
	keep_posix(w, 4096, size);
	for (unsigned int i = 0; i < blocks; i++) {
		resize(w, &w->block[i], size, i & 1);
		resize_array(&w->block[i], size / 2, 5);
	}
	MUST(w->next == blocks);
}

/* What no machine has, and what tells of the heap. */
void work_impossible(struct worker *w)
{
	static const size_t sizes[] = { PTRDIFF_MAX, SIZE_MAX, SIZE_MAX - 100, (size_t)1 << 62, (size_t)1 << 47 };
	unsigned long refused;
	struct mallinfo2 info;
	FILE *null;

	KEEP(w, malloc(70), 70);
	KEEP(w, malloc(60000), 60000);
	KEEP(w, malloc(200 * K), 200 * K);
	refused = w->refused;
	for (size_t n = 0; n < sizeof(sizes) / sizeof(sizes[0]); n++)
		ask_for(w, sizes[n]);
	w->refused = refused;	/* of what can be had */
	info = mallinfo2();
	MUST(info.arena == info.uordblks + info.fordblks);
	null = fopen("/dev/null", "w");
	if (null) {
		MUST(malloc_info(0, null) == 0);
		fclose(null);
	}
	drop_all(w);
}

void work_alone(struct worker *w)
{
	work_small(w);
	work_medium(w);
	work_mapped(w);
	work_realloc(w);
	work_aligned(w);
	work_settings(w);
	work_impossible(w);
}
