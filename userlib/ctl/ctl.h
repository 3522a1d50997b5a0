/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weirctl: what its subcommands share
 *
 * A subcommand is one file, cmd_<name>.c, with one entry in the table of weirctl.c.  It parses
 * its own arguments with argp and returns an exit status.
 */
#ifndef WEIR_CTL_H
#define WEIR_CTL_H

#include <argp.h>

#ifndef WEIR_VERSION
#define WEIR_VERSION	"1.0.0"
#endif

/* Exit statuses; scripts rely on them, and the manual page lists them. */
enum ctl_exit {
	CTL_OK		= 0,
	CTL_FAILED	= 1,	/* anything that has no status of its own */
	CTL_USAGE	= 2,	/* options, names and values; nothing was done */
	CTL_NO_MODULE	= 3,	/* weir.ko is not loaded, or not to be found */
	CTL_NO_PROCESS	= 4,	/* no such process, or it is not attached */
	CTL_DENIED	= 5,	/* permission */
	CTL_BUSY	= 6,	/* already loaded; still in use */

	/* "run" keeps to what env(1) and nice(1) do. */
	CTL_RUN_FAILED	= 125,	/* weirctl itself failed, usage included */
	CTL_CANNOT_EXEC	= 126,
	CTL_NO_COMMAND	= 127,
};

struct ctl_command {
	const char *name;
	const char *summary;
	int (*run)(int argc, char **argv);
};

int cmd_get(int argc, char **argv);
int cmd_limits(int argc, char **argv);
int cmd_load(int argc, char **argv);
int cmd_profile(int argc, char **argv);
int cmd_ps(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_set(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_trim(int argc, char **argv);
int cmd_unload(int argc, char **argv);

/* Prints "weirctl <subcommand>: <message>" to standard error. */
void ctl_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The name that ctl_error() puts in front. */
void ctl_set_name(const char *name);

/* calloc() that ends the program instead of returning NULL. */
void *ctl_alloc(size_t nmemb, size_t size);

/* An argp parser for subcommands that accept nothing. */
error_t ctl_parse_nothing(int key, char *arg, struct argp_state *state);

/*
 * Runs argp in order of arguments (options may not follow the first argument of "run").  On a
 * usage error argp itself ends the program with @usage_status.
 */
void ctl_parse(const struct argp *argp, int argc, char **argv, unsigned int flags,
	       int usage_status, void *input);

/* Prints @text with what a terminal would act on written as \xNN. */
void ctl_print_safe(const char *text);

#endif /* WEIR_CTL_H */
