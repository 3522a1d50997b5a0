// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The fast path alone: one block at a time, of the sizes most programs ask for.
 */
#include "shape.h"

SHAPE(pair, "malloc and free in turn, 16 to 143 bytes");

static void pairs(unsigned int i)
{
	long round;
	size_t size;

	(void)i;
	for (round = times(250000); round; round--)
		for (size = 16; size < 144; size++)
			free(take(size));
}

static void run(unsigned int threads)
{
	parallel(threads, pairs);
}
