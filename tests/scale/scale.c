// SPDX-License-Identifier: GPL-2.0
/*
 * What many attached processes cost: attaching, a page fault, a change that reaches all of them, and
 * the listing of their directories, in nanoseconds (on a machine of tests/vm/run --icount:
 * instructions), and the memory for each.
 *
 * usage: scale [MOST]: at 10, 100, ... attached processes; by default to 1000, or to $WEIR_SCALE.
 *
 * The processes are forked, wait, attach one at a time when they are let, and wait again.  What
 * they need but for being attached they have before the free memory is looked at the first time.
 */
#include <dirent.h>
#include <time.h>

#include "weir_test.h"

#define FAULTS		16
#define SAMPLES		9	/* of which the median is printed */
#define STEPS_MAX	5

/* What a process tells when it has attached. */
struct report {
	long attach;
	long fault;
};

struct step {
	int nr;
	long attach, fault, change, limit, profile, rule, list, memory;
};

static int let[2], told[2], hold[2];

static long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

static void die(const char *what)
{
	ksft_exit_fail_msg("%s: %s\n", what, strerror(errno));
}

static void *map(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static long fault_cost(void)
{
	volatile char *p = map(FAULTS * 4096);
	long start = now();
	int i;

	for (i = 0; i < FAULTS; i++)
		p[i * 4096] = 1;
	start = now() - start;
	munmap((void *)p, FAULTS * 4096);
	return start / FAULTS;
}

static void child(void)
{
	volatile char *neighbour = map(4096);
	struct report report = { .attach = -1 };
	ctlpage_t *page;
	char c;

	close(hold[1]);
	/* The page table that the control page will be in. */
	*neighbour = 1;
	if (read(let[0], &c, 1) != 1)
		_exit(1);
	report.attach = now();
	page = weir_attach_self();
	report.attach = page ? now() - report.attach : -1;
	if (page && page->state == WEIR_STATE_ATTACHED)
		report.fault = fault_cost();
	if (write(told[1], &report, sizeof(report)) == sizeof(report))
		while (read(hold[0], &c, 1) > 0)
			;
	_exit(0);
}

static int compare(const void *a, const void *b)
{
	long x = *(const long *)a, y = *(const long *)b;

	return (x > y) - (x < y);
}

static long median(long *sample, int nr)
{
	qsort(sample, nr, sizeof(*sample), compare);
	return sample[nr / 2];
}

static long free_bytes(void)
{
	char text[4096];
	int fd = open("/proc/meminfo", O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);
	char *line;

	close(fd);
	text[n < 0 ? 0 : n] = 0;
	line = strstr(text, "MemFree:");
	return line ? atol(line + 8) * 1024 : 0;
}

static void fork_children(int nr)
{
	int i;

	for (i = 0; i < nr; i++) {
		pid_t pid = fork();

		if (!pid)
			child();
		if (pid < 0)
			die("fork");
	}
	/* They run until they wait. */
	usleep(200000);
}

/* Let @nr attach one after another; the costs are the medians of the last ones. */
static void attach_children(int nr, struct step *step)
{
	long attach[SAMPLES], fault[SAMPLES];
	struct report report;
	int i;

	for (i = 0; i < nr; i++) {
		if (write(let[1], "", 1) != 1 || read(told[0], &report, sizeof(report)) != sizeof(report))
			die("a process");
		if (report.attach < 0)
			ksft_exit_fail_msg("process %d could not attach\n", i);
		attach[i % SAMPLES] = report.attach;
		fault[i % SAMPLES] = report.fault;
	}
	step->attach = median(attach, SAMPLES);
	step->fault = median(fault, SAMPLES);
}

/* The cost of a write that every process hears of, one text and the other in turn. */
static long change_cost(const char *file, const char *text, const char *other)
{
	long sample[SAMPLES];
	int i;

	for (i = 0; i < SAMPLES; i++) {
		sample[i] = now();
		if (sysfs_put(i % 2 ? other : text, "%s", file))
			die(file);
		sample[i] = now() - sample[i];
	}
	if (sysfs_put(other, "%s", file))
		die(file);
	return median(sample, SAMPLES);
}

static long list_cost(int nr)
{
	long start = now();
	DIR *dir = opendir(WEIR_SYSFS "/processes");
	struct dirent *entry;
	int seen = 0;

	while (dir && (entry = readdir(dir)))
		seen += entry->d_name[0] != '.';
	closedir(dir);
	start = now() - start;
	if (seen != nr)
		ksft_exit_fail_msg("%d directories for %d processes\n", seen, nr);
	return start;
}

static void measure(struct step *step, int before)
{
	long free_before;

	fork_children(step->nr - before);
	free_before = free_bytes();
	attach_children(step->nr - before, step);
	step->memory = (free_before - free_bytes()) / (step->nr - before);
	step->change = change_cost("defaults/mmap_threshold", "1M", "default");
	step->limit = change_cost("limits/mmap_threshold_max", "64K", "default");
	step->profile = change_cost("profiles/scale/mmap_threshold", "2M", "default");
	step->rule = change_cost("profiles/scale/match_cgroup", "/nowhere/at/all", "/");
	step->list = list_cost(step->nr);
}

static void print(const struct step *step)
{
	static bool headed;

	if (!headed)
		printf("# %9s %9s %9s %9s %9s %9s %9s %9s %9s\n", "processes", "attach", "fault", "default",
		       "limit", "profile", "rule", "ls", "bytes");
	headed = true;
	printf("# %9d %9ld %9ld %9ld %9ld %9ld %9ld %9ld %9ld\n", step->nr, step->attach, step->fault,
	       step->change, step->limit, step->profile, step->rule, step->list, step->memory);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	const char *wanted = argc > 1 ? argv[1] : getenv("WEIR_SCALE");
	int most = wanted ? atoi(wanted) : 1000, nr, n = 0, i;
	struct step step[STEPS_MAX] = { 0 };
	const struct step *last;

	ksft_print_header();
	if (most < 10 || most > 20000)
		ksft_exit_fail_msg("'%s' processes: accepted are 10 to 20000\n", wanted);
	ksft_set_plan(5);
	if (pipe(let) || pipe(told) || pipe(hold))
		die("pipe");
	fflush(stdout);
	sysfs_put("scale", "profiles/create");
	/* The profile is for everybody. */
	if (sysfs_put("/", "profiles/scale/match_cgroup"))
		die("profiles/scale");
	for (nr = 10; nr <= most; nr *= 10) {
		step[n].nr = nr;
		measure(&step[n], n ? step[n - 1].nr : 0);
		print(&step[n++]);
	}
	last = &step[n - 1];
	close(hold[1]);
	for (i = 0; i < last->nr; i++)
		wait(NULL);
	sysfs_put("scale", "profiles/remove");
	ksft_test_result(last->attach < step[0].attach * 3 / 2, "attaching costs the same\n");
	ksft_test_result(last->fault < step[0].fault * 5 / 4 + 100, "a page fault costs the same\n");
	/* 10 ms for 10,000. */
	ksft_test_result(last->change < 1000L * last->nr + 50000 && last->limit < 1000L * last->nr + 50000,
			 "a default and a limit reach all in time\n");
	ksft_test_result(last->profile < 1000L * last->nr + 50000, "a profile reaches all in time\n");
	/* The control page, and 8 KiB; what few processes need is lost in what else goes on. */
	ksft_test_result(last->nr < 1000 || last->memory <= 4096 + 8192, "the memory for each\n");
	ksft_finished();
}
