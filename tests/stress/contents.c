// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * contents.c - what a block is filled with: numbers that follow from its address, its size and a salt
 *
 * A small block is filled and compared in full; of a large one both ends and a few places between, so
 * that it costs a few page faults and not hundreds.
 */
#include <string.h>

#include "process.h"
#include "stress.h"

#define IN_FULL		8192
#define EDGE		256
#define PLACES		3	/* within a large block, */
#define PLACE_SIZE	32	/* so many bytes each */

#define STEP	0x9e3779b97f4a7c15UL

static uint64_t first_word(const struct block *b)
{
	uint64_t x = (uintptr_t)b->mem ^ b->size * STEP ^ b->salt;

	x ^= x >> 29;
	return x * 0xbf58476d1ce4e5b9UL;
}

/* offset is a multiple of 8. */
static void fill_part(unsigned char *mem, uint64_t word, size_t offset, size_t end)
{
	word += offset / 8 * STEP;
	for (; offset + 8 <= end; offset += 8, word += STEP)
		memcpy(mem + offset, &word, 8);
	memcpy(mem + offset, &word, end - offset);
}

static bool part_is_there(const unsigned char *mem, uint64_t word, size_t offset, size_t end)
{
	uint64_t found, differs = 0;

	word += offset / 8 * STEP;
	for (; offset + 8 <= end; offset += 8, word += STEP) {
		memcpy(&found, mem + offset, 8);
		differs |= found ^ word;
	}
	return !differs && memcmp(mem + offset, &word, end - offset) == 0;
}

/* Where the i-th place of a large block is: between the edges, the same whenever it is asked. */
static size_t place(const struct block *b, unsigned int i)
{
	uint64_t x = (b->salt + i) * 0x94d049bb133111ebUL;

	return EDGE + ((x >> 16) % (b->size - 2 * EDGE - PLACE_SIZE) & -8UL);
}

void fill(struct block *b)
{
	uint64_t word = first_word(b);

	if (b->size <= IN_FULL) {
		fill_part(b->mem, word, 0, b->size);
		return;
	}
	fill_part(b->mem, word, 0, EDGE);
	for (unsigned int i = 0; i < PLACES; i++)
		fill_part(b->mem, word, place(b, i), place(b, i) + PLACE_SIZE);
	fill_part(b->mem, word, (b->size - EDGE) & -8UL, b->size);
}

static void expect_part(const struct worker *w, const unsigned char *now, uint64_t word, size_t offset, size_t end)
{
	if (!part_is_there(now, word, offset, end))
		fail(w, offset ? "block overwritten" : "begin of block overwritten", now + offset);
}

void expect_contents(const struct worker *w, const struct block *b, const unsigned char *now, size_t size)
{
	uint64_t word = first_word(b);

	if (size > b->size)
		size = b->size;
	if (b->size <= IN_FULL) {
		expect_part(w, now, word, 0, size);
		return;
	}
	expect_part(w, now, word, 0, size < EDGE ? size : EDGE);
	for (unsigned int i = 0; i < PLACES; i++)
		if (place(b, i) + PLACE_SIZE <= size)
			expect_part(w, now, word, place(b, i), place(b, i) + PLACE_SIZE);
	if (size == b->size)
		expect_part(w, now, word, (size - EDGE) & -8UL, size);
}

static void expect_zero_part(const struct worker *w, const struct block *b, size_t offset, size_t size)
{
	const unsigned char *p = b->mem + offset;

	/* All are equal, and the first is zero. */
	if (size && (*p || memcmp(p, p + 1, size - 1)))
		fail(w, "calloc: not zero", p);
}

/* One large block in eight in full, where a boundary between clean and cleared may be anywhere. */
void expect_zero(struct worker *w, const struct block *b)
{
	if (b->size <= IN_FULL || (b->size < 4 << 20 && below(w, 8) == 0)) {
		expect_zero_part(w, b, 0, b->size);
		return;
	}
	expect_zero_part(w, b, 0, EDGE);
	for (unsigned int i = 0; i < 4; i++)
		expect_zero_part(w, b, next_random(w) % (b->size - EDGE), EDGE);
	expect_zero_part(w, b, b->size - EDGE, EDGE);
}

void expect_filled(const struct worker *w, const struct block *b, unsigned char byte)
{
	size_t size = b->size < EDGE ? b->size : EDGE;

	if (!is_filled(b->mem, byte, size) || !is_filled(b->mem + b->size - size, byte, size))
		fail(w, "malloc under M_PERTURB: not filled", b->mem);
}
