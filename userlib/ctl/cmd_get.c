// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * weirctl get: the knobs of a process or of the system
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "knobs.h"
#include "procs.h"
#include "target.h"

struct get_args {
	bool bare;
	int nr;
	char **arg;
};

static const struct argp_option options[] = {
	{ "bare", 'b', NULL, 0, "Print KNOB=VALUE alone, as 'weirctl set' takes it", 0 },
	{ 0 }
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct get_args *args = state->input;

	(void)arg;
	switch (key) {
	case 'b':
		args->bare = true;
		return 0;
	case ARGP_KEY_ARGS:
		args->arg = state->argv + state->next;
		args->nr = state->argc - state->next;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "whose knobs? Give a pid, or default");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	options, parse_option, "PID|default [KNOB...]",
	"Print the knobs of process PID, or the system defaults, and where each value comes from."
	"\v"
	"Without KNOB all of them. Sizes are exact: 128K is 131072 bytes.",
	NULL, knob_help_filter, NULL,
};

/* Fills @wanted with the knobs named, or all; returns how many, or -1. */
static int parse_knobs(const struct get_args *args, int wanted[])
{
	int nr = 0;

	for (int i = 1; i < args->nr; i++, nr++) {
		int knob = knob_find(args->arg[i], strlen(args->arg[i]));

		if (knob < 0) {
			knob_say_unknown(args->arg[i], strlen(args->arg[i]));
			return -1;
		}
		wanted[nr] = knob;
	}
	for (; args->nr == 1 && nr < WEIR_KNOB_NR; nr++)
		wanted[nr] = nr;
	return nr;
}

static int print_knob(int knob, const struct knob_value *value, pid_t pid, const char *profile,
		      bool bare)
{
	char text[KNOB_TEXT_MAX];
	const char *source;

	if (!value->present || !value->known) {
		ctl_error("%s: %s; module and command differ in version", knob_table[knob].name,
			  value->present ? "its value is not one that this command knows"
					 : "the module does not have this knob");
		return CTL_FAILED;
	}
	knob_format(knob, value->value, text);
	source = knob_value_source(knob, value, !pid);
	if (bare)
		printf("%s=%s\n", knob_table[knob].name, text);
	else
		printf("%s=%-*s %s%s%s\n", knob_table[knob].name,
		       (int)(27 - strlen(knob_table[knob].name)), text, source,
		       value->source == WEIR_SOURCE_PROFILE ? " " : "",
		       value->source == WEIR_SOURCE_PROFILE ? profile : "");
	return CTL_OK;
}

int cmd_get(int argc, char **argv)
{
	struct get_args args = { 0 };
	struct knob_value value[WEIR_KNOB_NR];
	char profile[SYSFS_VALUE_MAX] = "";
	int status = CTL_OK, weir, dir, nr, err;
	int *wanted;
	pid_t pid;

	ctl_parse(&argp, argc, argv, 0, CTL_USAGE, &args);
	if (target_parse_or_say(args.arg[0], true, &pid))
		return CTL_USAGE;
	wanted = ctl_alloc(args.nr + WEIR_KNOB_NR, sizeof(*wanted));
	nr = parse_knobs(&args, wanted);
	weir = nr < 0 ? -CTL_USAGE : weir_open_or_say();
	dir = weir < 0 ? weir : target_open_or_say(weir, pid);
	if (dir < 0) {
		status = -dir;
		goto out;
	}
	err = knobs_read(dir, pid != 0, value);
	if (!err && pid)
		err = proc_profile_read(dir, profile);
	if (err) {
		status = target_say_error(pid, NULL, err);
	} else {
		for (int i = 0; i < nr; i++)
			if (print_knob(wanted[i], &value[wanted[i]], pid, profile, args.bare))
				status = CTL_FAILED;
	}
	close(dir);
out:
	if (weir >= 0)
		close(weir);
	free(wanted);
	return status;
}
