// SPDX-License-Identifier: LGPL-2.1-or-later
/* Broken headers of chunks that are mapped alone. */
#include "misuse.h"

#define SIZE (300 * K)

static void set(size_t prev_size, size_t size)
{
	struct chunk *c = chunk_of(hide(malloc(SIZE)));

	c->prev_size = prev_size;
	c->size = size;
	free(chunk2mem(c));
}

static size_t size_of_it(void)
{
	void *p = hide(malloc(SIZE));

	return chunk_of(p)->size;
}

static void prev_size_16(void) { set(16, size_of_it()); }
static void prev_size_page(void) { set(PAGE, size_of_it()); }
static void prev_size_huge(void) { set((size_t)1 << 40, size_of_it()); }
static void prev_size_text(void) { set(0x4141414141414141, size_of_it()); }
static void size_odd(void) { set(0, size_of_it() + 16); }
static void size_0(void) { set(0, IS_MMAPPED); }
static void size_text(void) { set(0, 0x4141414141414142); }
static void all_text(void) { set(0x4141414141414141, 0x4141414141414141); }
static void text_of_mapped(void) { set(0x4242424242424242, 0x4242424242424242); }
static void size_huge(void) { set(0, (size_t)1 << 46 | IS_MMAPPED); }
static void bit_lost(void) { set(0, size_of_it() & ~IS_MMAPPED); }
static void bit_lost_in_use(void) { set(0, (size_of_it() & ~IS_MMAPPED) | PREV_INUSE); }
static void nul(void) { set(0, size_of_it() & ~(size_t)0xff); }
static void zeroes(void) { set(0, 0); }
static void in_another_arena(void) { set(0, size_of_it() | NON_MAIN_ARENA); }
static void says_prev_inuse(void) { set(0, size_of_it() | PREV_INUSE); }

static void aligned_prev_size(void)
{
	void *p = hide(memalign(1024, SIZE));

	chunk_of(p)->prev_size -= 16;
	free(p);
}

static void resized(size_t prev_size, size_t size, size_t new_size)
{
	struct chunk *c = chunk_of(hide(malloc(SIZE)));

	c->prev_size = prev_size;
	c->size = size;
	hide(realloc(chunk2mem(c), new_size));
}

static void grown_prev_size(void) { resized(16, size_of_it(), 2 * SIZE); }
static void grown_size_odd(void) { resized(0, size_of_it() + 16, 2 * SIZE); }
static void grown_size_text(void) { resized(0, 0x4141414141414142, 2 * SIZE); }
static void grown_all_text(void) { resized(0x4141414141414141, 0x4141414141414141, 2 * SIZE); }
static void grown_zeroes(void) { resized(0, 0, 2 * SIZE); }
static void shrunk_prev_size(void) { resized(16, size_of_it(), 100); }
static void shrunk_size_odd(void) { resized(0, size_of_it() + 16, SIZE / 2); }

static const struct misuse table[] = {
	{ "prev_size 16", prev_size_16, "munmap_chunk(): invalid pointer" },
	{ "prev_size of a page", prev_size_page, "munmap_chunk(): invalid pointer" },
	{ "prev_size huge", prev_size_huge, "munmap_chunk(): invalid pointer" },
	{ "prev_size of text", prev_size_text, "munmap_chunk(): invalid pointer" },
	{ "size too large by 16", size_odd, "munmap_chunk(): invalid pointer" },
	{ "size 0", size_0, "munmap_chunk(): invalid pointer" },
	{ "size of text", size_text, "munmap_chunk(): invalid pointer" },
	{ "size huge", size_huge, "munmap_chunk(): invalid pointer" },
	{ "text", all_text, "free(): double free or corruption (out)" },
	{ "text like of a mapped one", text_of_mapped, "munmap_chunk(): invalid pointer" },
	{ "mapped bit lost", bit_lost, "free(): double free or corruption (out)" },
	{ "mapped bit lost, in use", bit_lost_in_use, "free(): double free or corruption (out)" },
	{ "NUL", nul, "free(): double free or corruption (out)" },
	{ "zeroes", zeroes, "free(): invalid pointer" },
	{ "another arena's bit", in_another_arena, NOT_NOTICED },
	{ "in use bit", says_prev_inuse, NOT_NOTICED },
	{ "prev_size of an aligned one", aligned_prev_size, "munmap_chunk(): invalid pointer" },
	{ "realloc() to more: prev_size 16", grown_prev_size, "mremap_chunk(): invalid pointer" },
	{ "realloc() to more: size too large by 16", grown_size_odd, "mremap_chunk(): invalid pointer" },
	{ "realloc() to more: size of text", grown_size_text, "mremap_chunk(): invalid pointer" },
	{ "realloc() to more: text", grown_all_text, "realloc(): invalid old size" },
	{ "realloc() to more: zeroes", grown_zeroes, "realloc(): invalid pointer" },
	{ "realloc() to 100: prev_size 16", shrunk_prev_size, "mremap_chunk(): invalid pointer" },
	{ "realloc() to less: size too large by 16", shrunk_size_odd, "mremap_chunk(): invalid pointer" },
};

MISUSE_MAIN("Chunks mapped alone", table)
