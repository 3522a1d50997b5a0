/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weirctl: from what the user names to the directory it means
 *
 * These say what is wrong, and return an exit status for it: negated where a descriptor stands for
 * success.
 */
#ifndef WEIR_CTL_TARGET_H
#define WEIR_CTL_TARGET_H

#include <stdbool.h>
#include <sys/types.h>

/* The module's directory, as a descriptor. */
int weir_open_or_say(void);

/* Pids from 1 up; with @accept_default also "default", which gives 0.  0 or CTL_USAGE. */
int target_parse_or_say(const char *text, bool accept_default, pid_t *pid);

/* The directory with the knobs of @pid, or of the system for 0, as a descriptor. */
int target_open_or_say(int weir, pid_t pid);

/*
 * Says that a file of the target's (its directory for NULL) could not be read or written, and why;
 * returns the exit status for it.
 */
int target_say_error(pid_t pid, const char *file, int err);

/* Says why @pid has no record: no such process, a thread, not attached. */
void proc_say_missing(pid_t pid);

#endif /* WEIR_CTL_TARGET_H */
