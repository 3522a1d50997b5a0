// SPDX-License-Identifier: LGPL-2.1-or-later
/* Writes beyond a block's end and before its start, into what neighbours' headers hold. */
#include "misuse.h"

enum then { FREE_IT, FREE_NEXT, FREE_BOTH, MALLOC };

static void go_on(void *block, void *next, size_t size, enum then then)
{
	if (then == FREE_IT || then == FREE_BOTH)
		free(hide(block));
	if (then == FREE_NEXT || then == FREE_BOTH)
		free(hide(next));
	if (then == MALLOC)
		hide(malloc(size * 3 / 4));
	heap_is_intact(size);
}

/* Large ones that stand between others. */
static void two_blocks(size_t size, void **block, void **next)
{
	if (size <= 1032) {
		neighbours(size, block, next);
		return;
	}
	hide(malloc(size));
	*block = hide(malloc(size));
	*next = hide(malloc(size));
	witness(hide(malloc(size)), size);
}

/* Write that many bytes behind a block, all of which may be used. */
static void overflow(size_t size, int byte, size_t length, enum then then)
{
	void *block, *next;

	two_blocks(size, &block, &next);
	memset((char *)block + malloc_usable_size(block), byte, length);
	if (length > size)
		misuse_witness_size = 0;
	go_on(block, next, size, then);
}

/* The same where the next one is free. */
static void overflow_into_free(size_t size, int byte, size_t length, enum then then)
{
	void *block, *next;

	two_blocks(size, &block, &next);
	free(next);
	memset((char *)block + malloc_usable_size(block), byte, length);
	go_on(block, next, size, then);
}

/* How many of the values that a byte can have are noticed? */
static void each_byte(size_t size)
{
	char words[20];
	int n = 0, status;
	void *block, *next;

	/* All sizes are in use: one that a header only seems to have is not remarkable. */
	for (size_t other = 8; other <= 1032; other += 16)
		for (int i = 0; i < 4; i++)
			free(hide(malloc(other)));
	two_blocks(size, &block, &next);
	for (int byte = 0; byte < 256; byte++) {
		if (fork() == 0) {
			close(STDERR_FILENO);
			*((char *)block + malloc_usable_size(block)) = byte;
			free(next);
			heap_is_intact(size);
			_exit(0);
		}
		wait(&status);
		n += WIFSIGNALED(status) || WEXITSTATUS(status);
	}
	snprintf(words, sizeof(words), "%d of 256", n);
	misuse_ends(words);
}

/* Before a block. */
static void underflow(size_t size, int byte, size_t length)
{
	void *block, *next;

	two_blocks(size, &block, &next);
	memset((char *)next - length, byte, length);
	free(hide(next));
	heap_is_intact(size);
}

