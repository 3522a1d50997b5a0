// SPDX-License-Identifier: LGPL-2.1-or-later
/* Frees of what is free already, of what never was a block, and of blocks with a broken header. */
#include "misuse.h"

RUN_WITH_ENVIRONMENT("WEIR_OPTIONS", "policy=fixed")

static void twice(void *p)
{
	free(p);
	free(hide(p));
}

static void twice_cached(void) { twice(hide(malloc(40))); }
static void twice_cached_largest(void) { twice(hide(malloc(1032))); }
static void twice_in_arena(void) { twice(guarded(5000)); }
static void twice_at_top(void) { twice(hide(malloc(5000))); }

static void twice_cached_after_others(void)
{
	void *p[3] = { hide(malloc(40)), hide(malloc(40)), hide(malloc(40)) };

	for (int i = 0; i < 3; i++)
		free(p[i]);
	free(hide(p[0]));
}

static void twice_joined(void)
{
	void *a = hide(malloc(5000)), *b = guarded(5000);

	free(a);
	twice(b);
}

static void twice_sorted(void)
{
	void *a = guarded(5000);

	free(a);
	hide(malloc(100 * K));	/* sorts it into its bin */
	free(hide(a));
}

static void twice_aligned(void) { twice(hide(memalign(256, 5000))); }
static void twice_mapped(void) { twice(hide(malloc(300 * K))); }

static void misaligned_by_8(void) { free((char *)hide(calloc(1, 200)) + 8); }
static void misaligned_by_1(void) { free((char *)hide(calloc(1, 200)) + 1); }
static void interior(void) { free((char *)hide(calloc(1, 200)) + 32); }
static void interior_of_mapped(void) { free((char *)hide(calloc(1, 300 * K)) + 32); }

static void interior_text(void)
{
	free((char *)memset(guarded(5000), 'A', 5000) + 32);
}

static void stack(void)
{
	_Alignas(16) size_t block[8] = { 0 };

	free(hide(block + 2));
}

static _Alignas(16) size_t global_block[8] = { 0, 0x28 };

static void global(void) { free(hide(global_block + 2)); }
static void tiny(void) { global_block[1] = 0x10; free(hide(global_block + 2)); }
static void low_address(void) { free(hide((void *)0x1230)); }

static void next_size(size_t size)
{
	void *p = hide(malloc(5000)), *q = guarded(5000);

	chunk_of(q)->size = size;
	free(p);
}

static void next_size_zero(void) { next_size(0); }
static void next_size_one(void) { next_size(1); }
static void next_size_huge(void) { next_size((size_t)1 << 40 | 1); }
static void next_size_in_use_flag(void) { next_size(5008); }

static void overflow_then_free_it(void)
{
	char *p = hide(malloc(40)), *q = guarded(5000);

	memset(p, 'A', 56);
	free(q);
}

static void overflow_of_cached_size(void)
{
	char *p = hide(malloc(40)), *q = hide(malloc(56));

	memset(p, 'A', (char *)q - p);
	free(q);
}

static void size_beyond_heap(void)
{
	void *p = guarded(5000);

	chunk_of(p)->size = (16 * M) | 1;
	free(p);
}

static void size_odd(void)
{
	void *p = guarded(5000);

	chunk_of(p)->size = 5000 | 1;
	free(p);
}

static void seems_mapped(void)
{
	void *p = guarded(5000);

	chunk_of(p)->size |= IS_MMAPPED;
	free(p);
}

static void mapped_prev_size(void)
{
	void *p = hide(malloc(300 * K));

	chunk_of(p)->prev_size = 16;
	free(p);
}

static void mapped_size(void)
{
	void *p = hide(malloc(300 * K));

	chunk_of(p)->size = (300 * K) | IS_MMAPPED | 16;
	free(p);
}

static void prev_size(void)
{
	void *p = hide(malloc(5000)), *q = guarded(5000);

	free(p);
	chunk_of(q)->prev_size = 32;
	free(q);
}

static void size_of_free_chunk(void)
{
	void *p = hide(malloc(5000)), *q = guarded(5000);

	free(p);
	chunk_of(p)->size = 4000 | 1;
	free(q);
}

static const struct misuse table[] = {
	{ "twice: cached", twice_cached, "free(): double free detected in tcache 2" },
	{ "twice: cached, largest", twice_cached_largest, "free(): double free detected in tcache 2" },
	{ "twice: cached, others between", twice_cached_after_others, "free(): double free detected in tcache 2" },
	{ "twice: in the arena", twice_in_arena, "double free or corruption (!prev)" },
	{ "twice: joined the one before", twice_joined, "double free or corruption (!prev)" },
	{ "twice: sorted into a bin", twice_sorted, "double free or corruption (!prev)" },
	{ "twice: joined the top", twice_at_top, "double free or corruption (top)" },
	{ "twice: aligned, joined the top", twice_aligned, "corrupted size vs. prev_size while consolidating" },
	{ "twice: mapped alone", twice_mapped, NULL },
	{ "pointer off by 8", misaligned_by_8, "free(): invalid pointer" },
	{ "pointer off by 1", misaligned_by_1, "free(): invalid pointer" },
	{ "pointer into a block of zeroes", interior, "free(): invalid pointer" },
	{ "pointer into a mapped block", interior_of_mapped, "free(): invalid pointer" },
	{ "pointer into a block of text", interior_text, "double free or corruption (out)" },
	{ "pointer to the stack", stack, "free(): invalid pointer" },
	{ "pointer to a global", global, "free(): invalid size" },
	{ "pointer to a global, size too small", tiny, "free(): invalid size" },
	{ "pointer to nowhere", low_address, NULL },
	{ "next chunk's size 0", next_size_zero, "double free or corruption (!prev)" },
	{ "next chunk's size 1", next_size_one, "free(): invalid next size (normal)" },
	{ "next chunk's size huge", next_size_huge, "free(): invalid next size (normal)" },
	{ "next chunk says this one is free", next_size_in_use_flag, "double free or corruption (!prev)" },
	{ "overflow, then the next is freed", overflow_then_free_it, "double free or corruption (out)" },
	{ "overflow, small blocks", overflow_of_cached_size, "double free or corruption (out)" },
	{ "size beyond the heap", size_beyond_heap, "double free or corruption (out)" },
	{ "size not a multiple of 16", size_odd, "free(): invalid size" },
	{ "heap chunk with the bit of a mapped one", seems_mapped, "munmap_chunk(): invalid pointer" },
	{ "mapped chunk's prev_size", mapped_prev_size, "munmap_chunk(): invalid pointer" },
	{ "mapped chunk's size", mapped_size, "munmap_chunk(): invalid pointer" },
	{ "prev_size wrong", prev_size, "corrupted size vs. prev_size while consolidating" },
	{ "size of the free chunk before", size_of_free_chunk, "corrupted size vs. prev_size while consolidating" },
};

MISUSE_MAIN(table)
