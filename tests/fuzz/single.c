// SPDX-License-Identifier: LGPL-2.1-or-later
/* single.c - one thread: the input is operations, one after the other, on one table */
#include <string.h>
#include <sys/single_threaded.h>

#include "fuzz.h"

/* Operations between two looks at the whole heap; 0: only at the end. */
static const unsigned int check_every[] = { 0, 1, 7, 50 };

static void run(struct input *in)
{
	static struct table t;
	unsigned int kind = take8(in), every = check_every[kind & 3], n = 0;
	char single = __libc_single_threaded;

	memset(&t, 0, sizeof(t));
	t.worker.random = 0x9e3779b97f4a7c15UL;
	/* With locks, or without as in a process that never had another thread: the fuzzer's leave them alone. */
	__libc_single_threaded = kind >> 2 & 1;
	while (in->at < in->end) {
		fuzz_operate(&t, in);
		if (every && ++n % every == 0)
			fuzz_check(&t, 1);
	}
	fuzz_check(&t, 1);
	fuzz_free_all(&t);
	fuzz_check_nothing_left();
	__libc_single_threaded = single;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_run(run, data, size);
	return 0;
}
