// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctl.h"
#include "settings.h"

static int setting_parse(const char *arg, struct setting *setting)
{
	const char *equals = strchr(arg, '=');
	char accepted[KNOB_TEXT_MAX];
	int knob, err;

	if (!equals) {
		ctl_error("'%s' is not of the form KNOB=VALUE", arg);
		return -1;
	}
	knob = knob_find(arg, equals - arg);
	if (knob < 0) {
		knob_say_unknown(arg, equals - arg);
		return -1;
	}
	*setting = (struct setting){ .knob = knob };
	setting->give_back = !strcmp(equals + 1, SETTING_GIVE_BACK);
	if (setting->give_back)
		return 0;
	err = knob_parse(knob, equals + 1, &setting->value);
	if (err) {
		knob_accepted(knob, accepted);
		ctl_error("%s: '%s' is %s; accepted: %s, or " SETTING_GIVE_BACK, knob_table[knob].name,
			  equals + 1, err == -ERANGE ? "out of range" : "no value of this knob",
			  accepted);
		return -1;
	}
	return 0;
}

int settings_parse(int argc, char **argv, struct setting settings[WEIR_KNOB_NR])
{
	unsigned int seen = 0;

	for (int i = 0; i < argc; i++) {
		struct setting s;

		if (setting_parse(argv[i], &s))
			return -1;
		if (seen & (1u << s.knob)) {
			ctl_error("%s is given twice", knob_table[s.knob].name);
			return -1;
		}
		seen |= 1u << s.knob;
		settings[i] = s;
	}
	return argc;
}

void setting_format(const struct setting *setting, char buf[KNOB_TEXT_MAX])
{
	if (setting->give_back)
		snprintf(buf, KNOB_TEXT_MAX, "%s", SETTING_GIVE_BACK);
	else
		knob_format_raw(setting->knob, setting->value, buf);
}
