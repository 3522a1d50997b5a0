// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * blocks NUM-BLOCKS BLOCK-SIZE [FREE-STEP]: print mallinfo() and mallinfo2() before allocating,
 * after, and after every FREE-STEP'th block was freed.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static char *heap;

static void print(const char *when)
{
	struct mallinfo i = mallinfo();
	struct mallinfo2 l = mallinfo2();

	printf("%s brk %td\n", when, (char *)sbrk(0) - heap);
#define FIELD(name) printf("%s " #name " %d %zu\n", when, i.name, l.name)
	FIELD(arena);
	FIELD(ordblks);
	FIELD(smblks);
	FIELD(hblks);
	FIELD(hblkhd);
	FIELD(usmblks);
	FIELD(fsmblks);
	FIELD(uordblks);
	FIELD(fordblks);
	FIELD(keepcost);
}

static size_t number(const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (n <= 0 || *end) {
		fprintf(stderr, "blocks: \"%s\" is not a number above 0\n", text);
		exit(2);
	}
	return n;
}

int main(int argc, char **argv)
{
	size_t blocks, size, step;
	void **block;

	if (argc < 3 || argc > 4) {
		fprintf(stderr, "usage: blocks NUM-BLOCKS BLOCK-SIZE [FREE-STEP]\n");
		return 2;
	}
	/* No memory of our own in the figures. */
	setvbuf(stdout, NULL, _IONBF, 0);
	blocks = number(argv[1]);
	size = number(argv[2]);
	step = argc > 3 ? number(argv[3]) : 1;
	block = mmap(NULL, blocks * sizeof(*block), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (block == MAP_FAILED) {
		perror("blocks: mmap");
		return 1;
	}
	heap = sbrk(0);
	print("before");
	for (size_t i = 0; i < blocks; i++) {
		block[i] = malloc(size);
		if (!block[i]) {
			perror("blocks: malloc");
			return 1;
		}
	}
	print("allocated");
	for (size_t i = 0; i < blocks; i += step)
		free(block[i]);
	print("freed");
	return 0;
}
