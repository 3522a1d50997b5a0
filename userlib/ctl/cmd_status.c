// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * weirctl status: what there is on this machine
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "ctl.h"
#include "knobs.h"
#include "library.h"
#include "module.h"
#include "procs.h"
#include "target.h"

#define LABEL	"%-10s "

static const struct argp argp = {
	NULL, ctl_parse_nothing, "",
	"Show the module and what it can do, how many processes are attached, the totals, the "
	"system defaults and the library."
	"\v"
	"The exit status is 3 if the module is not loaded.",
	NULL, NULL, NULL,
};

static void print_absent(void)
{
	char path[PATH_MAX];
	struct utsname kernel;

	printf(LABEL "not loaded\n", "module");
	uname(&kernel);
	if (module_installed_path(path, sizeof(path)))
		printf(LABEL "none for this kernel in /lib/modules/%s\n", "", kernel.release);
	else
		printf(LABEL "%s ('weirctl load' loads it)\n", "", path);
}

static void print_module(void)
{
	char version[SYSFS_VALUE_MAX];
	long users = module_use_count();

	printf(LABEL "loaded", "module");
	if (!module_read("version", version)) {
		printf(", version ");
		ctl_print_safe(version);
	}
	if (users >= 0)
		printf(", use count %ld", users);
	putchar('\n');
}

/* The device is the machine's own even where sysfs is not. */
static void print_device(void)
{
	static const struct {
		__u64 bit;
		const char *name;
	} features[] = {
		{ WEIR_FEATURE_KNOBS, "knobs" },
		{ WEIR_FEATURE_COUNTERS, "counters" },
		{ WEIR_FEATURE_REGIONS, "regions" },
		{ WEIR_FEATURE_INHERIT, "inherit" },
		{ WEIR_FEATURE_PROFILES, "profiles" },
	};
	struct weir_info info = { .size = sizeof(info) };
	struct stat st;
	int fd;

	if (sysfs_is_fake())
		return;
	fd = open(WEIR_DEVICE, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) || ioctl(fd, WEIR_IOC_INFO, &info)) {
		printf(LABEL WEIR_DEVICE ": %s\n", "device", strerror(errno));
		if (fd >= 0)
			close(fd);
		return;
	}
	close(fd);
	printf(LABEL WEIR_DEVICE ", mode %04o\n", "device", st.st_mode & 07777);
	printf("%-10s", "features");
	for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
		if (info.features & features[i].bit)
			printf(" %s", features[i].name);
		info.features &= ~features[i].bit;
	}
	if (info.features)
		printf(" and 0x%llx, which this command does not know",
		       (unsigned long long)info.features);
	putchar('\n');
}

static void print_totals(int weir)
{
	int stats = sysfs_open_dir_at(weir, "stats");
	unsigned long long n;

	if (stats < 0)
		return;
	printf(LABEL, "attached");
	if (!sysfs_read_u64(stats, "attached", &n))
		printf("%llu process%s now", n, n == 1 ? "" : "es");
	if (!sysfs_read_u64(stats, "attaches", &n))
		printf(", %llu since the module was loaded", n);
	printf("\n%-10s", "faults");
	for (int i = 0; i < PROC_COUNTERS; i++)
		if (!sysfs_read_u64(stats, proc_counter_names[i], &n))
			printf(" %s %llu", proc_counter_names[i], n);
	putchar('\n');
	close(stats);
}

static int print_defaults(int weir)
{
	struct knob_value value[WEIR_KNOB_NR];
	char text[KNOB_TEXT_MAX], builtin[KNOB_TEXT_MAX];
	int dir = target_open_or_say(weir, 0), err;

	if (dir < 0)
		return -dir;
	err = knobs_read(dir, false, value);
	close(dir);
	if (err)
		return target_say_error(0, NULL, err);
	for (int i = 0; i < WEIR_KNOB_NR; i++) {
		if (!value[i].present || !value[i].known)
			continue;
		knob_format(i, value[i].value, text);
		knob_format(i, knob_table[i].builtin, builtin);
		printf(LABEL "%s=%-*s %s (built in: %s)\n", i ? "" : "defaults", knob_table[i].name,
		       (int)(27 - strlen(knob_table[i].name)), text,
		       knob_value_source(i, &value[i], true), builtin);
	}
	return CTL_OK;
}

static void print_library(void)
{
	char path[PATH_MAX];
	int err = library_find(path, sizeof(path));

	if (err)
		printf(LABEL "%s: %s\n", "library", path, strerror(-err));
	else
		printf(LABEL "%s\n", "library", path);
}

int cmd_status(int argc, char **argv)
{
	enum module_state state;
	int weir, status;

	ctl_parse(&argp, argc, argv, 0, CTL_USAGE, NULL);
	state = module_state();
	weir = sysfs_open_weir();
	if (state == MODULE_COMING || state == MODULE_GOING) {
		printf(LABEL "being %s\n", "module", state == MODULE_COMING ? "loaded" : "removed");
		status = CTL_NO_MODULE;
	} else if (weir < 0) {
		if (state == MODULE_ABSENT)
			print_absent();
		else
			printf(LABEL "loaded, but " WEIR_SYSFS ": %s\n", "module", strerror(-weir));
		status = CTL_NO_MODULE;
	} else {
		print_module();
		print_device();
		print_totals(weir);
		status = print_defaults(weir);
	}
	print_library();
	if (weir >= 0)
		close(weir);
	return status;
}
