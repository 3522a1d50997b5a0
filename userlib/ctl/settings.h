/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weirctl: KNOB=VALUE arguments
 */
#ifndef WEIR_CTL_SETTINGS_H
#define WEIR_CTL_SETTINGS_H

#include <stdbool.h>

#include "knobs.h"

#define SETTING_GIVE_BACK	"default"	/* as a value: back to the layer below */

struct setting {
	enum weir_knob knob;
	bool give_back;		/* VALUE was "default"; @value means nothing */
	long long value;
};

/*
 * Parses argv[0 .. argc - 1], each KNOB=VALUE and none twice, into @settings (room for
 * WEIR_KNOB_NR).  Returns how many, or -1 after having said what is wrong.
 */
int settings_parse(int argc, char **argv, struct setting settings[WEIR_KNOB_NR]);

/* The text that the kernel and the library take for it. */
void setting_format(const struct setting *setting, char buf[KNOB_TEXT_MAX]);

#endif /* WEIR_CTL_SETTINGS_H */
