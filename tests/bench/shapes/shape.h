/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A shape is a pattern of allocation that programs are known to have, and nothing else.  One file
 * each; SHAPE() enters it into the table that main.c picks from.  The work is fixed, not the time,
 * and every random number comes from a fixed seed.
 */
#ifndef BENCH_SHAPE_H
#define BENCH_SHAPE_H

#include <err.h>
#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 4096

struct shape {
	const char *name;
	const char *about;
	void (*run)(unsigned int threads);
};

#define SHAPE(id, text) \
	static void run(unsigned int threads); \
	static const struct shape shape = { #id, text, run }; \
	static const struct shape *const shape_##id \
		__attribute__((used, section("shapes"))) = &shape

/* How often to do what is done n times at scale 1; at least once. */
long times(double n);

/* Run fn(0) to fn(n - 1), a thread each, and wait for them; fn(0) alone needs no thread. */
void parallel(unsigned int n, void (*fn)(unsigned int i));

/* Memory for a shape's own books, none of it the allocator's; zero at first. */
void *book(size_t size);
void book_close(void *p, size_t size);

struct rng {
	uint64_t state;
};

static inline struct rng rng(uint64_t seed)
{
	return (struct rng){ (seed + 1) * 0x9e3779b97f4a7c15 };
}

static inline uint64_t draw(struct rng *r)
{
	r->state ^= r->state >> 12;
	r->state ^= r->state << 25;
	r->state ^= r->state >> 27;
	return r->state * 0x2545f4914f6cdd1d >> 16;
}

/* Uniform in 0 to n - 1; n below 2^32. */
static inline uint64_t below(struct rng *r, uint64_t n)
{
	return (draw(r) & 0xffffffff) * n >> 32;
}

/* 2^from to 2^to - 1, each power of two as likely as the next: small ones are the most. */
static inline size_t size_between(struct rng *r, unsigned int from, unsigned int to)
{
	size_t power = (size_t)1 << (from + below(r, to - from));

	return power + below(r, power);
}

/* As a program uses what it asked for: both ends and each page between. */
static inline void touch(void *block, size_t size)
{
	volatile char *p = block;
	size_t at;

	for (at = 0; at < size; at += PAGE)
		p[at] = 1;
	if (size)
		p[size - 1] = 1;
}

/* The compiler must take the block for used, or it leaves out malloc and free alike. */
static inline void *used(void *block)
{
	__asm__ volatile("" : "+r"(block) : : "memory");
	return block;
}

static inline void *take(size_t size)
{
	void *block = used(malloc(size));

	if (!block)
		errx(3, "malloc(%zu) failed", size);
	return block;
}

static inline void *take_touched(size_t size)
{
	void *block = take(size);

	touch(block, size);
	return block;
}

#endif
