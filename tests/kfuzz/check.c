// SPDX-License-Identifier: GPL-2.0
/*
 * What must hold between rounds.
 */
#include <dirent.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "kfuzz.h"

static int complaints;

#define EXPECT(condition, ...) do {				\
	if (!(condition)) {					\
		complaints++;					\
		printf("# %s: ", #condition);			\
		printf(__VA_ARGS__);				\
		printf("\n");					\
	}							\
} while (0)

static long long stat_of(const char *name)
{
	char path[128], text[64] = "";
	int fd;

	snprintf(path, sizeof(path), WEIR_SYSFS "/stats/%s", name);
	fd = open(path, O_RDONLY);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		text[0] = 'x';
	close(fd);
	return text[0] == 'x' ? -1 : strtoll(text, NULL, 10);
}

static int records(void)
{
	DIR *dir = opendir(WEIR_SYSFS "/processes");
	struct dirent *entry;
	int n = 0;

	while (dir && (entry = readdir(dir)))
		n += entry->d_name[0] >= '0' && entry->d_name[0] <= '9';
	if (dir)
		closedir(dir);
	return n;
}

static bool has_record(pid_t pid)
{
	char path[128];

	snprintf(path, sizeof(path), WEIR_SYSFS "/processes/%d", pid);
	return !access(path, F_OK);
}

/* The parts are counted after the whole or with it, and never more of them. */
static void check_totals(void)
{
	long long heap = stat_of("heap_minflt"), mapped = stat_of("mmap_minflt"), all = stat_of("minflt");

	EXPECT(heap >= 0 && mapped >= 0 && all >= 0, "%lld %lld %lld", heap, mapped, all);
	EXPECT(heap + mapped <= all, "%lld + %lld of %lld", heap, mapped, all);
	EXPECT(all == stat_of("minflt"), "totals change though nobody is there");
	EXPECT(stat_of("majflt") >= stat_of("heap_majflt") + stat_of("mmap_majflt"), "of major faults");
}

/* All processes stand still: those that say they are attached, and nobody else, have a record. */
int check_attached(const pid_t *pid, const bool *attached, int nr)
{
	int i, n = 0, tries;

	complaints = 0;
	for (i = 0; i < nr; i++)
		n += attached[i];
	/* The records of those that have ended go a moment later. */
	for (tries = 0; tries < 10000 && (records() != n || stat_of("attached") != n); tries++)
		usleep(1000);
	EXPECT(records() == n, "%d instead of %d", records(), n);
	EXPECT(stat_of("attached") == n, "%lld instead of %d", stat_of("attached"), n);
	for (i = 0; i < nr; i++)
		EXPECT(has_record(pid[i]) == attached[i], "process %d", pid[i]);
	return complaints;
}

static int load(const char *module)
{
	int fd = open(module, O_RDONLY), ret;

	ret = syscall(SYS_finit_module, fd, "", 0) ? -errno : 0;
	close(fd);
	if (!ret)
		chmod(WEIR_DEVICE, 0666);
	return ret;
}

/* Nobody is there any more: no record, totals that add up, and the module goes and comes back. */
int check_quiet(const char *module)
{
	int i, ret = -1;

	check_attached(NULL, NULL, 0);
	check_totals();
	EXPECT(stat_of("attaches") >= (long long)shared->attaches, "%lld of %lu", stat_of("attaches"),
	       shared->attaches);
	for (i = 0; i < 5000 && ret; i++) {
		ret = syscall(SYS_delete_module, "weir", O_NONBLOCK) ? -errno : 0;
		if (ret)
			usleep(1000);
	}
	EXPECT(!ret, "the module cannot be unloaded: %s", strerror(-ret));
	if (ret)
		return complaints;
	EXPECT(access(WEIR_SYSFS, F_OK), "it is still there");
	ret = load(module);
	EXPECT(!ret, "the module cannot be loaded again: %s", strerror(-ret));
	EXPECT(!stat_of("attaches") && !stat_of("minflt"), "counts that are older than the module");
	shared->attaches = 0;
	return complaints;
}
