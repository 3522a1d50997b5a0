// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "ctl.h"
#include "module.h"

int module_read(const char *name, char value[SYSFS_VALUE_MAX])
{
	int dir = sysfs_open_dir("module/" MODULE_NAME), err;

	if (dir < 0)
		return dir;
	err = sysfs_read(dir, name, value);
	close(dir);
	return err;
}

enum module_state module_state(void)
{
	char state[SYSFS_VALUE_MAX];

	/* A module built into the kernel has no initstate, and weir is never built in. */
	if (module_read("initstate", state))
		return MODULE_ABSENT;
	if (!strcmp(state, "live"))
		return MODULE_LIVE;
	return !strcmp(state, "coming") ? MODULE_COMING : MODULE_GOING;
}

long module_use_count(void)
{
	char text[SYSFS_VALUE_MAX], *end;
	long count;

	if (module_read("refcnt", text))
		return -1;
	count = strtol(text, &end, 10);
	return end == text || *end || count < 0 ? -1 : count;
}

/* What libkmod has to say is said here in other words. */
static void log_nothing(void *data, int priority, const char *file, int line, const char *fn,
			const char *format, va_list args)
{
	(void)data;
	(void)priority;
	(void)file;
	(void)line;
	(void)fn;
	(void)format;
	(void)args;
}

struct kmod_ctx *module_context_or_say(void)
{
	struct kmod_ctx *ctx = kmod_new(NULL, NULL);

	if (!ctx)
		ctl_error("libkmod cannot be used: %s", strerror(errno));
	else
		kmod_set_log_fn(ctx, log_nothing, NULL);
	return ctx;
}

static struct kmod_module *find_by_path(struct kmod_ctx *ctx, const char *path, int *status)
{
	struct kmod_module *mod = NULL;
	char real[PATH_MAX];
	int err = 0;

	/* libkmod would take a name without a slash for one in the current directory, too. */
	if (!realpath(path, real)) {
		ctl_error("%s: %s", path, strerror(errno));
		*status = errno == EACCES ? CTL_DENIED : CTL_NO_MODULE;
		return NULL;
	}
	err = kmod_module_new_from_path(ctx, real, &mod);
	if (err < 0) {
		ctl_error("%s: %s", path, err == -ENOENT ? "is no module file (*.ko)"
							 : strerror(-err));
		*status = CTL_NO_MODULE;
		return NULL;
	}
	if (strcmp(kmod_module_get_name(mod), MODULE_NAME)) {
		ctl_error("%s: its name says that it is the module '%s', not " MODULE_NAME, path,
			  kmod_module_get_name(mod));
		*status = CTL_NO_MODULE;
		kmod_module_unref(mod);
		return NULL;
	}
	return mod;
}

struct kmod_module *module_find_or_say(struct kmod_ctx *ctx, const char *path, int *status)
{
	struct kmod_module *mod;
	struct utsname kernel;
	int err;

	if (path)
		return find_by_path(ctx, path, status);
	err = kmod_module_new_from_name(ctx, MODULE_NAME, &mod);
	if (err < 0) {
		ctl_error("libkmod: %s", strerror(-err));
		*status = CTL_FAILED;
		return NULL;
	}
	if (!kmod_module_get_path(mod)) {
		uname(&kernel);
		ctl_error("there is no module " MODULE_NAME " for this kernel: looked in /lib/modules/%s, "
			  "as depmod(8) has indexed it; --module PATH loads a given file",
			  kernel.release);
		*status = CTL_NO_MODULE;
		kmod_module_unref(mod);
		return NULL;
	}
	return mod;
}

int module_installed_path(char *path, size_t size)
{
	struct kmod_ctx *ctx = kmod_new(NULL, NULL);
	struct kmod_module *mod = NULL;
	int err = -ENOENT;

	if (!ctx)
		return -ENOMEM;
	kmod_set_log_fn(ctx, log_nothing, NULL);
	if (kmod_module_new_from_name(ctx, MODULE_NAME, &mod) >= 0 && kmod_module_get_path(mod)) {
		snprintf(path, size, "%s", kmod_module_get_path(mod));
		err = 0;
	}
	kmod_module_unref(mod);
	kmod_unref(ctx);
	return err;
}

int module_say_denied(const char *what)
{
	if (geteuid() != 0)
		ctl_error("not root: %s modules takes CAP_SYS_MODULE", what);
	else
		ctl_error("the kernel denies %s modules even to root: see kernel.modules_disabled, "
			  "lockdown, and whether this is a container", what);
	return CTL_DENIED;
}
