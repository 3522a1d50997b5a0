// SPDX-License-Identifier: LGPL-2.1-or-later
/* realloc() and malloc_usable_size() of what is no block, or has a broken header. */
#include "misuse.h"

static void to(void *p, size_t size) { hide(realloc(hide(p), size)); }

static void to_and_on(void *p, size_t size)
{
	to(p, size);
	heap_is_intact(size);
}

static void off_by_8(void) { to((char *)hide(calloc(1, 200)) + 8, 400); }
static void off_by_1(void) { to((char *)hide(calloc(1, 200)) + 1, 400); }
static void inside(void) { to((char *)hide(calloc(1, 200)) + 32, 400); }
static void inside_text(void) { to((char *)memset(guarded(200), 'A', 200) + 32, 400); }
static void inside_mapped(void) { to((char *)hide(calloc(1, 300 * K)) + 32, 400 * K); }

static _Alignas(16) size_t block[8192];

static void stack(void)
{
	_Alignas(16) size_t on_stack[8] = { 0 };

	to(on_stack + 2, 400);
}

static void global(size_t size, size_t new_size)
{
	block[1] = size;
	to(block + 2, new_size);
}

static void global_zeroes(void) { global(0, 400); }
static void global_too_small(void) { global(0x10, 400); }
static void global_too_large(void) { global((size_t)1 << 40 | 1, 400); }
static void global_like_a_block(void) { global(4096 | 1, 40000); }
static void global_like_mapped(void) { global(4096 | IS_MMAPPED, 40000); }
static void low(void) { to((void *)0x1230, 400); }
static void wild(void) { to((void *)0x4141414141414140, 400); }

/* Freed blocks. */
static void freed(size_t size, size_t new_size)
{
	void *p = guarded(size);

	free(p);
	to(p, new_size);
	hide(malloc(size));
	hide(malloc(110 * K));
}

static void freed_40(void) { freed(40, 400); }
static void freed_same_40(void) { freed(40, 40); }
static void freed_5000(void) { freed(5000, 10000); }
static void freed_grown(void) { freed(50000, 100000); }
static void freed_shrunk(void) { freed(50000, 20000); }
static void freed_same(void) { freed(50000, 50000); }
static void freed_mapped(void) { freed(300 * K, 400 * K); }

static void to_zero_twice(void)
{
	void *p = hide(malloc(40));

	to(p, 0);
	to(p, 0);
}

static void to_zero_then_freed(void)
{
	void *p = hide(malloc(40));

	to(p, 0);
	free(p);
}

static void old_place(size_t size, size_t new_size, bool free_it)
{
	void *p = guarded(size), *q = hide(realloc(p, new_size));

	if (p == q)
		misuse_ends("not moved");
	if (free_it)
		free(p);
	else
		to(p, new_size);
}

static void old_place_freed_40(void) { old_place(40, 4000, true); }
static void old_place_freed_50000(void) { old_place(50000, 100000, true); }
static void old_place_resized_40(void) { old_place(40, 4000, false); }
static void old_place_resized_50000(void) { old_place(50000, 100000, false); }

/* Broken headers, its own and the next one's. */
static void overflowed(size_t size, int byte, size_t length)
{
	void *p, *q;

	if (size < 1000) {
		neighbours(size, &p, &q);
	} else {
		p = hide(malloc(size));
		q = guarded(size);
	}
	memset((char *)p + malloc_usable_size(p), byte, length);
	to_and_on(q, 2 * size);
}

static void text_40(void) { overflowed(40, 'A', 8); }
static void text_5000(void) { overflowed(5000, 'A', 8); }
static void text_50000(void) { overflowed(50000, 'A', 8); }
static void zeroes_40(void) { overflowed(40, 0, 8); }
static void zeroes_50000(void) { overflowed(50000, 0, 8); }

static void head_bit(size_t size, size_t bit)
{
	void *p = guarded(size);

	chunk_of(p)->size ^= bit;
	to_and_on(p, 2 * size);
}

static void mapped_bit_40(void) { head_bit(40, IS_MMAPPED); }
static void mapped_bit_50000(void) { head_bit(50000, IS_MMAPPED); }
static void bit_3_50000(void) { head_bit(50000, 8); }
static void huge_50000(void) { head_bit(50000, (size_t)1 << 40); }

static void next_size(size_t size, size_t next, size_t new_size)
{
	void *p = guarded(size);

	behind(p)->size = next;
	to(p, new_size);
}

static void next_1(void) { next_size(50000, 1, 100000); }
static void next_huge(void) { next_size(50000, (size_t)1 << 40 | 1, 100000); }
static void next_1_shrinking(void) { next_size(50000, 1, 20000); }
static void next_1_5000(void) { next_size(5000, 1, 10000); }

static void free_next(size_t size, void (*harm)(struct chunk *))
{
	void *p = hide(malloc(size)), *q = guarded(size);

	free(q);
	harm(chunk_of(q));
	to(p, size + size / 2);
}

static void harm_foot(struct chunk *c) { next_chunk(c)->prev_size = 32; }
static void harm_fd(struct chunk *c) { c->fd = hide(block); }
static void harm_bk(struct chunk *c) { c->bk = hide(block); }
static void harm_text(struct chunk *c) { memset(&c->fd, 'A', 16); }
static void free_next_foot(void) { free_next(50000, harm_foot); }
static void free_next_fd(void) { free_next(50000, harm_fd); }
static void free_next_bk(void) { free_next(50000, harm_bk); }
static void free_next_text(void) { free_next(50000, harm_text); }

