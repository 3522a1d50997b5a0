// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * weirctl load
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "ctl.h"
#include "module.h"
#include "params.h"

struct load_args {
	const char *path;
	int nr;
	char **arg;
};

static const struct argp_option options[] = {
	{ "module", 'm', "PATH", 0,
	  "Load this file, as insmod does, instead of the one installed for the kernel", 0 },
	{ 0 }
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct load_args *args = state->input;

	switch (key) {
	case 'm':
		args->path = arg;
		return 0;
	case ARGP_KEY_ARGS:
		args->arg = state->argv + state->next;
		args->nr = state->argc - state->next;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	options, parse_option, "[PARAM=VALUE...]",
	"Load the module weir, with what modprobe.d(5) says about it and the parameters given."
	"\v"
	"Parameters are checked before anything is loaded. With --module the configuration of "
	"modprobe is not looked at.",
	NULL, NULL, NULL,
};

static void say_wrong_kernel(const char *path)
{
	struct utsname kernel;

	uname(&kernel);
	ctl_error("%s is not a module for this kernel (%s): modinfo -F vermagic shows its own", path,
		  kernel.release);
}

static int say_load_failed(int err, const char *path, const char *params)
{
	switch (err) {
	case -EEXIST:
		ctl_error("the module " MODULE_NAME " is already loaded");
		return CTL_BUSY;
	case -EPERM:
	case -EACCES:
		return module_say_denied("loading");
	case -ENOSYS:
		ctl_error("this kernel cannot load modules");
		return CTL_FAILED;
	case -ENOEXEC:
		say_wrong_kernel(path);
		return CTL_FAILED;
	case -EKEYREJECTED:
	case -ENOKEY:
		ctl_error("the kernel accepts signed modules only, and trusts no signature of %s",
			  path);
		return CTL_DENIED;
	case -EINVAL:
	case -ERANGE:
		if (*params) {
			ctl_error("the kernel refuses a value in '%s': %s; its log (dmesg) names it",
				  params, strerror(-err));
			return CTL_USAGE;
		}
		break;
	case -ENOENT:
		ctl_error("%s needs a symbol that this kernel does not have; its log (dmesg) names it",
			  path);
		return CTL_FAILED;
	}
	ctl_error("%s: %s; the kernel's log (dmesg) may say more", path, strerror(-err));
	return CTL_FAILED;
}

static int load(struct kmod_module *mod, const struct load_args *args)
{
	const char *path = kmod_module_get_path(mod);
	int err, status;
	char *params;

	params = params_check_or_say(mod, args->nr, args->arg, &status);
	if (!params)
		return status;
	status = CTL_OK;
	if (module_state() != MODULE_ABSENT)
		err = -EEXIST;
	else if (sysfs_is_fake())
		err = -ENOSYS;
	else if (args->path)
		err = kmod_module_insert_module(mod, 0, params);
	else
		err = kmod_module_probe_insert_module(mod, KMOD_PROBE_FAIL_ON_LOADED, params, NULL,
						      NULL, NULL);
	if (err)
		status = say_load_failed(err < 0 ? err : -EINVAL, path, params);
	free(params);
	return status;
}

int cmd_load(int argc, char **argv)
{
	struct load_args args = { 0 };
	struct kmod_module *mod;
	struct kmod_ctx *ctx;
	int status = CTL_FAILED;

	ctl_parse(&argp, argc, argv, 0, CTL_USAGE, &args);
	/* Without arguments to check it does not matter whether the file can still be found. */
	if (!args.nr && !args.path && module_state() != MODULE_ABSENT)
		return say_load_failed(-EEXIST, "", "");
	ctx = module_context_or_say();
	if (!ctx)
		return CTL_FAILED;
	mod = module_find_or_say(ctx, args.path, &status);
	if (mod) {
		status = load(mod, &args);
		kmod_module_unref(mod);
	}
	kmod_unref(ctx);
	return status;
}
