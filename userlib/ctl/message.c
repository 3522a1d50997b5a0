// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * weirctl: messages and the few helpers that every subcommand needs
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "ctl.h"

static const char *ctl_name = "weirctl";

void ctl_set_name(const char *name)
{
	ctl_name = name;
}

void ctl_error(const char *format, ...)
{
	va_list ap;

	/* A table that is already printed belongs before the complaint about its last line. */
	fflush(stdout);
	fprintf(stderr, "%s: ", ctl_name);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
}

void *ctl_alloc(size_t nmemb, size_t size)
{
	void *p = calloc(nmemb ? nmemb : 1, size);

	if (!p) {
		ctl_error("out of memory");
		exit(CTL_FAILED);
	}
	return p;
}

void ctl_parse(const struct argp *argp, int argc, char **argv, unsigned int flags,
	       int usage_status, void *input)
{
	int err;

	argp_err_exit_status = usage_status;
	err = argp_parse(argp, argc, argv, flags, NULL, input);
	if (err) {
		ctl_error("cannot parse the arguments: error %d", err);
		exit(usage_status);
	}
}

void ctl_print_safe(const char *text)
{
	for (; *text; text++) {
		unsigned char c = *text;

		if (c < ' ' || c == 0x7f || c == '\\')
			printf("\\x%02x", c);
		else
			putchar(c);
	}
}

error_t ctl_parse_nothing(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case ARGP_KEY_ARG:
		argp_error(state, "'%s': nothing is accepted here", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}
