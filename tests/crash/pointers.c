// SPDX-License-Identifier: LGPL-2.1-or-later
/* Frees of what never was a block. */
#include "misuse.h"

static _Alignas(16) size_t zeroes[8192];

/* Memory that looks like a block of that size. */
static void free_as(size_t *memory, size_t size)
{
	memory[1] = size | PREV_INUSE;
	free(hide(memory + 2));
}

/* With the header of a block of 40. */
static void free_as_small(size_t *memory)
{
	memory[1] = chunk_of(hide(malloc(40)))->size;
	free(hide(memory + 2));
}

static void off_by_1(void) { free((char *)hide(calloc(1, 200)) + 1); }
static void off_by_8(void) { free((char *)hide(calloc(1, 200)) + 8); }
static void off_by_minus_8(void) { free((char *)hide(calloc(1, 200)) - 8); }
static void inside(void) { free((char *)hide(calloc(1, 200)) + 32); }
static void before(void) { hide(malloc(200)); free((char *)hide(calloc(1, 200)) - 64); }
static void inside_large(void) { free((char *)hide(calloc(1, 50000)) + 4096); }
static void inside_mapped(void) { free((char *)hide(calloc(1, 300 * K)) + 32); }
static void page_of_mapped(void) { free((char *)hide(calloc(1, 300 * K)) - 16); }

static void text(size_t size, size_t offset)
{
	free((char *)memset(guarded(size), 'A', size) + offset);
}

static void inside_text(void) { text(200, 32); }
static void inside_large_text(void) { text(50000, 4096); }
static void inside_mapped_text(void) { text(300 * K, 4096); }

static void inside_like_a_small_one(void)
{
	free_as_small((size_t *)hide(calloc(1, 200)) + 4);
}

static void inside_like_a_large_one(void)
{
	free_as((size_t *)hide(calloc(1, 100000)) + 4, 50000);
}

static void inside_like_a_mapped_one(void)
{
	free_as((size_t *)hide(calloc(1, 100000)) + 4, 40960 | IS_MMAPPED);
}

static void stack(void)
{
	_Alignas(16) size_t block[8] = { 0 };

	free(hide(block + 2));
}

static void stack_like_a_small_one(void)
{
	_Alignas(16) size_t block[16] = { 0 };

	free_as_small(block);
}

static void stack_like_a_large_one(void)
{
	_Alignas(16) size_t block[8192] = { 0 };

	free_as(block, 50000);
}

static void stack_of_text(void)
{
	_Alignas(16) char block[256];

	memset(block, 'A', sizeof(block));
	free(hide(block + 64));
}

static void stack_misaligned(void)
{
	_Alignas(16) char block[64] = { 0 };

	free(hide(block + 17));
}

static void global(void) { free(hide(zeroes + 2)); }
static void global_misaligned(void) { free(hide(zeroes + 3)); }
static void global_like_a_small_one(void) { free_as_small(zeroes); }
static void global_like_a_medium_one(void) { free_as(zeroes, 4096); }
static void global_like_a_large_one(void) { free_as(zeroes, 50000); }
static void global_like_a_mapped_one(void) { free_as(zeroes, 4096 | IS_MMAPPED); }
static void global_too_small(void) { free_as(zeroes, 16); }
static void global_odd_size(void) { free_as(zeroes, 64 | 8); }
static void global_like_another_arenas(void) { free_as(zeroes, 50000 | NON_MAIN_ARENA); }

static void read_only(void)
{
	size_t *memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memory[1] = chunk_of(hide(malloc(40)))->size;
	mprotect(memory, PAGE, PROT_READ);
	free(hide(memory + 2));
}

static void string(void) { free(hide("a string that is a constant, and longer than a header") + 16); }

