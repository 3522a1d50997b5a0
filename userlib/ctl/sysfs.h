/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weirctl: reading and writing the module's files
 *
 * Functions return 0 (or a descriptor) or a negative errno, and print nothing.  Directories are
 * held by descriptor while several of their files are read or written: a process's directory goes
 * away with it, and another one may come under the same pid.
 */
#ifndef WEIR_CTL_SYSFS_H
#define WEIR_CTL_SYSFS_H

#include <stdbool.h>
#include <stddef.h>

/* Stands in for /sys; for the tests, which need not be root nor have the module. */
#define SYSFS_ENVIRONMENT	"WEIRCTL_SYSFS"
#define SYSFS_VALUE_MAX		256

/* The directory @below /sys, as a descriptor. */
int sysfs_open_dir(const char *below);

/* The module's own directory, /sys/kernel/mm/weir. */
int sysfs_open_weir(void);

/* A directory below another one. */
int sysfs_open_dir_at(int dir, const char *name);

/*
 * Reads the one value in a file, without its newline.  -EMSGSIZE if it does not fit or has
 * characters that no value has.
 */
int sysfs_read(int dir, const char *name, char value[SYSFS_VALUE_MAX]);

/* The same for a counter; -EBADMSG if it is no number. */
int sysfs_read_u64(int dir, const char *name, unsigned long long *value);

/* Writes @value in one write(2), as echo does. */
int sysfs_write(int dir, const char *name, const char *value);

/* Whether sysfs is a stand-in, so that the rest of the machine has nothing to do with it. */
bool sysfs_is_fake(void);

#endif /* WEIR_CTL_SYSFS_H */
