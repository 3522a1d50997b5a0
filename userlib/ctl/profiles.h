/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weirctl: profiles, their names and their files
 */
#ifndef WEIR_CTL_PROFILES_H
#define WEIR_CTL_PROFILES_H

#include <stdbool.h>
#include <linux/weir.h>

#include "files.h"

#define PROFILE_MATCHES	2
#define PROFILE_FILES	(WEIR_KNOB_NR + PROFILE_MATCHES)
#define PROFILE_FORM	"KNOB=VALUE, match_comm=PATTERN or match_cgroup=PATH"

/* match_comm and match_cgroup. */
extern const char *const profile_matches[PROFILE_MATCHES];

/* Whether the text can be a profile's name; says what is accepted if not. */
bool profile_name_ok_or_say(const char *name);

/* Parses arguments of PROFILE_FORM, room for PROFILE_FILES; how many, or -1 after having said why. */
int profile_parse_or_say(int argc, char **argv, struct file_change *change);

/* The directory of a profile as a descriptor, or a negated exit status after having said why. */
int profile_open_or_say(int weir, const char *name);

/* Prints what a profile says, each on a line or all on one; returns an exit status. */
int profile_print(int dir, const char *name, bool on_one_line);

/* Prints a line for each profile. */
int profiles_print(int weir);

#endif /* WEIR_CTL_PROFILES_H */
