// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The loop whose instructions are counted; tests/bench/instructions says how.
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>

void *stub_malloc(size_t size);
void stub_free(void *block);

#define FIRST 16
#define LAST 143

static void __attribute__((noinline)) real(long rounds)
{
	size_t size;

	for (; rounds; rounds--)
		for (size = FIRST; size <= LAST; size++)
			free(malloc(size));
}

static void __attribute__((noinline)) stub(long rounds)
{
	size_t size;

	for (; rounds; rounds--)
		for (size = FIRST; size <= LAST; size++)
			stub_free(stub_malloc(size));
}

int main(int argc, char **argv)
{
	if (argc != 3)
		errx(2, "usage: count malloc|stub ROUNDS");
	(strcmp(argv[1], "stub") ? real : stub)(strtol(argv[2], NULL, 10));
	return 0;
}
