// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Prints the settings in force, told from what the allocator does. For environment.sh and tunables.sh. With an
 * argument M_PERTURB is turned on and off before.
 */
#include <malloc.h>
#include <unistd.h>

#include "process.h"

#define SIZE 3000

int main(int argc, char **argv)
{
	size_t threshold, pad, perturb, before;
	unsigned char *p;
	void *block[50];
	bool trims, cached;

	(void)argv;
	setvbuf(stdout, NULL, _IONBF, 0);
	if (argc > 1) {
		mallopt(M_PERTURB, 1);
		mallopt(M_PERTURB, 0);
	}
	p = hide(malloc(SIZE));
	perturb = p[SIZE / 2] ? p[SIZE / 2] ^ 0xff : 0;
	/* As long as the pad is, but for the rounding to pages. */
	pad = mallinfo2().keepcost & ~(PAGE - 1);
	p = hide(malloc(500));
	before = mallinfo2().smblks;
	free(p);
	cached = mallinfo2().smblks > before;

	for (threshold = 16 * K; threshold <= 256 * K; threshold *= 2) {
		malloc_trim(0);
		p = hide(malloc(threshold));
		if (mallinfo2().hblks)
			break;
	}
	if (threshold <= 256 * K)
		printf("threshold=%zu max=on ", threshold);
	else
		printf("threshold=none max=off ");

	before = mallinfo2().arena;
	for (int i = 0; i < 50; i++)
		block[i] = hide(malloc(20 * K));
	for (int i = 50; i-- > 0;)
		free(block[i]);
	/* At once, or when it was idle for long enough. */
	for (int i = 0; i < 100 && !(trims = mallinfo2().arena < before + 300 * K); i++) {
		usleep(10000);
		free(hide(malloc(64 * K)));
	}
	printf("trim=%s pad=%zu perturb=%zu cached=%s ", trims ? "on" : "off", pad, perturb, cached ? "yes" : "no");

	free(hide(malloc(1 * M)));
	free(hide(malloc(1 * M)));
	free(hide(malloc(4 * M)));
	hide(malloc(3 * M));
	malloc_trim(0);
	before = mallinfo2().hblks;
	hide(malloc(2 * M));
	printf("learns=%s\n", mallinfo2().hblks == before && threshold <= 256 * K ? "yes" : "no");
	return 0;
}
