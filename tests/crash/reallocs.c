// SPDX-License-Identifier: LGPL-2.1-or-later
/* realloc of what never was a block, and of blocks with broken headers. */
#include "misuse.h"

RUN_WITH_ENVIRONMENT("WEIR_OPTIONS", "policy=fixed")

static void to(void *p, size_t size) { hide(realloc(hide(p), size)); }

static void misaligned_by_8(void) { to((char *)hide(calloc(1, 200)) + 8, 400); }
static void misaligned_by_1(void) { to((char *)hide(calloc(1, 200)) + 1, 400); }
static void interior(void) { to((char *)hide(calloc(1, 200)) + 32, 400); }

static _Alignas(16) size_t block[8];

static void stack(void)
{
	_Alignas(16) size_t on_stack[8] = { 0 };

	to(on_stack + 2, 400);
}

static void global(size_t size)
{
	hide(malloc(100));
	block[1] = size;
	to(block + 2, 400);
}

static void old_size_too_small(void) { global(0x10); }
static void old_size_too_large(void) { global((size_t)1 << 40 | 1); }

static void header_overwritten(void)
{
	char *p = hide(malloc(40)), *q = guarded(5000);

	memset(p, 'A', 56);
	to(q, 10000);
}

static void next_size(size_t size, size_t new_size)
{
	void *p = hide(malloc(5000));

	chunk_of(guarded(5000))->size = size;
	to(p, new_size);
}

static void next_size_small(void) { next_size(1, 10000); }
static void next_size_large(void) { next_size((size_t)1 << 40 | 1, 10000); }
static void next_size_shrinking(void) { next_size(1, 2000); }

static void grow_into_broken(void)
{
	void *p = hide(malloc(5000)), *q = guarded(5000);

	free(q);
	behind(q)->prev_size = 32;
	to(p, 8000);
}

static void mapped_prev_size(void)
{
	void *p = hide(malloc(300 * K));

	chunk_of(p)->prev_size = 16;
	to(p, 600 * K);
}

static void mapped_size(void)
{
	void *p = hide(malloc(300 * K));

	chunk_of(p)->size = (300 * K) | IS_MMAPPED | 16;
	to(p, 600 * K);
}

static void to_zero_twice(void)
{
	void *p = hide(malloc(40));

	to(p, 0);
	to(p, 0);
}

static const struct misuse table[] = {
	{ "pointer off by 8", misaligned_by_8, "realloc(): invalid pointer" },
	{ "pointer off by 1", misaligned_by_1, "realloc(): invalid pointer" },
	{ "pointer into a block", interior, "realloc(): invalid pointer" },
	{ "pointer to the stack", stack, "realloc(): invalid pointer" },
	{ "size too small", old_size_too_small, "realloc(): invalid old size" },
	{ "size too large", old_size_too_large, "realloc(): invalid old size" },
	{ "header overwritten", header_overwritten, "realloc(): invalid old size" },
	{ "next chunk's size too small", next_size_small, "realloc(): invalid next size" },
	{ "next chunk's size too large", next_size_large, "realloc(): invalid next size" },
	{ "next chunk's size, shrinking", next_size_shrinking, "realloc(): invalid next size" },
	{ "free neighbour's foot", grow_into_broken, "corrupted size vs. prev_size" },
	{ "mapped chunk's prev_size", mapped_prev_size, "mremap_chunk(): invalid pointer" },
	{ "mapped chunk's size", mapped_size, "mremap_chunk(): invalid pointer" },
	{ "freed twice by size 0", to_zero_twice, "free(): double free detected in tcache 2" },
};

MISUSE_MAIN(table)
