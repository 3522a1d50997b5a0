// SPDX-License-Identifier: GPL-2.0
/*
 * Reads and writes of whatever files there are below WEIR_SYSFS.
 */
#include <dirent.h>
#include <ftw.h>
#include <poll.h>

#include "kfuzz.h"

static pid_t listed;

static int enter(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	char process[32], *name = shared->files[shared->nr_files];
	const char *below_top = path + strlen(WEIR_SYSFS) + 1;
	size_t len;

	(void)st, (void)ftw;
	if (type != FTW_F || shared->nr_files == FILES)
		return 0;
	len = snprintf(process, sizeof(process), "processes/%d/", listed);
	if (!strncmp(below_top, process, len))
		snprintf(name, NAME, "processes/%%d/%s", below_top + len);
	else if (strchr(below_top, '%'))
		return 0;
	else
		snprintf(name, NAME, "%s", below_top);
	shared->nr_files++;
	return 0;
}

/* All files there are, those of a process among them: the caller is attached for as long. */
void files_list(void)
{
	struct weir_attach attach = { .size = sizeof(attach) };
	int fd = open(WEIR_DEVICE, O_RDWR), create;

	listed = getpid();
	shared->nr_files = 0;
	if (ioctl(fd, WEIR_IOC_ATTACH, &attach))
		fprintf(stderr, "# cannot attach to list the files: %s\n", strerror(errno));
	create = open(WEIR_SYSFS "/profiles/create", O_WRONLY);
	if (create >= 0 && write(create, "fuzz0", 5) != 5)
		fprintf(stderr, "# cannot create a profile: %s\n", strerror(errno));
	close(create);
	nftw(WEIR_SYSFS, enter, 8, FTW_PHYS);
	close(fd);
}

void pids_enter(struct actor *a, pid_t pid)
{
	shared->pids[below(a, PIDS)] = pid;
}

static int file_open(struct actor *a, int flags)
{
	const char *name = shared->files[below(a, shared->nr_files)];
	char path[192] = WEIR_SYSFS "/";
	size_t len = strlen(path);
	pid_t pid = below(a, 3) ? shared->pids[below(a, PIDS)] : getpid();

	if (strchr(name, '%'))
		snprintf(path + len, sizeof(path) - len, "processes/%d%s", pid, strchr(name, '%') + 2);
	else
		snprintf(path + len, sizeof(path) - len, "%s", name);
	return open(path, flags | O_CLOEXEC);
}

/* What a file may be given: a text that some file takes, or nearly. */
static size_t text(struct actor *a, char *buf, size_t size)
{
	static const char * const words[] = {
		"default", "fixed", "dynamic", "auto", "0", "1", "-1", "-2", "128K", "1M", "4G", "64T", "1", "8",
		"default\n", "1M\n", "", "\n", " ", "fuzz0", "fuzz1", "fuzz2", "none", "..", ".", "a/b", "*",
		"/", "/init", "0x10", "1 2", "99999999999999999999", "1e3", "K", "-",
	};
	size_t i, n;

	switch (below(a, 8)) {
	case 0:
		return snprintf(buf, size, "%lld", (long long)number(a));
	case 1:
		return snprintf(buf, size, "%llu%c", (unsigned long long)number(a), "KMGTkx\n "[below(a, 8)]);
	case 2:
		n = below(a, below(a, 8) ? 32 : size);
		for (i = 0; i < n; i++)
			buf[i] = random64(a);
		return n;
	default:
		return snprintf(buf, size, "%s", words[below(a, sizeof(words) / sizeof(words[0]))]);
	}
}

static void call_list(void)
{
	DIR *dir = opendir(WEIR_SYSFS "/processes");

	called(dir ? 0 : -1);
	while (dir && readdir(dir))
		;
	if (dir)
		closedir(dir);
}

void file_call(struct actor *a)
{
	static __thread char buf[8192];
	struct pollfd poll_fd;
	int fd;

	if (!shared->nr_files)
		return;
	/* Allocates: not in the child of a process with threads. */
	if (!a->depth && !below(a, 64)) {
		call_list();
		return;
	}
	fd = file_open(a, below(a, 2) ? O_RDONLY : below(a, 4) ? O_WRONLY : O_RDWR);
	called(fd);
	if (fd < 0)
		return;
	switch (below(a, 5)) {
	case 0: case 1:
		called(pread(fd, buf, 1 + below(a, sizeof(buf)), below(a, 4) ? 0 : below(a, 64)));
		break;
	case 2:
		poll_fd = (struct pollfd){ .fd = fd, .events = POLLPRI | POLLIN };
		called(poll(&poll_fd, 1, 0));
		break;
	default:
		called(pwrite(fd, buf, text(a, buf, sizeof(buf)), below(a, 8) ? 0 : below(a, 64)));
	}
	close(fd);
}