#define CASE(name, call) static void name(void) { call; }
CASE(nul_40, overflow(40, 0, 1, FREE_NEXT))
CASE(nul_248, overflow(248, 0, 1, FREE_NEXT))
CASE(nul_5000, overflow(5000, 0, 1, FREE_NEXT))
CASE(nul_50000, overflow(50000, 0, 1, FREE_NEXT))
CASE(nul_it_40, overflow(40, 0, 1, FREE_IT))
CASE(nul_it_248, overflow(248, 0, 1, FREE_IT))
CASE(nul_it_5000, overflow(5000, 0, 1, FREE_IT))
CASE(nul_it_50000, overflow(50000, 0, 1, FREE_IT))
CASE(byte_40, overflow(40, 'A', 1, FREE_NEXT))
CASE(byte_248, overflow(248, 'A', 1, FREE_NEXT))
CASE(byte_5000, overflow(5000, 'A', 1, FREE_NEXT))
CASE(byte_50000, overflow(50000, 'A', 1, FREE_NEXT))
CASE(ff_40, overflow(40, 0xff, 1, FREE_NEXT))
CASE(ff_5000, overflow(5000, 0xff, 1, FREE_NEXT))
CASE(ff_50000, overflow(50000, 0xff, 1, FREE_NEXT))
CASE(each_40, each_byte(40))
CASE(each_1000, each_byte(1000))
CASE(each_50000, each_byte(50000))
CASE(zeroes_40, overflow(40, 0, 16, FREE_NEXT))
CASE(zeroes_5000, overflow(5000, 0, 16, FREE_NEXT))
CASE(zeroes_50000, overflow(50000, 0, 16, FREE_NEXT))
CASE(zeroes_it_5000, overflow(5000, 0, 16, FREE_IT))
CASE(zeroes_it_50000, overflow(50000, 0, 16, FREE_IT))
CASE(text_40, overflow(40, 'A', 16, FREE_NEXT))
CASE(text_248, overflow(248, 'A', 16, FREE_NEXT))
CASE(text_5000, overflow(5000, 'A', 16, FREE_NEXT))
CASE(text_50000, overflow(50000, 'A', 16, FREE_NEXT))
CASE(text_it_5000, overflow(5000, 'A', 16, FREE_IT))
CASE(text_it_50000, overflow(50000, 'A', 16, FREE_IT))
CASE(long_text_40, overflow(40, 'A', 400, FREE_NEXT))
CASE(long_text_5000, overflow(5000, 'A', 6000, FREE_NEXT))
CASE(long_text_50000, overflow(50000, 'A', 51000, FREE_NEXT))

CASE(free_nul_5000, overflow_into_free(5000, 0, 1, FREE_IT))
CASE(free_nul_50000, overflow_into_free(50000, 0, 1, FREE_IT))
CASE(free_nul_malloc_50000, overflow_into_free(50000, 0, 1, MALLOC))
CASE(free_byte_50000, overflow_into_free(50000, 'A', 1, FREE_IT))
CASE(free_byte_malloc_50000, overflow_into_free(50000, 'A', 1, MALLOC))
CASE(free_text_5000, overflow_into_free(5000, 'A', 16, FREE_IT))
CASE(free_text_50000, overflow_into_free(50000, 'A', 16, FREE_IT))
CASE(free_text_malloc_50000, overflow_into_free(50000, 'A', 16, MALLOC))
CASE(free_long_text_50000, overflow_into_free(50000, 'A', 400, FREE_IT))
CASE(free_long_text_malloc_50000, overflow_into_free(50000, 'A', 400, MALLOC))

/* Into one that a thread cache keeps, and that is then given out and freed again. */
static void into_cached(int byte, size_t length)
{
	void *block, *next, *again[64];

	neighbours(40, &block, &next);
	free(next);
	memset((char *)block + malloc_usable_size(block), byte, length);
	for (int i = 0; i < 64; i++) {
		again[i] = hide(malloc(40));
		if (again[i] == next)
			break;
	}
	free(next);
	heap_is_intact(40);
}

CASE(cached_nul, into_cached(0, 1))
CASE(cached_zeroes, into_cached(0, 8))
CASE(cached_text, into_cached('A', 8))
CASE(cached_long_text, into_cached('A', 40))

CASE(under_byte_40, underflow(40, 0, 8))
CASE(under_text_40, underflow(40, 'A', 8))
CASE(under_zeroes_5000, underflow(5000, 0, 8))
CASE(under_text_5000, underflow(5000, 'A', 8))
CASE(under_text_50000, underflow(50000, 'A', 8))
CASE(under_long_text_50000, underflow(50000, 'A', 400))

/* Far before a block, while others around it are in use. */
static void long_under(size_t size)
{
	void *p = hide(malloc(size));

	for (int i = 0; i < 4; i++)
		hide(malloc(size));
	memset((char *)p - 160, 'A', 160 - SIZE_SZ);
	for (int i = 0; i < 200; i++)
		hide(malloc(size));
	heap_is_intact(size);
}

CASE(long_under_40, long_under(40))

/* The header's word of the block itself or of the one behind it. */
static void head(size_t block_size, size_t clear, size_t set)
{
	void *p = guarded(block_size);

	chunk_of(p)->size = (chunk_of(p)->size & ~clear) | set;
	free(p);
	heap_is_intact(block_size);
}

