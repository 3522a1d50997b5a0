// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * weirctl: from what the user names to the directory it means, with words where there is none
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "procs.h"
#include "settings.h"
#include "target.h"
#include "units.h"

/* PID_MAX_LIMIT of the kernel: no pid is larger. */
#define PID_LARGEST	(4 * 1024 * 1024)

int weir_open_or_say(void)
{
	int weir = sysfs_open_weir();

	if (weir >= 0)
		return weir;
	if (weir == -ENOENT || weir == -ENOTDIR) {
		ctl_error("the module weir is not loaded ('weirctl load' loads it)");
		return -CTL_NO_MODULE;
	}
	ctl_error(WEIR_SYSFS ": %s", strerror(-weir));
	return weir == -EACCES ? -CTL_DENIED : -CTL_FAILED;
}

int target_parse_or_say(const char *text, bool accept_default, pid_t *pid)
{
	long long v;

	if (accept_default && !strcmp(text, SETTING_GIVE_BACK)) {
		*pid = 0;
		return 0;
	}
	if (units_parse(text, false, &v) || v < 1 || v > PID_LARGEST) {
		ctl_error("'%s' is no process; accepted: a pid from 1 to %d%s", text, PID_LARGEST,
			  accept_default ? ", or " SETTING_GIVE_BACK " for the system defaults" : "");
		return -CTL_USAGE;
	}
	*pid = v;
	return 0;
}

/* The value of "Tgid:" in /proc/<pid>/status, 0 if there is none. */
static pid_t thread_group(pid_t pid)
{
	char path[64], line[256];
	int tgid = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "re");
	while (f && !tgid && fgets(line, sizeof(line), f))
		if (!strncmp(line, "Tgid:", 5))
			tgid = atoi(line + 5);
	if (f)
		fclose(f);
	return tgid;
}

void proc_say_missing(pid_t pid)
{
	pid_t group = thread_group(pid);

	if (kill(pid, 0) && errno == ESRCH)
		ctl_error("no process has the pid %d", pid);
	else if (group && group != pid)
		ctl_error("%d is a thread of process %d; accepted: the pid of a process", pid, group);
	else
		ctl_error("process %d is not attached: it does not run with libweir ('weirctl run' "
			  "starts a command with it)", pid);
}

int target_open_or_say(int weir, pid_t pid)
{
	char name[64] = "defaults";
	int dir;

	if (pid)
		snprintf(name, sizeof(name), "processes/%d", pid);
	dir = sysfs_open_dir_at(weir, name);
	if (dir >= 0)
		return dir;
	if (dir == -ENOENT && pid) {
		proc_say_missing(pid);
		return -CTL_NO_PROCESS;
	}
	return -target_say_error(pid, NULL, dir);
}

int target_say_error(pid_t pid, const char *file, int err)
{
	char whose[32] = "the system defaults";

	if (pid)
		snprintf(whose, sizeof(whose), "process %d", pid);
	switch (err) {
	case -ENOENT:
	case -ENODEV:
	case -ESRCH:
		if (!pid)
			break;
		ctl_error("process %d has gone, or is no longer attached", pid);
		return CTL_NO_PROCESS;
	case -EACCES:
	case -EPERM:
		ctl_error("no permission for %s of %s: %s", file ? file : "the knobs", whose,
			  pid ? "it belongs to another user" : "that takes root");
		return CTL_DENIED;
	}
	ctl_error("%s of %s: %s", file ? file : "the knobs", whose, strerror(-err));
	return CTL_FAILED;
}
