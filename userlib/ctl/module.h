/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weirctl: the module weir as the kernel and libkmod know it
 */
#ifndef WEIR_CTL_MODULE_H
#define WEIR_CTL_MODULE_H

#include <stdbool.h>
#include <libkmod.h>

#include "sysfs.h"

#define MODULE_NAME	"weir"

enum module_state {
	MODULE_ABSENT,
	MODULE_COMING,		/* being loaded */
	MODULE_LIVE,
	MODULE_GOING,		/* being removed */
};

enum module_state module_state(void);

/* How many users keep the module from being removed; -1 where the kernel does not tell. */
long module_use_count(void);

/* Reads /sys/module/weir/<name>. */
int module_read(const char *name, char value[SYSFS_VALUE_MAX]);

/* A libkmod context that is silent, or NULL after having said so. */
struct kmod_ctx *module_context_or_say(void);

/*
 * The module to load, from @path or, for NULL, as modprobe(8) finds it; NULL after having said
 * what is wrong, with the exit status in *status.
 */
struct kmod_module *module_find_or_say(struct kmod_ctx *ctx, const char *path, int *status);

/* Where modprobe(8) finds the module; -ENOENT if it does not. */
int module_installed_path(char *path, size_t size);

/* Says why @what ("loading", "removing") was denied; returns the exit status. */
int module_say_denied(const char *what);

#endif /* WEIR_CTL_MODULE_H */