static void head_bit(size_t block_size, size_t bit)
{
	void *p = guarded(block_size);

	chunk_of(p)->size ^= bit;
	free(p);
	heap_is_intact(block_size);
}

static void next_head(size_t block_size, size_t clear, size_t set)
{
	void *p = guarded(block_size);

	behind(p)->size = (behind(p)->size & ~clear) | set;
	free(p);
	heap_is_intact(block_size);
}

CASE(mapped_bit_40, head_bit(40, IS_MMAPPED))
CASE(mapped_bit_1032, head_bit(1032, IS_MMAPPED))
CASE(mapped_bit_5000, head_bit(5000, IS_MMAPPED))
CASE(mapped_bit_50000, head_bit(50000, IS_MMAPPED))
CASE(bit_8_40, head_bit(40, 8))
CASE(bit_8_5000, head_bit(5000, 8))
CASE(bit_8_50000, head_bit(50000, 8))
CASE(prev_bit_5000, head(5000, PREV_INUSE, 0))
CASE(prev_bit_50000, head(50000, PREV_INUSE, 0))
CASE(larger_50000, head(50000, 0, 1 << 18))
CASE(larger_5000, head(5000, 0, 1 << 18))
CASE(beyond_5000, head(5000, -1, (16 * M) | 1))
CASE(beyond_50000, head(50000, -1, (16 * M) | 1))
CASE(smaller_5000, head(5000, 1 << 12, 0))
CASE(smaller_50000, head(50000, 1 << 15, 0))
CASE(size_16, head(50000, -1, 16 | 1))
CASE(size_0, head(50000, -1, 1))
CASE(negative, head(50000, 0, (size_t)1 << 63))
CASE(next_0, next_head(50000, -1, 0))
CASE(next_1, next_head(50000, -1, 1))
CASE(next_huge, next_head(50000, -1, (size_t)1 << 50 | 1))
CASE(next_says_free, next_head(50000, 1, 0))
CASE(next_1_5000, next_head(5000, -1, 1))
CASE(next_huge_5000, next_head(5000, -1, (size_t)1 << 50 | 1))
CASE(next_says_free_5000, next_head(5000, 1, 0))

static void prev_size(size_t size)
{
	void *p = hide(malloc(size)), *q = guarded(size);

	free(p);
	chunk_of(q)->prev_size = 32;
	free(q);
	heap_is_intact(size);
}

/* When whatever is kept for soon joins its neighbours. */
static void then_trim(void (*misuse)(size_t))
{
	misuse(5000);
	malloc_trim(0);
}

static void prev_bit(size_t size)
{
	void *p = guarded(size);

	chunk_of(p)->size &= ~PREV_INUSE;
	free(p);
}

static void size_of_free(size_t size)
{
	void *p = hide(malloc(size)), *q = guarded(size);

	free(p);
	chunk_of(p)->size = (size - 1000) / 16 * 16 | 1;
	free(q);
}

CASE(prev_bit_trim, then_trim(prev_bit))
CASE(prev_size_5000, prev_size(5000))
CASE(prev_size_50000, prev_size(50000))
CASE(size_of_free_50000, size_of_free(50000))

