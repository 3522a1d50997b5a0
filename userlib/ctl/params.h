/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weirctl: parameters of the module, checked before it is loaded
 *
 * The kernel only logs a parameter that it does not know and loads the module all the same, and
 * says EINVAL for all the rest.
 */
#ifndef WEIR_CTL_PARAMS_H
#define WEIR_CTL_PARAMS_H

#include <libkmod.h>

/*
 * Checks argv[0 .. argc - 1] against the parameters that @mod's file declares.  Returns them as one
 * line for the kernel, which the caller frees, or NULL after having said which is wrong and what is
 * accepted, with the exit status in *status.
 */
char *params_check_or_say(struct kmod_module *mod, int argc, char **argv, int *status);

#endif /* WEIR_CTL_PARAMS_H */
