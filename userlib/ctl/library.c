// SPDX-License-Identifier: LGPL-2.1-or-later
#ifndef _GNU_SOURCE
#define _GNU_SOURCE	/* secure_getenv() */
#endif
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "library.h"

#ifndef LIBDIR
#define LIBDIR	"/usr/local/lib"
#endif

static int check_library(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	return access(path, R_OK) ? -errno : 0;
}

/* The library at @name, seen from the directory of this program. */
static int relative_to_program(const char *name, char *path, size_t size)
{
	char self[PATH_MAX], real[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (len < 0)
		return -errno;
	self[len] = '\0';
	slash = strrchr(self, '/');
	if (!slash)
		return -ENOENT;
	*slash = '\0';
	if (snprintf(path, size, "%s/%s", self, name) >= (int)size)
		return -ENAMETOOLONG;
	if (!realpath(path, real))
		return -errno;
	if (snprintf(path, size, "%s", real) >= (int)size)
		return -ENAMETOOLONG;
	return check_library(path);
}

int library_find(char *path, size_t size)
{
	const char *named = secure_getenv(LIBRARY_ENVIRONMENT);
	char real[PATH_MAX];

	if (named && *named) {
		/* The command may change its directory, and its children inherit the path. */
		if (!realpath(named, real)) {
			int err = -errno;

			snprintf(path, size, "%s", named);
			return err;
		}
		if (snprintf(path, size, "%s", real) >= (int)size)
			return -ENAMETOOLONG;
		return check_library(path);
	}
	if (!relative_to_program("libweir.so", path, size) ||
	    !relative_to_program("../lib/libweir.so.1", path, size))
		return 0;
	snprintf(path, size, "%s/libweir.so.1", LIBDIR);
	return check_library(path);
}