static void usable_size(void *p)
{
	if (malloc_usable_size(hide(p)) == 0)
		misuse_ends("returns 0");
}

static void usable_after_free(size_t size)
{
	void *p = guarded(size);

	free(p);
	usable_size(p);
}

static void usable_40(void) { usable_after_free(40); }
static void usable_1032(void) { usable_after_free(1032); }
static void usable_5000(void) { usable_after_free(5000); }
static void usable_50000(void) { usable_after_free(50000); }
static void usable_mapped(void) { usable_after_free(300 * K); }

static const struct misuse table[] = {
	{ "block + 8", off_by_8, "realloc(): invalid pointer" },
	{ "block + 1", off_by_1, "realloc(): invalid pointer" },
	{ "inside of a block of zeroes", inside, "realloc(): invalid pointer" },
	{ "inside of a block of text", inside_text, "realloc(): invalid pointer" },
	{ "inside of a mapped block of zeroes", inside_mapped, "realloc(): invalid pointer" },
	{ "the stack", stack, "realloc(): invalid pointer" },
	{ "static data", global_zeroes, "realloc(): invalid pointer" },
	{ "static data, like too small a block", global_too_small, "realloc(): invalid old size" },
	{ "static data, like too large a block", global_too_large, "realloc(): invalid old size" },
	{ "static data, like a block", global_like_a_block, "realloc(): invalid next size" },
	{ "static data, like a mapped block", global_like_mapped, "mremap_chunk(): invalid pointer" },
	{ "0x1230", low, SEGFAULT },
	{ "0x4141414141414140", wild, SEGFAULT },
	{ "freed, 40 bytes, to 400", freed_40, DOUBLE_FREE },
	{ "freed, 40 bytes, to 40", freed_same_40, "realloc(): invalid pointer" },
	{ "freed, 5000 bytes, to 10000", freed_5000, DOUBLE_FREE },
	{ "freed, 50000 bytes, to 100000", freed_grown, "realloc(): invalid pointer" },
	{ "freed, 50000 bytes, to 20000", freed_shrunk, "realloc(): invalid pointer" },
	{ "freed, 50000 bytes, to 50000", freed_same, "realloc(): invalid pointer" },
	{ "freed, 300 KiB mapped alone", freed_mapped, SEGFAULT },
	{ "to 0, twice", to_zero_twice, DOUBLE_FREE },
	{ "to 0, then freed", to_zero_then_freed, DOUBLE_FREE },
	{ "40 bytes moved, the old place freed", old_place_freed_40, DOUBLE_FREE },
	{ "50000 bytes moved, the old place freed", old_place_freed_50000, DOUBLE_FREE },
	{ "40 bytes moved, the old place resized", old_place_resized_40, DOUBLE_FREE },
	{ "50000 bytes moved, the old place resized", old_place_resized_50000, "realloc(): invalid pointer" },
	{ "header of 40 bytes: text", text_40, INTACT },
	{ "header of 5000 bytes: text", text_5000, "realloc(): invalid old size" },
	{ "header of 50000 bytes: text", text_50000, "realloc(): invalid old size" },
	{ "header of 40 bytes: zeroes", zeroes_40, INTACT },
	{ "header of 50000 bytes: zeroes", zeroes_50000, "realloc(): invalid pointer" },
	{ "header of 40 bytes: mapped bit flipped", mapped_bit_40, INTACT },
	{ "header of 50000 bytes: mapped bit flipped", mapped_bit_50000, "mremap_chunk(): invalid pointer" },
	{ "header of 50000 bytes: bit 3 of the size flipped", bit_3_50000, "realloc(): invalid next size" },
	{ "header of 50000 bytes: size huge", huge_50000, "realloc(): invalid old size" },
	{ "next head: 1", next_1, "realloc(): invalid next size" },
	{ "next head: huge", next_huge, "realloc(): invalid next size" },
	{ "next head: 1, to less", next_1_shrinking, "realloc(): invalid next size" },
	{ "next head of 5000 bytes: 1", next_1_5000, "realloc(): invalid next size" },
	{ "free neighbour: prev_size", free_next_foot, "unlink_chunk(): corrupted size vs. prev_size" },
	{ "free neighbour: fd", free_next_fd, "unlink_chunk(): corrupted double-linked list" },
	{ "free neighbour: bk", free_next_bk, "unlink_chunk(): corrupted double-linked list" },
	{ "free neighbour: text", free_next_text, SEGFAULT },
	{ "malloc_usable_size() of freed 40 bytes", usable_40, "returns 0" },
	{ "malloc_usable_size() of freed 1032 bytes", usable_1032, "returns 0" },
	{ "malloc_usable_size() of freed 5000 bytes", usable_5000, "returns 0" },
	{ "malloc_usable_size() of freed 50000 bytes", usable_50000, "returns 0" },
	{ "malloc_usable_size() of freed 300 KiB", usable_mapped, SEGFAULT },
};

MISUSE_MAIN("realloc() and malloc_usable_size()", table)
