// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * weirctl set: turn knobs, all that are asked for or none
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "knobs.h"
#include "procs.h"
#include "settings.h"
#include "target.h"

struct set_args {
	int nr;
	char **arg;
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct set_args *args = state->input;

	(void)arg;
	switch (key) {
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
	NULL, parse_option, "PID|default KNOB=VALUE...",
	"Turn knobs of the running process PID, or the system defaults that every process follows "
	"which has no value of its own."
	"\v"
	"All values are checked before the first is written; if the kernel refuses one, those "
	"written before it are put back. The VALUE " SETTING_GIVE_BACK " gives a knob back to the layer "
	"below: a process's to its profile or the system default, a system default to the "
	"built-in value. A process acts on a change the next time its malloc takes a slow path.",
	NULL, knob_help_filter, NULL,
};

/* Finds out before the first write what would stop a later one. */
static int check_settings(int dir, pid_t pid, const struct setting *settings, int nr,
			  const struct knob_value *old)
{
	for (int i = 0; i < nr; i++) {
		const char *name = knob_table[settings[i].knob].name;

		if (!old[settings[i].knob].present) {
			ctl_error("%s: the module does not have this knob; module and command differ in version",
				  name);
			return CTL_FAILED;
		}
		if (faccessat(dir, name, W_OK, AT_EACCESS))
			return target_say_error(pid, name, -errno);
	}
	return CTL_OK;
}

/* What brings @knob back to @old: its value if that was the target's own, or the layer below. */
static struct setting undo_setting(pid_t pid, enum weir_knob knob, const struct knob_value *old)
{
	struct setting undo = { .knob = knob, .value = old->value };

	if (pid)
		undo.give_back = old->source == WEIR_SOURCE_BUILTIN ||
				 old->source == WEIR_SOURCE_DEFAULT ||
				 old->source == WEIR_SOURCE_PROFILE;
	else
		undo.give_back = old->source == WEIR_SOURCE_BUILTIN ||
				 (old->source < 0 && old->value == knob_table[knob].builtin);
	return undo;
}

/* Takes back settings[0 .. nr - 1], the last first. */
static void undo_settings(int dir, pid_t pid, const struct setting *settings, int nr,
			  const struct knob_value *old)
{
	for (int i = nr - 1; i >= 0; i--) {
		enum weir_knob knob = settings[i].knob;
		struct setting undo = undo_setting(pid, knob, &old[knob]);
		char text[KNOB_TEXT_MAX];
		int err = -EINVAL;

		if (old[knob].known) {
			setting_format(&undo, text);
			err = sysfs_write(dir, knob_table[knob].name, text);
		}
		if (err)
			ctl_error("%s was changed and could not be put back: %s",
				  knob_table[knob].name, strerror(-err));
		else
			ctl_error("%s was put back to %s", knob_table[knob].name, text);
	}
}

static int say_write_failed(pid_t pid, const struct setting *setting, const char *text, int err)
{
	const char *name = knob_table[setting->knob].name;
	char accepted[KNOB_TEXT_MAX];

	if (err != -EINVAL && err != -ERANGE)
		return target_say_error(pid, name, err);
	knob_accepted(setting->knob, accepted);
	ctl_error("%s: the kernel refuses '%s' (%s); this command knows: %s", name, text,
		  strerror(-err), accepted);
	return CTL_FAILED;
}

static int write_settings(int dir, pid_t pid, const struct setting *settings, int nr,
			  const struct knob_value *old)
{
	for (int i = 0; i < nr; i++) {
		char text[KNOB_TEXT_MAX];
		int err, status;

		setting_format(&settings[i], text);
		err = sysfs_write(dir, knob_table[settings[i].knob].name, text);
		if (!err)
			continue;
		status = say_write_failed(pid, &settings[i], text, err);
		if (status != CTL_NO_PROCESS)
			undo_settings(dir, pid, settings, i, old);
		return status;
	}
	return CTL_OK;
}

int cmd_set(int argc, char **argv)
{
	struct set_args args = { 0 };
	struct setting settings[WEIR_KNOB_NR];
	struct knob_value old[WEIR_KNOB_NR];
	int weir, dir, nr, err, status;
	pid_t pid;

	ctl_parse(&argp, argc, argv, 0, CTL_USAGE, &args);
	if (target_parse_or_say(args.arg[0], true, &pid))
		return CTL_USAGE;
	if (args.nr < 2) {
		ctl_error("which knob? Give one KNOB=VALUE or more");
		return CTL_USAGE;
	}
	nr = settings_parse(args.nr - 1, args.arg + 1, settings);
	if (nr < 0)
		return CTL_USAGE;
	weir = weir_open_or_say();
	if (weir < 0)
		return -weir;
	dir = target_open_or_say(weir, pid);
	close(weir);
	if (dir < 0)
		return -dir;
	err = knobs_read(dir, pid != 0, old);
	status = err ? target_say_error(pid, NULL, err) : CTL_OK;
	if (!status)
		status = check_settings(dir, pid, settings, nr, old);
	if (!status)
		status = write_settings(dir, pid, settings, nr, old);
	close(dir);
	return status;
}
