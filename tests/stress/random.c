// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * random - every call of the allocator in random order with random sizes, in threads that come and go
 * and pass blocks to each other. Each block is filled with numbers of its own, which are compared when it
 * is resized, passed on or freed; the whole heap is checked over and over.
 *
 * See tests/stress/run, which runs it under several settings. With one thread at a time a seed does the same
 * each time; what several threads do to each other is up to the scheduler.
 */
#include <getopt.h>
#include <malloc.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "stress.h"

struct options options = { .operations = 1000000, .seed = 1, .threads = 4 };

_Noreturn void fail(const struct worker *w, const char *what, const void *mem)
{
	printf("# FAILED: %s, %p\n# in thread %u after %lu calls%s, seed %lu\n", what, mem, w->number, w->done,
	       w->child ? ", in a forked child" : "", (unsigned long)options.seed);
	fflush(stdout);
	abort();
}

static void usage(FILE *to)
{
	fprintf(to, "usage: random [--operations N] [--seed N] [--threads N] [--knobs] [--perturb BYTE] [--progress]\n"
		"  --operations N   calls, a million without; 1e9 is understood\n"
		"  --threads N      at most %d, 4 without; with 1 a seed does the same each time\n"
		"  --knobs          turn knobs by mallopt all the while\n"
		"  --perturb BYTE   under M_PERTURB\n", MAX_WORKERS);
}

static void parse(int argc, char **argv)
{
	static const struct option words[] = {
		{ "operations", required_argument, NULL, 'o' }, { "seed", required_argument, NULL, 's' },
		{ "threads", required_argument, NULL, 't' }, { "perturb", required_argument, NULL, 'p' },
		{ "knobs", no_argument, NULL, 'k' }, { "progress", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' }, { 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", words, NULL)) != -1) {
		switch (c) {
		case 'o': options.operations = strtod(optarg, NULL); break;
		case 's': options.seed = strtoul(optarg, NULL, 0); break;
		case 't': options.threads = strtoul(optarg, NULL, 0); break;
		case 'p': options.perturb = strtoul(optarg, NULL, 0) & 0xff; break;
		case 'k': options.turn_knobs = true; break;
		case 'v': options.progress = true; break;
		case 'h': usage(stdout); exit(0);
		default: usage(stderr); exit(2);
		}
	}
	if (optind < argc || !options.operations || !options.threads || options.threads > MAX_WORKERS) {
		usage(stderr);
		exit(2);
	}
	/* About the same memory with any number of threads. */
	options.blocks = 2048 / options.threads;
	if (options.blocks > MAX_BLOCKS)
		options.blocks = MAX_BLOCKS;
}

/* The arena follows the CPU, and where an aligned block begins the addresses: have the same ones again. */
static void hold_still(char **argv)
{
	cpu_set_t all, one;
	int persona = personality(0xffffffff), at;

	CPU_ZERO(&one);
	if (sched_getaffinity(0, sizeof(all), &all) == 0) {
		at = options.seed % CPU_COUNT(&all);
		for (int i = 0; i < CPU_SETSIZE; i++)
			if (CPU_ISSET(i, &all) && at-- == 0)
				CPU_SET(i, &one);
		sched_setaffinity(0, sizeof(one), &one);
	}
	if (persona == -1 || persona & ADDR_NO_RANDOMIZE || personality(persona | ADDR_NO_RANDOMIZE) == -1)
		return;
	execv("/proc/self/exe", argv);
}

int main(int argc, char **argv)
{
	static char buffer[4096];

	setvbuf(stdout, buffer, _IOLBF, sizeof(buffer));
	parse(argc, argv);
	if (options.threads == 1)
		hold_still(argv);
	/* No file of a heap of hundreds of megabytes. */
	prctl(PR_SET_DUMPABLE, 0);
	if (options.perturb)
		mallopt(M_PERTURB, options.perturb);
	work_all();
	printf("# %lu operations in %u threads, seed %lu: nothing wrong\n", options.operations, options.threads,
	       (unsigned long)options.seed);
	return 0;
}
