// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * weirctl ps: a line a process
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl.h"
#include "procs.h"
#include "ps_print.h"
#include "target.h"
#include "units.h"

#define INTERVAL_MIN	0.01
#define INTERVAL_MAX	86400.0
#define REPEAT_MAX	1000000000

struct ps_args {
	double interval;
	long long repeat;	/* tables to print; 0 goes on until interrupted */
	bool counts;
	bool json;
	bool no_header;
	pid_t *pid;
	size_t nr;
};

static const struct argp_option options[] = {
	{ "interval", 'i', "SECONDS", 0,
	  "Take faults per second over this time, 0.01 to 86400 (default 1)", 0 },
	{ "repeat", 'n', "COUNT", 0,
	  "Print COUNT tables, one an interval; 0 goes on until interrupted (default 1)", 0 },
	{ "counts", 'c', NULL, 0, "Print faults since the process attached, and wait for nothing", 0 },
	{ "json", 'j', NULL, 0, "Print each table as a line of JSON, with counts, rates, all knobs", 0 },
	{ "no-header", 'H', NULL, 0, "Leave out the titles and the legend", 0 },
	{ 0 }
};

static void parse_interval(struct argp_state *state, const char *arg, double *interval)
{
	char *end;

	errno = 0;
	*interval = strtod(arg, &end);
	/* Written so that a NaN fails too. */
	if (errno || end == arg || *end || !(*interval >= INTERVAL_MIN && *interval <= INTERVAL_MAX))
		argp_error(state, "'%s' is no interval; accepted: seconds from %g to %g", arg,
			   INTERVAL_MIN, INTERVAL_MAX);
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct ps_args *args = state->input;

	switch (key) {
	case 'i':
		parse_interval(state, arg, &args->interval);
		return 0;
	case 'n':
		if (units_parse(arg, false, &args->repeat) || args->repeat < 0 ||
		    args->repeat > REPEAT_MAX)
			argp_error(state, "'%s' is no count; accepted: 0 to %d", arg, REPEAT_MAX);
		return 0;
	case 'c':
		args->counts = true;
		return 0;
	case 'j':
		args->json = true;
		return 0;
	case 'H':
		args->no_header = true;
		return 0;
	case ARGP_KEY_ARG:
		if (target_parse_or_say(arg, false, &args->pid[args->nr++]))
			exit(CTL_USAGE);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	options, parse_option, "[PID...]",
	"List the attached processes, or those named: page faults per second in all (MINFLT, "
	"MAJFLT), in the heap (HEAP-) and in chunks mapped alone (MMAP-), and the knobs, each "
	"with a letter for where its value comes from."
	"\v"
	"Sizes are exact. A process that came after the first look has no rates yet.",
	NULL, NULL, NULL,
};

static int compare_pids(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

/* Puts the pids into order, each once, and drops those that are not attached after saying so. */
static int settle_pids(int weir, struct ps_args *args)
{
	size_t kept = 0;
	int status = CTL_OK;

	qsort(args->pid, args->nr, sizeof(*args->pid), compare_pids);
	for (size_t i = 0; i < args->nr; i++) {
		pid_t pid = args->pid[i];
		int dir;

		if (i && pid == args->pid[i - 1])
			continue;
		dir = target_open_or_say(weir, pid);
		if (dir < 0) {
			status = -dir;
			continue;
		}
		close(dir);
		args->pid[kept++] = pid;
	}
	args->nr = kept;
	return status;
}

static void wait_interval(double seconds)
{
	struct timespec t = { .tv_sec = (time_t)seconds };

	t.tv_nsec = (long)((seconds - t.tv_sec) * 1e9);
	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &t, &t) == EINTR)
		;
}

static int say_sample_failed(int err)
{
	if (err == -ENOENT) {
		ctl_error("the module weir has been removed");
		return CTL_NO_MODULE;
	}
	ctl_error("cannot list the attached processes: %s", strerror(-err));
	return CTL_FAILED;
}

static void print_sample(const struct ps_args *args, const struct proc_table *before,
			 const struct proc_table *now)
{
	if (args->json) {
		ps_print_json(before, now);
		fflush(stdout);
		return;
	}
	ps_print_table(before, now, !args->no_header);
	fflush(stdout);
	if (now->hidden)
		ctl_error("not shown: %zu process%s of other users", now->hidden,
			  now->hidden == 1 ? "" : "es");
	else if (!now->nr && !now->bad && !args->nr)
		ctl_error("no process is attached");
}

static int sample_and_print(int weir, const struct ps_args *args)
{
	struct proc_table before = { 0 }, now;
	size_t bad = 0;
	int err = 0;

	if (!args->counts)
		err = procs_read(weir, args->pid, args->nr, &before);
	for (long long i = 0; !err && (!args->repeat || i < args->repeat); i++) {
		if (!args->counts || i)
			wait_interval(args->interval);
		err = procs_read(weir, args->pid, args->nr, &now);
		if (err)
			break;
		print_sample(args, args->counts ? NULL : &before, &now);
		bad += now.bad;
		procs_free(&before);
		before = now;
		/* The reader has gone, or the disk is full: no reason to go on. */
		if (ferror(stdout))
			break;
	}
	procs_free(&before);
	if (err)
		return say_sample_failed(err);
	return bad ? CTL_FAILED : CTL_OK;
}

int cmd_ps(int argc, char **argv)
{
	struct ps_args args = { .interval = 1, .repeat = 1 };
	int weir, status, sampled = CTL_OK;
	size_t named;

	args.pid = ctl_alloc(argc, sizeof(*args.pid));
	ctl_parse(&argp, argc, argv, 0, CTL_USAGE, &args);
	weir = weir_open_or_say();
	if (weir < 0) {
		free(args.pid);
		return -weir;
	}
	named = args.nr;
	status = settle_pids(weir, &args);
	if (!named || args.nr)
		sampled = sample_and_print(weir, &args);
	close(weir);
	free(args.pid);
	return sampled ? sampled : status;
}
