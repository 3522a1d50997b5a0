// SPDX-License-Identifier: LGPL-2.1-or-later
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "profiles.h"
#include "settings.h"

#define COMM_MAX	31
#define CGROUP_MAX	255

const char *const profile_matches[PROFILE_MATCHES] = { "match_comm", "match_cgroup" };

bool profile_name_ok_or_say(const char *name)
{
	static const char *const reserved[] = { "create", "remove", "none", SETTING_GIVE_BACK };
	size_t len = strlen(name);
	bool ok = len && len < WEIR_PROFILE_NAME_LEN && *name != '.' &&
		  strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == len;

	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
		ok &= strcmp(name, reserved[i]) != 0;
	if (!ok)
		ctl_error("'%s' is no name of a profile; accepted: 1 to %d of A-Z a-z 0-9 . _ -, without a dot "
			  "in front, but not create, remove, none and " SETTING_GIVE_BACK,
			  name, WEIR_PROFILE_NAME_LEN - 1);
	return ok;
}

static bool comm_ok(const char *text)
{
	return strlen(text) <= COMM_MAX && !strchr(text, '\n') &&
	       (strlen(text) <= 15 || strpbrk(text, "*?[\\"));
}

static bool cgroup_ok(const char *text)
{
	size_t len = strlen(text);

	if (!len || !strcmp(text, "/"))
		return true;
	return *text == '/' && len <= CGROUP_MAX && text[len - 1] != '/' && !strstr(text, "//") &&
	       !strchr(text, '\n');
}

static int check_match(struct file_change *change)
{
	bool is_comm = !strcmp(change->name, profile_matches[0]);

	snprintf(change->accepted, sizeof(change->accepted), "%s", is_comm ?
		 "the name of a process, at most 15 bytes, or a pattern with *, ? or [...], at most 31; "
		 "nothing for every name" :
		 "the path of a cgroup v2 from the root, as /system.slice, without a slash at its end; "
		 "nothing for every cgroup");
	if (is_comm ? comm_ok(change->text) : cgroup_ok(change->text))
		return 0;
	ctl_error("%s: '%s' is refused; accepted: %s", change->name, change->text, change->accepted);
	return -1;
}

static bool is_match(const char *name)
{
	return !strcmp(name, profile_matches[0]) || !strcmp(name, profile_matches[1]);
}

/* A knob is checked and written as by "set". */
static int check_knob(char *arg, struct file_change *change)
{
	struct setting setting[WEIR_KNOB_NR];
	char text[KNOB_TEXT_MAX], accepted[KNOB_TEXT_MAX];

	if (knob_find(change->name, strlen(change->name)) < 0) {
		ctl_error("a profile has no '%s'; there are match_comm, match_cgroup and the knobs", change->name);
		return -1;
	}
	if (settings_parse(1, &arg, setting) < 0)
		return -1;
	setting_format(&setting[0], text);
	strcpy(change->text, text);
	knob_accepted(setting[0].knob, accepted);
	snprintf(change->accepted, sizeof(change->accepted), "%s, or " SETTING_GIVE_BACK, accepted);
	return 0;
}

int profile_parse_or_say(int argc, char **argv, struct file_change *change)
{
	for (int i = 0; i < argc; i++) {
		/* One more than there are would be given twice, and is found to be. */
		if (i == PROFILE_FILES || file_change_split(argv[i], PROFILE_FORM, &change[i]) ||
		    (is_match(change[i].name) ? check_match(&change[i]) : check_knob(argv[i], &change[i])) ||
		    file_change_check_twice(change, i + 1))
			return -1;
	}
	return argc;
}

int profile_open_or_say(int weir, const char *name)
{
	char path[sizeof("profiles/") + WEIR_PROFILE_NAME_LEN];
	int dir;

	snprintf(path, sizeof(path), "profiles/%s", name);
	dir = sysfs_open_dir_at(weir, path);
	if (dir >= 0)
		return dir;
	if (dir != -ENOENT)
		return -files_say_error("the profile", NULL, dir);
	ctl_error("there is no profile '%s' ('weirctl profile' lists them)", name);
	return -CTL_FAILED;
}

/* An empty condition and a knob that the profile leaves alone are nothing to show. */
static int read_said(int dir, const char *name, bool is_knob, char shown[SYSFS_VALUE_MAX])
{
	int knob = is_knob ? knob_find(name, strlen(name)) : -1;
	char text[KNOB_TEXT_MAX];
	long long value;
	int err = sysfs_read(dir, name, shown);

	if (err)
		return err == -ENOENT ? 0 : err;
	if (!is_knob || !strcmp(shown, SETTING_GIVE_BACK))
		return !is_knob && *shown;
	if (!knob_parse(knob, shown, &value)) {
		knob_format(knob, value, text);
		strcpy(shown, text);
	}
	return 1;
}

int profile_print(int dir, const char *name, bool on_one_line)
{
	char shown[SYSFS_VALUE_MAX];

	for (int i = 0; i < PROFILE_FILES; i++) {
		bool is_knob = i >= PROFILE_MATCHES;
		const char *file = is_knob ? knob_table[i - PROFILE_MATCHES].name : profile_matches[i];
		int said = read_said(dir, file, is_knob, shown);

		if (said < 0)
			return said == -ENODEV ? CTL_OK : files_say_error(name, file, said);
		if (!said)
			continue;
		printf("%s%s=", on_one_line ? " " : "", file);
		ctl_print_safe(shown);
		if (!on_one_line)
			putchar('\n');
	}
	return CTL_OK;
}

static int is_profile(const struct dirent *entry)
{
	return *entry->d_name != '.' && entry->d_type == DT_DIR;
}

static int compare_names(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

int profiles_print(int weir)
{
	struct dirent **entry;
	int nr = scandirat(weir, "profiles", &entry, is_profile, compare_names), status = CTL_OK;

	if (nr < 0)
		return files_say_error("the profiles", NULL, -errno);
	for (int i = 0; i < nr; i++) {
		char path[sizeof("profiles/") + sizeof(entry[i]->d_name)];
		int dir;

		snprintf(path, sizeof(path), "profiles/%s", entry[i]->d_name);
		dir = sysfs_open_dir_at(weir, path);
		/* It may have been removed meanwhile. */
		if (dir >= 0) {
			printf("%s", entry[i]->d_name);
			if (profile_print(dir, entry[i]->d_name, true))
				status = CTL_FAILED;
			putchar('\n');
			close(dir);
		}
		free(entry[i]);
	}
	free(entry);
	return status;
}
