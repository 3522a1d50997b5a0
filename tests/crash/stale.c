// SPDX-License-Identifier: LGPL-2.1-or-later
/* Writes into freed blocks, wherever they are kept, and what comes of them. */
#include "misuse.h"

/* Freed, after others that fill glibc's thread cache if fast is set. */
static size_t *freed(size_t size, bool fast)
{
	void *p, *others[7];

	do	/* glibc's links are xor-ed with bits from 12 on: a link of zero shall be misaligned */
		p = guarded(size);
	while (!((uintptr_t)p >> 12 & 15));
	for (int i = 0; i < 7; i++)
		others[i] = hide(malloc(size));
	for (int i = 0; fast && i < 7; i++)
		free(others[i]);
	free(hide(malloc(size)));
	free(p);
	return hide(p);
}

/* All blocks that may be in a cache, and some more. */
static void take_many(size_t size)
{
	for (int i = 0; i < 100; i++)
		hide(malloc(size));
}

/* Where glibc has a link to the next block, xor-ed: the result is a misaligned pointer. */
static void link_odd(size_t size, bool fast)
{
	freed(size, fast)[0] ^= 8;
	take_many(size);
	heap_is_intact(size);
}

/* The same, but it is aligned: a pointer to anywhere. */
static void link_elsewhere(size_t size, bool fast)
{
	freed(size, fast)[0] ^= 1UL << 46;
	take_many(size);
	heap_is_intact(size);
}

static void link_odd_40(void) { link_odd(40, false); }
static void link_odd_1032(void) { link_odd(1032, false); }
static void link_odd_5000(void) { link_odd(5000, false); }
static void link_odd_fast(void) { link_odd(40, true); }
static void link_elsewhere_40(void) { link_elsewhere(40, false); }
static void link_elsewhere_5000(void) { link_elsewhere(5000, false); }
static void link_elsewhere_fast(void) { link_elsewhere(40, true); }

/* Of so many that not all of them find room in a cache. */
static void written_all(size_t size, int n, size_t word)
{
	size_t *block[100];

	for (int i = 0; i < n; i++)
		block[i] = guarded(size);
	for (int i = 0; i < n; i++)
		free(block[i]);
	for (int i = 0; i < n; i++)
		block[i][word] ^= 8;
	take_many(size);
	heap_is_intact(size);
}

static void all_0_40(void) { written_all(40, 100, 0); }
static void all_0_1032(void) { written_all(1032, 50, 0); }
static void all_0_5000(void) { written_all(5000, 20, 0); }
static void all_3_5000(void) { written_all(5000, 20, 3); }

/* Where both have a key: without it a second free is none. */
static void key_then_freed(size_t size)
{
	size_t *p = freed(size, false);

	p[1] = 0;
	free(p);
	heap_is_intact(size);
}

static void key(size_t size)
{
	freed(size, false)[1] ^= 1;
	take_many(size);
	heap_is_intact(size);
}

static void key_then_freed_trim(void)
{
	size_t *p = freed(5000, false);

	p[1] = 0;
	free(p);
	malloc_trim(0);
}

static void key_40(void) { key(40); }
static void key_then_freed_40(void) { key_then_freed(40); }
static void key_then_freed_5000(void) { key_then_freed(5000); }

static void filled(size_t size)
{
	memset(freed(size, false), 0, size);
	take_many(size);
	heap_is_intact(size);
}

static void filled_40(void) { filled(40); }
static void filled_1032(void) { filled(1032); }
static void filled_5000(void) { filled(5000); }

/* A larger request looks through the free blocks. */
static void text(size_t size, size_t offset, size_t length)
{
	void *p = guarded(size);

	free(p);
	memset((char *)p + offset, 'A', length);
	hide(malloc(100 * K));
	hide(malloc(size - 1000));
	heap_is_intact(size - 1000);
}

static void text_5000(void) { text(5000, 0, 5000); }
static void text_50000(void) { text(50000, 0, 50000); }
static void text_fd_50000(void) { text(50000, 0, 8); }
static void text_bk_50000(void) { text(50000, 8, 8); }
static void text_end_50000(void) { text(50000, 49992 + 8, 8); }

