// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * weirctl: the table of subcommands, and what comes before them
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

static const struct ctl_command commands[] = {
	{ "load",	"load the module",				cmd_load },
	{ "unload",	"remove the module",				cmd_unload },
	{ "status",	"module, defaults and totals",			cmd_status },
	{ "ps",		"attached processes, their faults and knobs",	cmd_ps },
	{ "get",	"show the knobs of a process or of the system",	cmd_get },
	{ "set",	"turn knobs of a process or of the system",	cmd_set },
	{ "limits",	"show or change what knobs are kept within",	cmd_limits },
	{ "profile",	"knobs for processes of a name or a cgroup",	cmd_profile },
	{ "trim",	"ask processes to let go of idle memory",	cmd_trim },
	{ "run",	"run a command with libweir",			cmd_run },
};

const char *argp_program_version = "weirctl " WEIR_VERSION;

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	int *command = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		/* The rest is the subcommand's. */
		*command = state->next - 1;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "no command given");
		return 0;
	default:
		(void)arg;
		return ARGP_ERR_UNKNOWN;
	}
}

static const char *const statuses =
	"Exit status:\n\n"
	"  0   done\n"
	"  1   failed, as the message says\n"
	"  2   wrong usage: option, knob, value; nothing was done\n"
	"  3   the module is not loaded, or not to be found\n"
	"  4   no such process, or it is not attached\n"
	"  5   no permission\n"
	"  6   the module is loaded already, or still in use\n"
	"  'run' exits with the command's own status, or\n"
	"  125 if weirctl fails, 126 if the command cannot be run, 127 if there is none.\n\n"
	"'weirctl COMMAND --help' tells more about each; so does weirctl(1).";

static char *help_filter(int key, const char *text, void *input)
{
	char *help = NULL;
	size_t size = 0;
	FILE *f;

	(void)input;
	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)text;
	f = open_memstream(&help, &size);
	if (!f)
		return (char *)text;
	fprintf(f, "Commands:\n\n");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(f, "  %-10s %s\n", commands[i].name, commands[i].summary);
	fprintf(f, "\n%s", statuses);
	fclose(f);
	return help;
}

static const struct argp argp = {
	NULL, parse_option, "COMMAND [ARG...]",
	"Look at and tune the processes that use weir's malloc." "\v" "-",
	NULL, help_filter, NULL,
};

static const struct ctl_command *find_command(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static void say_unknown_command(const char *name)
{
	fprintf(stderr, "weirctl: no command is called '%s'; there are", name);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(stderr, "%s %s", i ? "," : "", commands[i].name);
	fputc('\n', stderr);
}

int main(int argc, char **argv)
{
	const struct ctl_command *command;
	char name[64];
	int at = 0, status;

	ctl_parse(&argp, argc, argv, ARGP_IN_ORDER, CTL_USAGE, &at);
	command = find_command(argv[at]);
	if (!command) {
		say_unknown_command(argv[at]);
		return CTL_USAGE;
	}
	snprintf(name, sizeof(name), "weirctl %s", command->name);
	ctl_set_name(name);
	argv[at] = name;
	status = command->run(argc - at, argv + at);
	/* A full disk must not pass for an empty table. */
	if ((fflush(stdout) || ferror(stdout)) && status == CTL_OK) {
		ctl_error("cannot write the output");
		status = CTL_FAILED;
	}
	return status;
}
