// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Buffers that grow by realloc: strings by a line at a time, vectors by half their size, several of
 * them at once so that they stand in each other's way.
 */
#include "shape.h"

SHAPE(grow, "realloc: strings grow by lines to 256 KiB, vectors by halves to 4 MiB");

#define STRINGS 16

static void *resized(void *block, size_t old, size_t size)
{
	char *p = used(realloc(block, size));

	if (!p)
		errx(3, "realloc(%zu) failed", size);
	if (old < size)
		memset(p + old, 1, size - old);
	return p;
}

static void strings(struct rng *r)
{
	void *block[STRINGS] = { 0 };
	size_t size[STRINGS] = { 0 }, line;
	int i, going = STRINGS;

	while (going) {
		i = below(r, STRINGS);
		if (size[i] >= 256 << 10)
			continue;
		line = 20 + below(r, 180);
		block[i] = resized(block[i], size[i], size[i] + line);
		size[i] += line;
		going -= size[i] >= 256 << 10;
	}
	for (i = 0; i < STRINGS; i++)
		free(block[i]);
}

static void vectors(void)
{
	void *block[STRINGS] = { 0 };
	size_t old = 0, size;
	int i;

	for (size = 64; size < 4 << 20; old = size, size += size / 2)
		for (i = 0; i < STRINGS; i++)
			block[i] = resized(block[i], old, size);
	for (i = 0; i < STRINGS; i++)
		free(block[i]);
}

static void grow(unsigned int i)
{
	struct rng r = rng(i);
	long n;

	for (n = times(10); n; n--) {
		strings(&r);
		vectors();
	}
}

static void run(unsigned int threads)
{
	parallel(threads, grow);
}
