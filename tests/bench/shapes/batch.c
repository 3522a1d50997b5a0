// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Batches: many blocks at once of every small size, freed in the order they came, backwards, or in
 * two halves with new ones in between; each size stays for a while before the next one comes.
 */
#include "shape.h"

SHAPE(batch, "batches of 16 to 1000 bytes, freed first to last, last to first, every other");

#define BLOCKS 20000

static void take_all(void **blocks, unsigned int step, size_t size)
{
	unsigned int n;

	for (n = 0; n < BLOCKS; n += step)
		blocks[n] = take_touched(size + n % 32);
}

static void free_all(void **blocks, unsigned int first, unsigned int step)
{
	for (; first < BLOCKS; first += step)
		free(blocks[first]);
}

static void batch(void **blocks, size_t size)
{
	unsigned int n;

	take_all(blocks, 1, size);
	free_all(blocks, 0, 1);
	take_all(blocks, 1, size);
	for (n = BLOCKS; n; n--)
		free(blocks[n - 1]);
	take_all(blocks, 1, size);
	free_all(blocks, 0, 2);
	take_all(blocks, 2, size / 2);
	free_all(blocks, 1, 2);
	free_all(blocks, 0, 2);
}

static void batches(unsigned int i)
{
	void **blocks = book(BLOCKS * sizeof(*blocks));
	size_t size;
	long n;

	(void)i;
	for (n = times(3); n; n--)
		for (size = 16; size < 970; size += size / 8)
			batch(blocks, size);
}

static void run(unsigned int threads)
{
	parallel(threads, batches);
}
