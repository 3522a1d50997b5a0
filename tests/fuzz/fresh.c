// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * fresh.c - an allocator that has just started, without a process that has
 *
 * The allocator's variables are copied when it has made itself ready and put back for each input; what
 * it has mapped and what it has of brk goes. The Makefile gives its variables sections of their own.
 */
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fuzz.h"
#include "internal.h"
#include "klink.h"
#include "os.h"
#include "piecemap.h"
#include "tcache.h"

extern char __start_weir_data[], __stop_weir_data[], __start_weir_bss[], __stop_weir_bss[];

_Atomic uint64_t fuzz_clock;

/* In place of the library's own. */
uint64_t os_clock_ms(void) { return fuzz_clock; }

struct part {
	char *start, *end, *copy;
};

/* Around the map of pieces, of which most is never written. */
static struct part part[] = {
	{ .start = __start_weir_data, .end = __stop_weir_data },
	{ .start = __start_weir_bss, .end = (char *)&piecemap },
	{ .start = (char *)(&piecemap + 1), .end = __stop_weir_bss },
};

#define PARTS (sizeof(part) / sizeof(part[0]))

/* Not memcpy(): between the variables the address sanitizer has put what must not be touched. */
static __attribute__((no_sanitize("address", "undefined"))) void copy(char *to, const char *from, size_t size)
{
	size_t i = 0;

	for (; i + 8 <= size; i += 8)
		*(volatile uint64_t *)(to + i) = *(const uint64_t *)(from + i);
	for (; i < size; i++)
		((volatile char *)to)[i] = from[i];
}

static char *brk_start;

static void remember(void)
{
	ensure_ready();
	/* A module would be one more that changes knobs. */
	klink_set_mode(KLINK_NEVER);
	brk_start = sbrk(0);
	for (size_t i = 0; i < PARTS; i++) {
		part[i].copy = mmap(NULL, part[i].end - part[i].start, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				    -1, 0);
		if (part[i].copy == MAP_FAILED)
			abort();
		copy(part[i].copy, part[i].start, part[i].end - part[i].start);
	}
}

/* Not by munmap(), of which a sanitizer would make a note for each page. */
static void unmap_windows(void)
{
	struct weir_region region[2];

	for (unsigned int i = 0, n = os_regions(region); i < n; i++)
		syscall(SYS_munmap, region[i].start, region[i].end - region[i].start);
}

static void start_afresh(void)
{
	if (!brk_start)
		remember();
	unmap_windows();
	if (brk(brk_start) != 0)
		abort();
	for (size_t i = 0; i < PARTS; i++)
		copy(part[i].start, part[i].copy, part[i].end - part[i].start);
	for (size_t i = 0; i < sizeof(piecemap.leaf) / sizeof(piecemap.leaf[0]); i++)
		if (piecemap.leaf[i])
			piecemap.leaf[i] = 0;
	fuzz_clock = 1000;
}

struct one_run {
	void (*run)(struct input *in);
	struct input in;
};

static void *run_input(void *arg)
{
	struct one_run *r = arg;

	r->run(&r->in);
	return NULL;
}

/* In a thread that ends with it: a thread's cache has a mutex by which the C library remembers the thread. */
void fuzz_run(void (*run)(struct input *in), const uint8_t *data, size_t size)
{
	struct one_run r = { run, { data, data + size } };
	pthread_t thread;

	start_afresh();
	if (pthread_create(&thread, NULL, run_input, &r) != 0)
		abort();
	pthread_join(thread, NULL);
}
