// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "knobs.h"
#include "params.h"
#include "settings.h"
#include "units.h"

/* The integer types that module_param() knows; the wider ones are as wide as long long here. */
static const struct {
	const char *name;
	long long min;
	long long max;
} integer_types[] = {
	{ "byte",	0,		0xff },
	{ "short",	-0x8000,	0x7fff },
	{ "ushort",	0,		0xffff },
	{ "int",	-0x80000000LL,	0x7fffffff },
	{ "uint",	0,		0xffffffffLL },
	{ "long",	-0x7fffffffffffffffLL, 0x7fffffffffffffffLL },
	{ "ulong",	0,		0x7fffffffffffffffLL },
	{ "ullong",	0,		0x7fffffffffffffffLL },
};

/*
 * The text behind "NAME:" in the modinfo entry @key for the parameter @name, NULL if there is
 * none.
 */
static const char *find_info(const struct kmod_list *info, const char *key, const char *name,
			     size_t len)
{
	const struct kmod_list *entry;

	kmod_list_foreach(entry, info) {
		const char *value = kmod_module_info_get_value(entry);

		if (!strcmp(kmod_module_info_get_key(entry), key) && !strncmp(value, name, len) &&
		    value[len] == ':')
			return value + len + 1;
	}
	return NULL;
}

static void say_unknown_param(const struct kmod_list *info, const char *name, size_t len)
{
	const struct kmod_list *entry;
	char *names = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&names, &size);

	if (!f)
		return;
	kmod_list_foreach(entry, info) {
		const char *key = kmod_module_info_get_key(entry);
		const char *value = kmod_module_info_get_value(entry);

		/* Every parameter has a type; a description is optional, and so is a type callback. */
		if (!strcmp(key, "parmtype") ||
		    (!strcmp(key, "parm") &&
		     !find_info(info, "parmtype", value, strcspn(value, ":"))))
			fprintf(f, "%s%.*s", ftell(f) > 0 ? ", " : "", (int)strcspn(value, ":"),
				value);
	}
	fclose(f);
	if (*names)
		ctl_error("the module has no parameter '%.*s'; there are %s", (int)len, name, names);
	else
		ctl_error("the module has no parameter '%.*s'; it takes none", (int)len, name);
	free(names);
}

static int check_integer(const char *name, size_t len, const char *type, const char *value)
{
	for (size_t i = 0; i < sizeof(integer_types) / sizeof(integer_types[0]); i++) {
		long long v;

		if (strcmp(type, integer_types[i].name))
			continue;
		if (!units_parse(value, false, &v) && v >= integer_types[i].min &&
		    v <= integer_types[i].max)
			return 0;
		ctl_error("%.*s: '%s' is refused; accepted: a number from %lld to %lld", (int)len,
			  name, value, integer_types[i].min, integer_types[i].max);
		return -1;
	}
	/* Text, or a type that only the module knows. */
	return 0;
}

static int check_bool(const char *name, size_t len, const char *value)
{
	static const char *const words[] = { "0", "1", "y", "n", "Y", "N", "on", "off" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(value, words[i]))
			return 0;
	ctl_error("%.*s: '%s' is refused; accepted: y, n, 1, 0, on or off", (int)len, name, value);
	return -1;
}

static int check_knob(int knob, const char *value)
{
	char accepted[KNOB_TEXT_MAX];
	long long v;

	if (!strcmp(value, SETTING_GIVE_BACK) || !knob_parse(knob, value, &v))
		return 0;
	knob_accepted(knob, accepted);
	ctl_error("%s: '%s' is refused; accepted: %s, or " SETTING_GIVE_BACK,
		  knob_table[knob].name, value, accepted);
	return -1;
}

static int check_param(const struct kmod_list *info, const char *arg)
{
	size_t len = strcspn(arg, "=");
	const char *type = find_info(info, "parmtype", arg, len), *value;
	int knob = knob_find(arg, len);

	if (!arg[len] || !len) {
		ctl_error("'%s' is not of the form PARAM=VALUE", arg);
		return -1;
	}
	if (!type && !find_info(info, "parm", arg, len)) {
		say_unknown_param(info, arg, len);
		return -1;
	}
	value = arg + len + 1;
	/* The kernel takes its parameters as one line of words. */
	if (!*value || strpbrk(value, " \t\n\r\v\f\"")) {
		ctl_error("%.*s: '%s' is refused; accepted: a value without spaces and quotes",
			  (int)len, arg, value);
		return -1;
	}
	if (knob >= 0)
		return check_knob(knob, value);
	if (type && !strcmp(type, "bool"))
		return check_bool(arg, len, value);
	return type ? check_integer(arg, len, type, value) : 0;
}

static int check_twice(int argc, char **argv, int i)
{
	size_t len = strcspn(argv[i], "=") + 1;

	for (int j = i + 1; j < argc; j++) {
		if (!strncmp(argv[i], argv[j], len)) {
			ctl_error("%.*s is given twice", (int)len - 1, argv[i]);
			return -1;
		}
	}
	return 0;
}

char *params_check_or_say(struct kmod_module *mod, int argc, char **argv, int *status)
{
	struct kmod_list *info = NULL;
	char *line = NULL;
	size_t size = 0;
	FILE *f;
	int err;

	*status = CTL_FAILED;
	err = kmod_module_get_info(mod, &info);
	if (err < 0) {
		ctl_error("%s: cannot be read as a module: %s", kmod_module_get_path(mod),
			  strerror(-err));
		return NULL;
	}
	err = 0;
	for (int i = 0; i < argc && !err; i++) {
		err = check_param(info, argv[i]);
		if (!err)
			err = check_twice(argc, argv, i);
	}
	kmod_module_info_free_list(info);
	if (err) {
		*status = CTL_USAGE;
		return NULL;
	}
	f = open_memstream(&line, &size);
	if (!f) {
		ctl_error("out of memory");
		return NULL;
	}
	for (int i = 0; i < argc; i++)
		fprintf(f, "%s%s", i ? " " : "", argv[i]);
	fclose(f);
	return line;
}
