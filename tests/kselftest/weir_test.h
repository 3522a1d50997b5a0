/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of the module share: attaching, and reading and writing below /sys/kernel/mm/weir.
 */
#ifndef WEIR_TEST_H
#define WEIR_TEST_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/weir.h>

#include "kselftest_harness.h"

#define WEIR_UNUSED	__attribute__((unused))
#define NOBODY		65534

typedef volatile struct weir_ctlpage ctlpage_t;

static WEIR_UNUSED int weir_open(void)
{
	return open(WEIR_DEVICE, O_RDWR | O_CLOEXEC);
}

/* ioctl(2), returning 0 or -errno. */
static WEIR_UNUSED int weir_call(int fd, unsigned long cmd, void *arg)
{
	return ioctl(fd, cmd, arg) ? -errno : 0;
}

/* The same through a descriptor opened for this one call. */
static WEIR_UNUSED int weir_call_once(unsigned long cmd, void *arg)
{
	int fd = weir_open(), ret = weir_call(fd, cmd, arg);

	close(fd);
	return ret;
}

static WEIR_UNUSED int weir_attach(int fd)
{
	struct weir_attach attach = { .size = sizeof(attach) };

	return weir_call(fd, WEIR_IOC_ATTACH, &attach);
}

static WEIR_UNUSED int weir_attach_inherit(int fd, ctlpage_t *page)
{
	struct weir_attach attach = {
		.size = sizeof(attach),
		.flags = WEIR_ATTACH_INHERIT,
		.inherit = (unsigned long)page,
	};

	return weir_call(fd, WEIR_IOC_ATTACH, &attach);
}

static WEIR_UNUSED ctlpage_t *weir_map(int fd)
{
	ctlpage_t *page = mmap(NULL, getpagesize(), PROT_READ, MAP_SHARED, fd, 0);

	return page == MAP_FAILED ? NULL : page;
}

/* Attach this process as a library would: no descriptor stays open.  NULL with errno set. */
static WEIR_UNUSED ctlpage_t *weir_attach_self(void)
{
	ctlpage_t *page = NULL;
	int fd = weir_open(), ret;

	if (fd < 0)
		return NULL;
	ret = weir_attach(fd);
	if (!ret) {
		page = weir_map(fd);
		ret = page ? 0 : -errno;
	}
	close(fd);
	errno = -ret;
	return page;
}

/* Attach a forked child in its parent's place: its own page at the same address.  0 or -errno. */
static WEIR_UNUSED int weir_attach_child(ctlpage_t *page)
{
	int fd = weir_open(), ret = weir_attach_inherit(fd, page);

	if (!ret && mmap((void *)page, getpagesize(), PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0) != page)
		ret = -errno;
	close(fd);
	return ret;
}

static WEIR_UNUSED void weir_detach(ctlpage_t *page)
{
	munmap((void *)page, getpagesize());
}

static WEIR_UNUSED void weir_path(char *path, const char *format, va_list args)
{
	int n = snprintf(path, PATH_MAX, "%s/", WEIR_SYSFS);

	vsnprintf(path + n, PATH_MAX - n, format, args);
}

/* Write bytes to a file below WEIR_SYSFS: 0 or -errno; -EIO if not all were taken. */
static WEIR_UNUSED int sysfs_write(const char *text, size_t len, const char *format, ...)
{
	char path[PATH_MAX];
	va_list args;
	ssize_t n;
	int fd;

	va_start(args, format);
	weir_path(path, format, args);
	va_end(args);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = write(fd, text, len);
	n = n < 0 ? -errno : (size_t)n == len ? 0 : -EIO;
	close(fd);
	return n;
}

#define sysfs_put(text, ...)	sysfs_write(text, strlen(text), __VA_ARGS__)

/*
 * The text of a file without its newline, in a static buffer; "" with errno set if it cannot be
 * read.
 */
static WEIR_UNUSED const char *sysfs_get(const char *format, ...)
{
	static char text[4096];
	char path[PATH_MAX];
	va_list args;
	ssize_t n;
	int fd;

	va_start(args, format);
	weir_path(path, format, args);
	va_end(args);
	text[0] = 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return text;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n > 0) {
		text[n] = 0;
		if (text[n - 1] == '\n')
			text[n - 1] = 0;
	}
	return text;
}

#define sysfs_number(...)	strtoll(sysfs_get(__VA_ARGS__), NULL, 10)

static WEIR_UNUSED bool record_exists(pid_t pid)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/processes/%d", WEIR_SYSFS, pid);
	return !access(path, F_OK);
}

/* Whether a record goes within two seconds: directories are removed by a work item. */
static WEIR_UNUSED bool record_goes(pid_t pid)
{
	int i;

	for (i = 0; i < 2000 && record_exists(pid); i++)
		usleep(1000);
	return !record_exists(pid);
}

/* Exit status of a child, 128 + signal if it died of one. */
static WEIR_UNUSED int child_status(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, __WALL) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/*
 * Run a block in a forked child, which ends with the number of the first line where it failed, 1
 * to 255 by remainder, or 0; IN_CHILD(pid) { CHECK(...); ... }
 */
#define IN_CHILD(pid)	for ((pid) = fork(); !(pid); _exit(0))
#define CHECK(condition) do {							\
	if (!(condition)) {							\
		dprintf(2, "# %s:%d: %s (errno %d)\n", __FILE__, __LINE__,	\
			#condition, errno);					\
		_exit(__LINE__ % 255 + 1);					\
	}									\
} while (0)

#endif /* WEIR_TEST_H */
