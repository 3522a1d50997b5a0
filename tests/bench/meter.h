/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a measured program says of itself.  The high-water mark is the kernel's own, and belongs to
 * this program alone: ru_maxrss would start from that of the process that forked it.
 */
#ifndef BENCH_METER_H
#define BENCH_METER_H

#include <err.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

struct meter {
	struct timespec start;
	struct rusage usage;
};

static inline void meter_start(struct meter *m)
{
	getrusage(RUSAGE_SELF, &m->usage);
	clock_gettime(CLOCK_MONOTONIC, &m->start);
}

static inline long meter_peak(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[256];
	long kib = 0;

	if (!f)
		err(2, "/proc/self/status");
	while (fgets(line, sizeof(line), f) && sscanf(line, "VmHWM: %ld", &kib) != 1)
		;
	fclose(f);
	return kib;
}

static inline void meter_stop(const struct meter *m)
{
	struct timespec now;
	struct rusage u;

	clock_gettime(CLOCK_MONOTONIC, &now);
	getrusage(RUSAGE_SELF, &u);
	printf("time %.9f minflt %ld majflt %ld peak %ld\n",
	       (now.tv_sec - m->start.tv_sec) + (now.tv_nsec - m->start.tv_nsec) * 1e-9,
	       u.ru_minflt - m->usage.ru_minflt, u.ru_majflt - m->usage.ru_majflt, meter_peak());
	fflush(stdout);
}

#endif
