// SPDX-License-Identifier: LGPL-2.1-or-later
#ifndef _GNU_SOURCE
#define _GNU_SOURCE	/* secure_getenv() */
#endif
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/weir.h>

#include "sysfs.h"
#include "units.h"

#define SYSFS_MOUNT	"/sys"
#define WEIR_BELOW_SYSFS	"kernel/mm/weir"
_Static_assert(sizeof(WEIR_SYSFS) == sizeof(SYSFS_MOUNT "/" WEIR_BELOW_SYSFS),
	       "WEIR_SYSFS has moved");

static const char *sysfs_mount(void)
{
	const char *other = secure_getenv(SYSFS_ENVIRONMENT);

	return other && *other ? other : SYSFS_MOUNT;
}

bool sysfs_is_fake(void)
{
	return strcmp(sysfs_mount(), SYSFS_MOUNT) != 0;
}

int sysfs_open_dir_at(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int sysfs_open_dir(const char *below)
{
	char path[PATH_MAX];
	int len;

	len = snprintf(path, sizeof(path), "%s/%s", sysfs_mount(), below);
	if (len >= (int)sizeof(path))
		return -ENAMETOOLONG;
	return sysfs_open_dir_at(AT_FDCWD, path);
}

int sysfs_open_weir(void)
{
	return sysfs_open_dir(WEIR_BELOW_SYSFS);
}

int sysfs_read(int dir, const char *name, char value[SYSFS_VALUE_MAX])
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t len;
	int err;

	if (fd < 0)
		return -errno;
	len = read(fd, value, SYSFS_VALUE_MAX);
	err = errno;
	close(fd);
	if (len < 0)
		return -err;
	if (len == SYSFS_VALUE_MAX || memchr(value, '\0', len))
		return -EMSGSIZE;
	if (len && value[len - 1] == '\n')
		len--;
	value[len] = '\0';
	return 0;
}

int sysfs_read_u64(int dir, const char *name, unsigned long long *value)
{
	char text[SYSFS_VALUE_MAX], *end;
	int err = sysfs_read(dir, name, text);

	if (err)
		return err;
	errno = 0;
	/* strtoull() would take a sign and leading space. */
	if (*text < '0' || *text > '9')
		return -EBADMSG;
	*value = strtoull(text, &end, 10);
	return errno || *end ? -EBADMSG : 0;
}

int sysfs_write(int dir, const char *name, const char *value)
{
	size_t len = strlen(value);
	int fd = openat(dir, name, O_WRONLY | O_TRUNC | O_CLOEXEC);
	ssize_t done;
	int err = 0;

	if (fd < 0)
		return -errno;
	done = write(fd, value, len);
	if (done < 0)
		err = -errno;
	else if ((size_t)done != len)
		err = -EIO;
	if (close(fd) && !err)
		err = -errno;
	return err;
}
