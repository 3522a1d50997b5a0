// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * weirctl trim: ask processes to let go of idle memory, and say what came of it
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl.h"
#include "procs.h"
#include "sysfs.h"
#include "target.h"
#include "units.h"

/* What processes/<pid>/trim says while nobody waits for an answer. */
#define ANSWERED	"none"
#define POLL_MS		10
#define WAIT_MAX	86400.0
#define KEEP_MAX	(1LL << 46)

struct trim_args {
	long long keep;
	double wait;		/* seconds */
	bool all;
	pid_t pid;
};

static const struct argp_option options[] = {
	{ "keep", 'k', "SIZE", 0, "Let so many bytes stay idle, 0 to 65536G (default 0)", 0 },
	{ "all", 'a', NULL, 0, "Ask every attached process; for root", 0 },
	{ "wait", 'w', "SECONDS", 0, "Wait so long for PID's answer, 0 to 86400 (default 1)", 0 },
	{ 0 }
};

static void parse_wait(struct argp_state *state, const char *arg, double *wait)
{
	char *end;

	errno = 0;
	*wait = strtod(arg, &end);
	/* Written so that a NaN fails too. */
	if (errno || end == arg || *end || !(*wait >= 0 && *wait <= WAIT_MAX))
		argp_error(state, "'%s' is no time to wait; accepted: seconds from 0 to %g", arg, WAIT_MAX);
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct trim_args *args = state->input;

	switch (key) {
	case 'k':
		if (units_parse(arg, true, &args->keep) || args->keep < 0 || args->keep > KEEP_MAX)
			argp_error(state, "'%s' cannot be kept; accepted: 0 to 65536G bytes, K, M and G understood",
				   arg);
		return 0;
	case 'a':
		args->all = true;
		return 0;
	case 'w':
		parse_wait(state, arg, &args->wait);
		return 0;
	case ARGP_KEY_ARG:
		if (args->pid)
			argp_error(state, "one process at a time; '%s' is one too many", arg);
		if (target_parse_or_say(arg, false, &args->pid))
			exit(CTL_USAGE);
		return 0;
	case ARGP_KEY_END:
		if (args->all == (args->pid != 0))
			argp_error(state, args->all ? "either a pid or --all" : "which process? Give a pid, or --all");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	options, parse_option, "PID|--all",
	"Ask process PID, or all that are attached, to let go of idle memory."
	"\v"
	"A process does so as it calls malloc and free, a little at a time; one that does not call them "
	"does nothing. For one process the command waits for the answer and prints what came back.",
	NULL, NULL, NULL,
};

/* Says what is wrong where an older module has no such file. */
static int say_error(pid_t pid, int err)
{
	if (err == -ENOENT || (err == -EACCES && !pid && geteuid() == 0)) {
		ctl_error("the module cannot ask for that; module and command differ in version");
		return CTL_FAILED;
	}
	if (!pid && err == -EACCES) {
		ctl_error("no permission to ask all processes: that takes root");
		return CTL_DENIED;
	}
	return target_say_error(pid, "trim", err);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* 1: answered; 0: not in time. */
static int wait_for_answer(int dir, double until)
{
	const struct timespec pause = { .tv_nsec = POLL_MS * 1000000L };
	char value[SYSFS_VALUE_MAX];
	int err;

	for (;;) {
		err = sysfs_read(dir, "trim", value);
		if (err)
			return err;
		if (!strcmp(value, ANSWERED))
			return 1;
		if (seconds() >= until)
			return 0;
		nanosleep(&pause, NULL);
	}
}

static int trim_one(int dir, const struct trim_args *args, const char *keep)
{
	unsigned long long before, after;
	char text[UNITS_TEXT_MAX];
	int err;

	err = sysfs_read_u64(dir, "trimmed_bytes", &before);
	if (!err)
		err = sysfs_write(dir, "trim", keep);
	if (err)
		return say_error(args->pid, err);
	err = args->wait > 0 ? wait_for_answer(dir, seconds() + args->wait) : 0;
	if (err > 0)
		err = sysfs_read_u64(dir, "trimmed_bytes", &after) ?: 1;
	if (err < 0)
		return say_error(args->pid, err);
	if (!err) {
		printf("%d: asked, has not answered yet\n", args->pid);
		return CTL_OK;
	}
	units_format(after - before, text);
	printf("%d: %s came back\n", args->pid, text);
	return CTL_OK;
}

int cmd_trim(int argc, char **argv)
{
	struct trim_args args = { .wait = 1 };
	char keep[32];
	int weir, dir, err, status = CTL_OK;

	ctl_parse(&argp, argc, argv, 0, CTL_USAGE, &args);
	snprintf(keep, sizeof(keep), "%lld", args.keep);
	weir = weir_open_or_say();
	if (weir < 0)
		return -weir;
	if (args.all) {
		err = sysfs_write(weir, "trim", keep);
		if (err)
			status = say_error(0, err);
	} else {
		dir = target_open_or_say(weir, args.pid);
		status = dir < 0 ? -dir : trim_one(dir, &args, keep);
		if (dir >= 0)
			close(dir);
	}
	close(weir);
	return status;
}
