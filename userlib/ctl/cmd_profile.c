// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * weirctl profile: knobs with a name, for the processes of a name or a cgroup
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "profiles.h"
#include "settings.h"
#include "target.h"

#define PROFILE_NONE	"none"

struct profile_args {
	int nr;
	char **arg;
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct profile_args *args = state->input;

	(void)arg;
	switch (key) {
	case ARGP_KEY_ARGS:
		args->arg = state->argv + state->next;
		args->nr = state->argc - state->next;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	NULL, parse_option,
	"\n"
	"show NAME\n"
	"create NAME [SETTING...]\n"
	"set NAME SETTING...\n"
	"remove NAME...\n"
	"assign PID NAME|none|default",
	"List the profiles, or show, make, change or remove them, or say by which one a process goes."
	"\v"
	"A SETTING is KNOB=VALUE, match_comm=PATTERN or match_cgroup=PATH. A profile is for the processes "
	"that match all of its conditions, and for those that ask for it (weirctl run --profile) or are told "
	"to go by it. Of several that match, the first by name holds. The VALUE " SETTING_GIVE_BACK " leaves "
	"a knob to the system default; an empty PATTERN or PATH is no condition. 'assign PID "
	SETTING_GIVE_BACK "' gives a process back to whichever profile matches.",
	NULL, knob_help_filter, NULL,
};

static int write_name(int weir, const char *file, const char *name)
{
	char path[sizeof("profiles/") + FILE_NAME_MAX];
	int err;

	snprintf(path, sizeof(path), "profiles/%s", file);
	err = sysfs_write(weir, path, name);
	switch (err) {
	case 0:
		return CTL_OK;
	case -EEXIST:
		ctl_error("there is a profile '%s' already", name);
		return CTL_FAILED;
	case -ENOENT:
		ctl_error("there is no profile '%s' ('weirctl profile' lists them)", name);
		return CTL_FAILED;
	case -ENOSPC:
		ctl_error("'%s': there are as many profiles as there may be", name);
		return CTL_FAILED;
	default:
		return files_say_error("the profiles", file, err);
	}
}

static int change(int weir, const char *name, struct file_change *changes, int nr)
{
	char whose[sizeof("profile ") + WEIR_PROFILE_NAME_LEN];
	int dir = profile_open_or_say(weir, name), status;

	if (dir < 0)
		return -dir;
	snprintf(whose, sizeof(whose), "profile %s", name);
	status = files_change_or_say(dir, whose, changes, nr);
	close(dir);
	return status;
}

static int run_show(int argc, char **argv)
{
	int weir, dir, status;

	(void)argc;
	if (!profile_name_ok_or_say(argv[0]))
		return CTL_USAGE;
	weir = weir_open_or_say();
	dir = weir < 0 ? weir : profile_open_or_say(weir, argv[0]);
	if (weir >= 0)
		close(weir);
	if (dir < 0)
		return -dir;
	status = profile_print(dir, argv[0], false);
	close(dir);
	return status;
}

/* "create" makes it first, and removes it again if it cannot be filled. */
static int run_create_or_set(int argc, char **argv, bool create)
{
	struct file_change changes[PROFILE_FILES];
	int nr, weir, status = CTL_OK;

	if (!profile_name_ok_or_say(argv[0]))
		return CTL_USAGE;
	nr = profile_parse_or_say(argc - 1, argv + 1, changes);
	if (nr < 0)
		return CTL_USAGE;
	weir = weir_open_or_say();
	if (weir < 0)
		return -weir;
	if (create)
		status = write_name(weir, "create", argv[0]);
	if (!status && nr) {
		status = change(weir, argv[0], changes, nr);
		if (status && create)
			write_name(weir, "remove", argv[0]);
	}
	close(weir);
	return status;
}

static int run_create(int argc, char **argv)
{
	return run_create_or_set(argc, argv, true);
}

static int run_set(int argc, char **argv)
{
	return run_create_or_set(argc, argv, false);
}

static int run_remove(int argc, char **argv)
{
	int weir, status = CTL_OK;

	for (int i = 0; i < argc; i++)
		if (!profile_name_ok_or_say(argv[i]))
			return CTL_USAGE;
	weir = weir_open_or_say();
	if (weir < 0)
		return -weir;
	for (int i = 0; i < argc; i++) {
		int one = write_name(weir, "remove", argv[i]);

		status = one ? one : status;
	}
	close(weir);
	return status;
}

static int run_assign(int argc, char **argv)
{
	int weir, dir, err;
	pid_t pid;

	(void)argc;
	if (target_parse_or_say(argv[0], false, &pid))
		return CTL_USAGE;
	if (strcmp(argv[1], PROFILE_NONE) && strcmp(argv[1], SETTING_GIVE_BACK) &&
	    !profile_name_ok_or_say(argv[1]))
		return CTL_USAGE;
	weir = weir_open_or_say();
	dir = weir < 0 ? weir : target_open_or_say(weir, pid);
	if (weir >= 0)
		close(weir);
	if (dir < 0)
		return -dir;
	err = sysfs_write(dir, "profile", argv[1]);
	close(dir);
	if (err == -ENOENT) {
		ctl_error("there is no profile '%s' ('weirctl profile' lists them)", argv[1]);
		return CTL_FAILED;
	}
	return err ? target_say_error(pid, "profile", err) : CTL_OK;
}

static const struct verb {
	const char *name, *wants;
	int min, max;		/* how many arguments */
	int (*run)(int argc, char **argv);
} verbs[] = {
	{ "show", "NAME", 1, 1, run_show },
	{ "create", "NAME [SETTING...]", 1, 1 + PROFILE_FILES, run_create },
	{ "set", "NAME SETTING...", 2, 1 + PROFILE_FILES, run_set },
	{ "remove", "NAME...", 1, 1 << 16, run_remove },
	{ "assign", "PID NAME|none|default", 2, 2, run_assign },
};

int cmd_profile(int argc, char **argv)
{
	struct profile_args args = { 0 };
	int weir, status;

	ctl_parse(&argp, argc, argv, 0, CTL_USAGE, &args);
	for (size_t i = 0; args.nr && i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		const struct verb *verb = &verbs[i];

		if (strcmp(args.arg[0], verb->name))
			continue;
		if (args.nr - 1 >= verb->min && args.nr - 1 <= verb->max)
			return verb->run(args.nr - 1, args.arg + 1);
		ctl_error("%s: wrong number of arguments; accepted: %s %s", verb->name, verb->name,
			  verb->wants);
		return CTL_USAGE;
	}
	if (args.nr) {
		ctl_error("'%s' is nothing to do; accepted: show, create, set, remove, assign, or nothing for a "
			  "list", args.arg[0]);
		return CTL_USAGE;
	}
	weir = weir_open_or_say();
	if (weir < 0)
		return -weir;
	status = profiles_print(weir);
	close(weir);
	return status;
}
