// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * weirctl limits: what every knob is kept within
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "files.h"
#include "knobs.h"
#include "settings.h"
#include "target.h"
#include "units.h"

#define PER_UID		"processes_per_uid"
#define PER_UID_MAX	4194304
#define LIMITS_MAX	(2 * WEIR_KNOB_NR + 1)
#define WHOSE		"the limits"
#define FORM		"LIMIT=VALUE"

struct limits_args {
	bool bare;
	int nr;
	char **arg;
};

static const struct argp_option options[] = {
	{ "bare", 'b', NULL, 0, "Print " FORM " alone, as this command takes it", 0 },
	{ 0 }
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct limits_args *args = state->input;

	(void)arg;
	switch (key) {
	case 'b':
		args->bare = true;
		return 0;
	case ARGP_KEY_ARGS:
		args->arg = state->argv + state->next;
		args->nr = state->argc - state->next;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	options, parse_option, "[" FORM "...]",
	"Show or change the limits, which keep each knob within a lowest and a highest value whoever has "
	"written it, and the number of processes that a user may have attached."
	"\v"
	"A LIMIT is KNOB_min or KNOB_max with a VALUE of that knob, or " PER_UID " with a number. The "
	"VALUE " SETTING_GIVE_BACK " lifts it. What was written to a knob is remembered, and holds again "
	"when a limit is lifted. 'trim_threshold=-1' and 'arena_max=0' are above every number; policies go "
	"from fixed to dynamic to auto. All limits are checked before the first is written; if the kernel "
	"refuses one, the others are put back.",
	NULL, knob_help_filter, NULL,
};

/* The knob of a limit's name, or -1. */
static int knob_of_limit(const char *name)
{
	size_t len = strlen(name);

	if (len < 5 || (strcmp(name + len - 4, "_min") && strcmp(name + len - 4, "_max")))
		return -1;
	return knob_find(name, len - 4);
}

static int say_bad_value(const struct file_change *change)
{
	ctl_error("%s: '%s' is refused; accepted: %s", change->name, change->text, change->accepted);
	return -1;
}

static int check_per_uid(struct file_change *change)
{
	long long v;

	snprintf(change->accepted, sizeof(change->accepted), "a number from 0 to %d, or " SETTING_GIVE_BACK,
		 PER_UID_MAX);
	if (!strcmp(change->text, SETTING_GIVE_BACK))
		return 0;
	if (units_parse(change->text, false, &v) || v < 0 || v > PER_UID_MAX)
		return say_bad_value(change);
	return 0;
}

static int check_limit(struct file_change *change)
{
	int knob = knob_of_limit(change->name);
	char accepted[KNOB_TEXT_MAX], text[KNOB_TEXT_MAX];
	long long v;

	if (!strcmp(change->name, PER_UID))
		return check_per_uid(change);
	if (knob < 0) {
		ctl_error("no limit is called '%s'; there are " PER_UID ", and the name of a knob with "
			  "_min or _max behind it", change->name);
		return -1;
	}
	knob_accepted(knob, accepted);
	snprintf(change->accepted, sizeof(change->accepted),
		 "%s, with the minimum not above the maximum, or " SETTING_GIVE_BACK, accepted);
	if (!strcmp(change->text, SETTING_GIVE_BACK))
		return 0;
	if (knob_parse(knob, change->text, &v))
		return say_bad_value(change);
	knob_format_raw(knob, v, text);
	strcpy(change->text, text);
	return 0;
}

static int change_limits(int dir, int argc, char **argv)
{
	/* One more than there are: the last is then found to be given twice. */
	struct file_change change[LIMITS_MAX + 1];

	for (int i = 0; i < argc; i++) {
		if (file_change_split(argv[i], FORM, &change[i]) || check_limit(&change[i]) ||
		    file_change_check_twice(change, i + 1))
			return CTL_USAGE;
	}
	if (dir < 0)
		return CTL_OK;
	return files_change_or_say(dir, WHOSE, change, argc);
}

static void print_limit(const char *name, const char *text, bool is_limit, bool bare)
{
	if (bare)
		printf("%s=%s\n", name, text);
	else
		printf("%s=%-*s %s\n", name, (int)(31 - strlen(name)), text, is_limit ? "limit" : "none");
}

/* Whether a value ends nothing: the lowest or highest that the knob takes, "no end" above all. */
static bool is_no_limit(enum weir_knob knob, bool is_max, long long value)
{
	const struct knob *k = &knob_table[knob];

	if (knob == WEIR_KNOB_TRIM_THRESHOLD)
		return value == (is_max ? -1 : 0);
	if (knob == WEIR_KNOB_ARENA_MAX)
		return value == (is_max ? 0 : 1);
	return value == (is_max ? k->max : k->min);
}

static int print_knob_limit(int dir, enum weir_knob knob, bool is_max, bool bare)
{
	char name[FILE_NAME_MAX], text[SYSFS_VALUE_MAX], shown[KNOB_TEXT_MAX];
	long long value;
	int err;

	snprintf(name, sizeof(name), "%s_%s", knob_table[knob].name, is_max ? "max" : "min");
	err = sysfs_read(dir, name, text);
	if (err)
		return files_say_error(WHOSE, name, err);
	if (knob_parse(knob, text, &value)) {
		ctl_error("%s: its value is not one that this command knows; module and command differ in "
			  "version", name);
		return CTL_FAILED;
	}
	knob_format(knob, value, shown);
	print_limit(name, shown, !is_no_limit(knob, is_max, value), bare);
	return CTL_OK;
}

static int print_limits(int dir, bool bare)
{
	unsigned long long per_uid;
	char text[UNITS_TEXT_MAX];
	int status = CTL_OK, err;

	for (int i = 0; i < 2 * WEIR_KNOB_NR; i++)
		if (print_knob_limit(dir, i / 2, i % 2, bare))
			status = CTL_FAILED;
	err = sysfs_read_u64(dir, PER_UID, &per_uid);
	/* A module older than this command. */
	if (err == -ENOENT)
		return status;
	if (err)
		return files_say_error(WHOSE, PER_UID, err);
	snprintf(text, sizeof(text), "%llu", per_uid);
	print_limit(PER_UID, text, true, bare);
	return status;
}

int cmd_limits(int argc, char **argv)
{
	struct limits_args args = { 0 };
	int weir, dir, status;

	ctl_parse(&argp, argc, argv, 0, CTL_USAGE, &args);
	/* What is wrong in itself is said first. */
	status = change_limits(-1, args.nr, args.arg);
	if (status)
		return status;
	weir = weir_open_or_say();
	if (weir < 0)
		return -weir;
	dir = sysfs_open_dir_at(weir, "limits");
	close(weir);
	if (dir < 0)
		return files_say_error(WHOSE, NULL, dir);
	status = args.nr ? change_limits(dir, args.nr, args.arg) : print_limits(dir, args.bare);
	close(dir);
	return status;
}