static char *own_pages(void)
{
	return mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void foreign(void) { free(hide(own_pages() + PAGE + 16)); }

static void foreign_start(void)
{
	char *p = own_pages();

	mprotect(p, PAGE, PROT_NONE);
	free(hide(p + PAGE));
}

static void foreign_like_a_small_one(void) { free_as_small((size_t *)(own_pages() + PAGE)); }
static void foreign_like_a_large_one(void) { free_as((size_t *)(own_pages() + PAGE), 50000); }
static void foreign_gone(void) { char *p = own_pages(); munmap(p, 64 * PAGE); free(hide(p + 16)); }

static void break_of_others(void)
{
	hide(malloc(200));
	free_as(sbrk(65536), 50000);
}

static void wild_low(void) { free(hide((void *)0x1230)); }
static void wild_minus_one(void) { free(hide((void *)-1L)); }
static void wild_minus_16(void) { free(hide((void *)-16L)); }
static void wild_minus_four_pages(void) { free(hide((void *)-0x4000L)); }
static void wild_text(void) { free(hide((void *)0x4141414141414141)); }
static void wild_aligned(void) { free(hide((void *)0x4141414141414140)); }
static void wild_kernel(void) { free(hide((void *)0xffff888000001000)); }
static void wild_flipped(void) { free(hide((void *)((uintptr_t)hide(malloc(200)) ^ 1UL << 45))); }
static void wild_negative(void) { free(hide((void *)-(intptr_t)hide(malloc(200)))); }

static const struct misuse table[] = {
	{ "block + 1", off_by_1, "free(): invalid pointer" },
	{ "block + 8", off_by_8, "free(): invalid pointer" },
	{ "block - 8", off_by_minus_8, "free(): invalid pointer" },
	{ "inside of a block of zeroes", inside, "free(): invalid pointer" },
	{ "before a block", before, "free(): invalid pointer" },
	{ "inside of a large block of zeroes", inside_large, "free(): invalid pointer" },
	{ "inside of a mapped block of zeroes", inside_mapped, "free(): invalid pointer" },
	{ "the page of a mapped block", page_of_mapped, SEGFAULT },
	{ "inside of a block of text", inside_text, "free(): invalid pointer" },
	{ "inside of a large block of text", inside_large_text, "free(): double free or corruption (out)" },
	{ "inside of a mapped block of text", inside_mapped_text, "free(): double free or corruption (out)" },
	{ "inside of a block, like a small one", inside_like_a_small_one, "free(): invalid pointer" },
	{ "inside of a block, like a large one",
	  inside_like_a_large_one, "free(): double free or corruption (!prev)" },
	{ "inside of a block, like a mapped one", inside_like_a_mapped_one, "munmap_chunk(): invalid pointer" },
	{ "the stack", stack, "free(): invalid pointer" },
	{ "the stack, misaligned", stack_misaligned, "free(): invalid pointer" },
	{ "the stack, like a small block", stack_like_a_small_one, "free(): invalid pointer" },
	{ "the stack, like a large block",
	  stack_like_a_large_one, "free(): double free or corruption (out)" },
	{ "the stack, text", stack_of_text, "free(): double free or corruption (out)" },
	{ "static data", global, "free(): invalid pointer" },
	{ "static data, misaligned", global_misaligned, "free(): invalid pointer" },
	{ "static data, like a small block", global_like_a_small_one, "free(): invalid pointer" },
	{ "static data, like a block of 4096",
	  global_like_a_medium_one, "free(): double free or corruption (!prev)" },
	{ "static data, like a large block",
	  global_like_a_large_one, "free(): double free or corruption (out)" },
	{ "static data, like a mapped block", global_like_a_mapped_one, "munmap_chunk(): invalid pointer" },
	{ "static data, like too small a block", global_too_small, "free(): invalid size" },
	{ "static data, like a block of odd size", global_odd_size, "free(): invalid @(size|pointer)" },
	{ "static data, like another arena's", global_like_another_arenas, SEGFAULT },
	{ "read-only memory, like a small block", read_only, "free(): invalid pointer" },
	{ "a string constant", string, "free(): invalid pointer" },
	{ "mapped by others", foreign, "free(): invalid pointer" },
	{ "mapped by others, the start", foreign_start, SEGFAULT },
	{ "mapped by others, like a small block", foreign_like_a_small_one, "free(): invalid pointer" },
	{ "mapped by others, like a large block",
	  foreign_like_a_large_one, "free(): double free or corruption (out)" },
	{ "mapped by others and unmapped", foreign_gone, SEGFAULT },
	{ "sbrk() by others, like a large block",
	  break_of_others, "free(): double free or corruption (out)" },
	{ "0x1230", wild_low, SEGFAULT },
	{ "-1", wild_minus_one, SEGFAULT },
	{ "-16", wild_minus_16, SEGFAULT },
	{ "-0x4000", wild_minus_four_pages, SEGFAULT },
	{ "0x4141414141414141", wild_text, SEGFAULT },
	{ "0x4141414141414140", wild_aligned, SEGFAULT },
	{ "a kernel address", wild_kernel, SEGFAULT },
	{ "a block's address with a bit flipped", wild_flipped, SEGFAULT },
	{ "a block's address, negative", wild_negative, SEGFAULT },
};

MISUSE_MAIN("Frees of what never was a block", table)