static const struct misuse table[] = {
	{ "NUL behind 40 bytes, the next freed", nul_40, INTACT },
	{ "NUL behind 248 bytes, the next freed", nul_248, INTACT },
	{ "NUL behind 5000 bytes, the next freed", nul_5000, "free(): double free or corruption (!prev)" },
	{ "NUL behind 50000 bytes, the next freed", nul_50000, "free(): double free or corruption (!prev)" },
	{ "NUL behind 40 bytes, the block freed", nul_it_40, INTACT },
	{ "NUL behind 248 bytes, the block freed", nul_it_248, INTACT },
	{ "NUL behind 5000 bytes, the block freed",
	  nul_it_5000, "free(): double free or corruption (!prev)" },
	{ "NUL behind 50000 bytes, the block freed",
	  nul_it_50000, "free(): double free or corruption (!prev)" },
	{ "\"A\" behind 40 bytes, the next freed", byte_40, INTACT },
	{ "\"A\" behind 248 bytes, the next freed", byte_248, INTACT },
	{ "\"A\" behind 5000 bytes, the next freed", byte_5000, "free(): invalid next size (normal)" },
	{ "\"A\" behind 50000 bytes, the next freed",
	  byte_50000, "free(): double free or corruption (!prev)" },
	{ "0xff behind 40 bytes, the next freed", ff_40, INTACT },
	{ "0xff behind 5000 bytes, the next freed", ff_5000, "munmap_chunk(): invalid pointer" },
	{ "0xff behind 50000 bytes, the next freed", ff_50000, "munmap_chunk(): invalid pointer" },
	{ "each byte behind 40 bytes, the next freed", each_40, "2[0-9][0-9] of 256" },
	{ "each byte behind 1000 bytes, the next freed", each_1000, "2[0-9][0-9] of 256" },
	{ "each byte behind 50000 bytes, the next freed", each_50000, "2[0-9][0-9] of 256" },
	{ "16 zeroes behind 40 bytes, the next freed", zeroes_40, INTACT },
	{ "16 zeroes behind 5000 bytes, the next freed", zeroes_5000, "free(): invalid pointer" },
	{ "16 zeroes behind 50000 bytes, the next freed", zeroes_50000, "free(): invalid pointer" },
	{ "16 zeroes behind 5000 bytes, the block freed",
	  zeroes_it_5000, "free(): double free or corruption (!prev)" },
	{ "16 zeroes behind 50000 bytes, the block freed",
	  zeroes_it_50000, "free(): double free or corruption (!prev)" },
	{ "text behind 40 bytes, the next freed", text_40, INTACT },
	{ "text behind 248 bytes, the next freed", text_248, INTACT },
	{ "text behind 5000 bytes, the next freed", text_5000, "free(): double free or corruption (out)" },
	{ "text behind 50000 bytes, the next freed", text_50000, "free(): double free or corruption (out)" },
	{ "text behind 5000 bytes, the block freed", text_it_5000, "free(): invalid next size (normal)" },
	{ "text behind 50000 bytes, the block freed", text_it_50000, "free(): invalid next size (normal)" },
	{ "long text behind 40 bytes, the next freed", long_text_40, INTACT },
	{ "long text behind 5000 bytes, the next freed",
	  long_text_5000, "free(): double free or corruption (out)" },
	{ "long text behind 50000 bytes, the next freed",
	  long_text_50000, "free(): double free or corruption (out)" },
	{ "NUL into a free 5000, the block freed",
	  free_nul_5000, "free(): double free or corruption (!prev)" },
	{ "NUL into a free 50000, the block freed",
	  free_nul_50000, "free(): double free or corruption (!prev)" },
	{ "NUL into a free 50000, malloc()",
	  free_nul_malloc_50000, "malloc(): invalid next size (unsorted)" },
	{ "\"A\" into a free 50000, the block freed",
	  free_byte_50000, "unlink_chunk(): corrupted size vs. prev_size" },
	{ "\"A\" into a free 50000, malloc()",
	  free_byte_malloc_50000, "malloc(): invalid next size (unsorted)" },
	{ "text into a free 5000, the block freed", free_text_5000, "free(): invalid next size (normal)" },
	{ "text into a free 50000, the block freed", free_text_50000, "free(): invalid next size (normal)" },
	{ "text into a free 50000, malloc()", free_text_malloc_50000, "malloc(): invalid size (unsorted)" },
	{ "long text into a free 50000, the block freed",
	  free_long_text_50000, "free(): invalid next size (normal)" },
	{ "long text into a free 50000, malloc()",
	  free_long_text_malloc_50000, "malloc(): invalid size (unsorted)" },
	{ "NUL into a free 40, given out and freed", cached_nul, INTACT },
	{ "8 zeroes into a free 40, given out and freed", cached_zeroes, INTACT },
	{ "text into a free 40, given out and freed", cached_text, INTACT },
	{ "long text into a free 40, given out and freed",
	  cached_long_text, "malloc(): write after free detected in tcache" },
	{ "long text before 40 bytes, malloc()", long_under_40, "malloc(): memory corruption (fast)" },
	{ "8 zeroes before 40 bytes", under_byte_40, INTACT },
	{ "text before 40 bytes", under_text_40, INTACT },
	{ "8 zeroes before 5000 bytes", under_zeroes_5000, "free(): invalid pointer" },
	{ "text before 5000 bytes", under_text_5000, "free(): double free or corruption (out)" },
	{ "text before 50000 bytes", under_text_50000, "free(): double free or corruption (out)" },
	{ "long text before 50000 bytes", under_long_text_50000, "free(): double free or corruption (out)" },
	{ "head of 40 bytes: mapped bit flipped", mapped_bit_40, INTACT },
	{ "head of 1032 bytes: mapped bit flipped", mapped_bit_1032, "munmap_chunk(): invalid pointer" },
	{ "head of 5000 bytes: mapped bit flipped", mapped_bit_5000, "munmap_chunk(): invalid pointer" },
	{ "head of 50000 bytes: mapped bit flipped", mapped_bit_50000, "munmap_chunk(): invalid pointer" },
	{ "head of 40 bytes: bit 3 of the size flipped", bit_8_40, INTACT },
	{ "head of 5000 bytes: bit 3 of the size flipped", bit_8_5000, "free(): invalid size" },
	{ "head of 50000 bytes: bit 3 of the size flipped", bit_8_50000, "free(): invalid size" },
	{ "head of 5000 bytes: the one before is free", prev_bit_5000, INTACT },
	{ "head of 5000 bytes: the one before is free, malloc_trim()",
	  prev_bit_trim, "free(): corrupted size vs. prev_size while consolidating" },
	{ "head of 50000 bytes: the one before is free",
	  prev_bit_50000, "free(): corrupted size vs. prev_size while consolidating" },
	{ "head of 5000 bytes: larger", larger_5000, "free(): double free or corruption (out)" },
	{ "head of 50000 bytes: larger", larger_50000, "free(): double free or corruption (out)" },
	{ "head of 5000 bytes: beyond the heap", beyond_5000, "free(): double free or corruption (out)" },
	{ "head of 50000 bytes: beyond the heap", beyond_50000, "free(): double free or corruption (out)" },
	{ "head of 5000 bytes: smaller", smaller_5000, "free(): double free or corruption (!prev)" },
	{ "head of 50000 bytes: smaller", smaller_50000, "free(): double free or corruption (!prev)" },
	{ "head of 50000 bytes: size 16", size_16, "free(): invalid size" },
	{ "head of 50000 bytes: size 0", size_0, "free(): invalid pointer" },
	{ "head of 50000 bytes: size negative", negative, "free(): double free or corruption (out)" },
	{ "next head: 0", next_0, "free(): double free or corruption (!prev)" },
	{ "next head: 1", next_1, "free(): invalid next size (normal)" },
	{ "next head: huge", next_huge, "free(): invalid next size (normal)" },
	{ "next head: this one is free", next_says_free, "free(): double free or corruption (!prev)" },
	{ "next head of 5000 bytes: 1", next_1_5000, "free(): invalid next size (normal)" },
	{ "next head of 5000 bytes: huge", next_huge_5000, "free(): invalid next size (normal)" },
	{ "next head of 5000 bytes: this one is free",
	  next_says_free_5000, "free(): double free or corruption (!prev)" },
	{ "prev_size behind a free 5000", prev_size_5000, INTACT },
	{ "prev_size behind a free 50000",
	  prev_size_50000, "free(): corrupted size vs. prev_size while consolidating" },
	{ "size of a free 50000, the next freed",
	  size_of_free_50000, "free(): corrupted size vs. prev_size while consolidating" },
};

MISUSE_MAIN("Overflows and broken headers", table)
