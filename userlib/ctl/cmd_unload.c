// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * weirctl unload
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "module.h"
#include "procs.h"

/* As many as are named before "and N more". */
#define NAMED_MAX	16

static const struct argp argp = {
	NULL, ctl_parse_nothing, "",
	"Remove the module weir. The kernel refuses as long as a process is attached."
	"\v"
	"Processes let go of the module when they end or call exec; 'weirctl ps' lists them.",
	NULL, NULL, NULL,
};

static int say_in_use(void)
{
	int weir = sysfs_open_weir();
	size_t nr = 0;
	pid_t *pids = NULL;

	if (weir >= 0) {
		procs_list(weir, &pids, &nr);
		close(weir);
	}
	if (!nr) {
		ctl_error("the module " MODULE_NAME " is in use, though no process is attached: one has "
			  WEIR_DEVICE " open, or mapped since before a fork (fuser -v " WEIR_DEVICE
			  " finds it)");
	} else {
		char list[NAMED_MAX * 12 + 64];
		size_t len = 0;

		for (size_t i = 0; i < nr && i < NAMED_MAX; i++)
			len += snprintf(list + len, sizeof(list) - len, " %d", pids[i]);
		if (nr > NAMED_MAX)
			snprintf(list + len, sizeof(list) - len, " and %zu more ('weirctl ps' lists them)",
				 nr - NAMED_MAX);
		ctl_error("the module " MODULE_NAME " is in use by %zu process%s:%s", nr,
			  nr == 1 ? "" : "es", list);
	}
	free(pids);
	return CTL_BUSY;
}

static int unload(void)
{
	struct kmod_ctx *ctx = module_context_or_say();
	struct kmod_module *mod = NULL;
	int err;

	if (!ctx)
		return CTL_FAILED;
	err = kmod_module_new_from_name(ctx, MODULE_NAME, &mod);
	if (!err)
		err = kmod_module_remove_module(mod, KMOD_REMOVE_NOLOG);
	kmod_module_unref(mod);
	kmod_unref(ctx);
	switch (err) {
	case 0:
		return CTL_OK;
	case -EAGAIN:
	case -EBUSY:
		return say_in_use();
	case -ENOENT:
		ctl_error("the module " MODULE_NAME " is not loaded");
		return CTL_NO_MODULE;
	case -EPERM:
	case -EACCES:
		return module_say_denied("removing");
	}
	ctl_error("the kernel does not remove the module " MODULE_NAME ": %s", strerror(-err));
	return CTL_FAILED;
}

int cmd_unload(int argc, char **argv)
{
	ctl_parse(&argp, argc, argv, 0, CTL_USAGE, NULL);
	if (module_state() == MODULE_ABSENT) {
		ctl_error("the module " MODULE_NAME " is not loaded");
		return CTL_NO_MODULE;
	}
	/* The kernel decides, and is asked only where nothing speaks against it. */
	if (module_use_count() > 0)
		return say_in_use();
	if (sysfs_is_fake()) {
		ctl_error(SYSFS_ENVIRONMENT " is set: nothing to remove the module from");
		return CTL_FAILED;
	}
	return unload();
}
