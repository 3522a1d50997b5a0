/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * inject.h - memory system calls that fail when a test wants them to
 *
 * inject.c defines mmap() and the others. In a program it stands before the C library, so that the
 * library's calls come here, be it linked in or preloaded behind; the C library's own calls (thread
 * stacks) do not.
 */
#ifndef WEIR_TEST_INJECT_H
#define WEIR_TEST_INJECT_H

#include <stdint.h>

enum {
	MMAP = 1,
	MUNMAP = 2,
	MREMAP = 4,
	MADVISE = 8,
	MPROTECT = 16,
	SBRK = 32,
	EVERY_CALL = 63,
};

#define FOR_EVER (~0UL)

struct injection {
	unsigned int calls;	/* those that are counted, of which some fail: */
	unsigned long first;	/* from this one on, counted from 1, */
	unsigned long length;	/* so many; */
	unsigned long one_in;	/* or, if not 0, one in so many at random */
	uint64_t seed;
	unsigned int always;	/* those that fail each time; not counted */
	int error;		/* with this errno; 0: ENOMEM */
};

/* From now on; NULL: no more. A copy is not made. */
void inject(const struct injection *injection);
/* How many counted calls have failed since inject(). */
unsigned long injected(void);

#endif
