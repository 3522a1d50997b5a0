// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * weirctl run: a command with libweir preloaded
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE	/* asprintf() */
#endif
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "knobs.h"
#include "library.h"
#include "profiles.h"
#include "settings.h"

#define OPTIONS_ENVIRONMENT	"WEIR_OPTIONS"
#define PRELOAD_ENVIRONMENT	"LD_PRELOAD"
#define PROFILE_OPTION		"profile="

static const struct argp_option options[] = {
	{ "profile", 'p', "NAME", 0, "Follow this profile, or with none none; see 'weirctl profile'", 0 },
	{ 0 }
};

struct run_args {
	const char *profile;
	int nr;			/* KNOB=VALUE arguments, at argv[first] */
	int first;
	char **command;		/* ends with NULL, as argv does */
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct run_args *args = state->input;
	int at = state->next - 1;

	switch (key) {
	case 'p':
		args->profile = arg;
		return 0;
	case ARGP_KEY_ARG:
		/* As in env(1): the command is the first argument without '=', or behind "--". */
		if ((state->quoted && at >= state->quoted) || !strchr(arg, '=')) {
			args->command = state->argv + at;
			state->next = state->argc;
			return 0;
		}
		if (!args->nr++)
			args->first = at;
		return 0;
	case ARGP_KEY_END:
		if (!args->command)
			argp_error(state, "no command given");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	options, parse_option, "[KNOB=VALUE...] [--] COMMAND [ARG...]",
	"Run COMMAND with libweir as its malloc and the knobs set as given. It needs no module; with "
	"the module loaded the process is attached and its knobs can be turned while it runs."
	"\v"
	"The knobs are added to " OPTIONS_ENVIRONMENT ", where they replace what it says of the same "
	"knobs; the VALUE " SETTING_GIVE_BACK " just takes a knob out of it. The library is "
	"$" LIBRARY_ENVIRONMENT ", or libweir.so beside weirctl, or the installed one. Programs that "
	"are statically linked or setuid do not preload it.",
	NULL, knob_help_filter, NULL,
};

static int option_is_replaced(const char *option, size_t len, const struct setting *settings,
			      int nr, const char *profile)
{
	const char *equals = memchr(option, '=', len);
	int knob = equals ? knob_find(option, equals - option) : -1;

	if (profile && len >= strlen(PROFILE_OPTION) && !memcmp(option, PROFILE_OPTION, strlen(PROFILE_OPTION)))
		return 1;
	for (int i = 0; i < nr; i++)
		if ((int)settings[i].knob == knob)
			return 1;
	return 0;
}

/* WEIR_OPTIONS with @settings in it; what it says of anything else stays as it is. */
static char *merge_options(const char *old, const struct setting *settings, int nr,
			   const char *profile)
{
	char *merged = NULL, text[KNOB_TEXT_MAX];
	size_t size = 0;
	FILE *f = open_memstream(&merged, &size);

	if (!f)
		return NULL;
	while (old && *old) {
		size_t len = strcspn(old, ",");

		if (len && !option_is_replaced(old, len, settings, nr, profile))
			fprintf(f, "%s%.*s", ftell(f) > 0 ? "," : "", (int)len, old);
		old += len + (old[len] == ',');
	}
	for (int i = 0; i < nr; i++) {
		if (settings[i].give_back)
			continue;
		setting_format(&settings[i], text);
		fprintf(f, "%s%s=%s", ftell(f) > 0 ? "," : "", knob_table[settings[i].knob].name,
			text);
	}
	if (profile)
		fprintf(f, "%s" PROFILE_OPTION "%s", ftell(f) > 0 ? "," : "", profile);
	if (fclose(f)) {
		free(merged);
		return NULL;
	}
	return merged;
}

static int set_options(const struct setting *settings, int nr, const char *profile)
{
	char *merged = merge_options(getenv(OPTIONS_ENVIRONMENT), settings, nr, profile);
	int err;

	if (!merged) {
		ctl_error("out of memory");
		return -1;
	}
	err = *merged ? setenv(OPTIONS_ENVIRONMENT, merged, 1) : unsetenv(OPTIONS_ENVIRONMENT);
	if (err)
		ctl_error(OPTIONS_ENVIRONMENT ": %s", strerror(errno));
	free(merged);
	return err;
}

static int set_preload(void)
{
	const char *old = getenv(PRELOAD_ENVIRONMENT);
	char path[PATH_MAX], *preload;
	int err = library_find(path, sizeof(path));

	if (err) {
		ctl_error("the library is not to be found: %s: %s; " LIBRARY_ENVIRONMENT " can name another",
			  path, strerror(-err));
		return -1;
	}
	/* ld.so(8) splits at both and knows no escape. */
	if (strpbrk(path, " :")) {
		ctl_error("%s: the dynamic linker cannot preload from a path with a space or a colon",
			  path);
		return -1;
	}
	if (asprintf(&preload, "%s%s%s", path, old && *old ? ":" : "", old ? old : "") < 0) {
		ctl_error("out of memory");
		return -1;
	}
	err = setenv(PRELOAD_ENVIRONMENT, preload, 1);
	if (err)
		ctl_error(PRELOAD_ENVIRONMENT ": %s", strerror(errno));
	free(preload);
	return err;
}

int cmd_run(int argc, char **argv)
{
	struct run_args args = { 0 };
	struct setting settings[WEIR_KNOB_NR];
	int err;

	ctl_parse(&argp, argc, argv, ARGP_IN_ORDER, CTL_RUN_FAILED, &args);
	if (settings_parse(args.nr, argv + args.first, settings) < 0)
		return CTL_RUN_FAILED;
	if (args.profile && strcmp(args.profile, "none") && !profile_name_ok_or_say(args.profile))
		return CTL_RUN_FAILED;
	if (set_options(settings, args.nr, args.profile) || set_preload())
		return CTL_RUN_FAILED;
	execvp(args.command[0], args.command);
	err = errno;
	ctl_error("%s: %s", args.command[0], strerror(err));
	return err == ENOENT ? CTL_NO_COMMAND : CTL_CANNOT_EXEC;
}