static void zeroes_50000(void)
{
	void *p = guarded(50000);

	free(p);
	memset(p, 0, 50000);
	hide(malloc(100 * K));
}

/* In the middle there is nothing to harm. */
static void text_middle_50000(void) { text(50000, 1000, 48000); }

static void before_top(size_t offset)
{
	char *p = hide(malloc(50000));

	free(p);
	memset(p + offset, 'A', 48);
	hide(malloc(110 * K));
	hide(malloc(110 * K));
	heap_is_intact(40000);
}

static void before_top_start(void) { before_top(0); }
static void before_top_middle(void) { before_top(1000); }

static void mapped(void)
{
	char *p = hide(malloc(300 * K));

	free(p);
	*(char *)hide(p) = 'A';
}

/* A write through the old pointer of a block that realloc() has moved. */
static void moved(void)
{
	void *p = guarded(50000), *q = hide(realloc(p, 100000));

	if (p == q)
		misuse_ends("not moved");
	memset(hide(p), 'A', 16);
	hide(malloc(110 * K));
}

static const struct misuse table[] = {
	{ "first word of 40 bytes, misaligned", link_odd_40, INTACT },
	{ "first word of 1032 bytes, misaligned", link_odd_1032, INTACT },
	{ "first word of 5000 bytes, misaligned", link_odd_5000, INTACT },
	{ "first word of 40 bytes freed after 7 others, misaligned", link_odd_fast, INTACT },
	{ "first word of 40 bytes, to elsewhere", link_elsewhere_40, INTACT },
	{ "first word of 5000 bytes, to elsewhere", link_elsewhere_5000, INTACT },
	{ "first word of 40 bytes freed after 7 others, to elsewhere", link_elsewhere_fast, INTACT },
	{ "first word of 100 times 40 bytes", all_0_40, INTACT },
	{ "first word of 50 times 1032 bytes", all_0_1032, "malloc(): unaligned fastbin chunk detected" },
	{ "first word of 20 times 5000 bytes", all_0_5000, "malloc(): unaligned fastbin chunk detected" },
	{ "fourth word of 20 times 5000 bytes", all_3_5000, "malloc(): unaligned fastbin chunk detected" },
	{ "second word of 40 bytes", key_40, "malloc(): write after free detected in tcache" },
	{ "second word of 40 bytes, and freed again",
	  key_then_freed_40, "malloc(): write after free detected in tcache" },
	{ "second word of 5000 bytes, and freed again",
	  key_then_freed_5000, "malloc(): write after free detected in tcache" },
	{ "second word of 5000 bytes, freed again, malloc_trim()",
	  key_then_freed_trim, "free(): double free or corruption (!prev)" },
	{ "zeroes all over 40 bytes", filled_40, "malloc(): write after free detected in tcache" },
	{ "zeroes all over 1032 bytes", filled_1032, "malloc(): write after free detected in tcache" },
	{ "zeroes all over 5000 bytes", filled_5000, "malloc(): write after free detected in tcache" },
	{ "text all over 5000 bytes, malloc()", text_5000, INTACT },
	{ "text all over 50000 bytes, malloc()",
	  text_50000, "malloc(): unsorted double linked list corrupted" },
	{ "text in the first word of 50000 bytes, malloc()",
	  text_fd_50000, "malloc(): unsorted double linked list corrupted" },
	{ "text in the second word of 50000 bytes, malloc()", text_bk_50000, SEGFAULT },
	{ "text in the last word of 50000 bytes, malloc()",
	  text_end_50000, "malloc(): mismatching next->prev_size (unsorted)" },
	{ "zeroes all over 50000 bytes, malloc()",
	  zeroes_50000, "malloc(): unsorted double linked list corrupted" },
	{ "text in the middle of 50000 bytes", text_middle_50000, INTACT },
	{ "text at the start of what joined the top", before_top_start, INTACT },
	{ "text in the middle of what joined the top", before_top_middle, INTACT },
	{ "a byte into 300 KiB, mapped alone", mapped, SEGFAULT },
	{ "the old place of a block that realloc() moved",
	  moved, "malloc(): unsorted double linked list corrupted" },
};

MISUSE_MAIN("Writes into freed blocks", table)
