// SPDX-License-Identifier: LGPL-2.1-or-later
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl.h"
#include "knobs.h"
#include "procs.h"
#include "units.h"

#define PID_TEXT_MAX	16

const char *const proc_counter_names[PROC_COUNTERS] = {
	"minflt", "majflt", "heap_minflt", "heap_majflt", "mmap_minflt", "mmap_majflt",
};
_Static_assert(sizeof(struct weir_faults) == PROC_COUNTERS * sizeof(__u64),
	       "a counter without a name");

static int compare_pids(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

/* A directory name that is a pid as the kernel writes it, or 0. */
static pid_t pid_of_name(const char *name)
{
	long long v;

	if (*name < '1' || *name > '9' || units_parse(name, false, &v) || v > INT32_MAX)
		return 0;
	return v;
}

int procs_list(int weir, pid_t **pids, size_t *nr)
{
	int fd = sysfs_open_dir_at(weir, "processes");
	size_t room = 0;
	struct dirent *entry;
	DIR *dir;

	*pids = NULL;
	*nr = 0;
	if (fd < 0)
		return fd;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	while ((entry = readdir(dir))) {
		pid_t pid = pid_of_name(entry->d_name);

		if (!pid)
			continue;
		if (*nr == room) {
			room = room ? room * 2 : 64;
			*pids = reallocarray(*pids, room, sizeof(**pids));
			if (!*pids) {
				closedir(dir);
				return -ENOMEM;
			}
		}
		(*pids)[(*nr)++] = pid;
	}
	closedir(dir);
	if (*nr)
		qsort(*pids, *nr, sizeof(**pids), compare_pids);
	return 0;
}

static int open_process(int weir, pid_t pid)
{
	char name[sizeof("processes/") + PID_TEXT_MAX];

	snprintf(name, sizeof(name), "processes/%d", pid);
	return sysfs_open_dir_at(weir, name);
}

/* Without a directory @sources none is told. */
static int knob_read(int dir, int sources, int knob, struct knob_value *value)
{
	char text[SYSFS_VALUE_MAX];
	int err;

	*value = (struct knob_value){ .source = -1 };
	err = sysfs_read(dir, knob_table[knob].name, text);
	if (err == -ENOENT)
		return 0;
	if (err)
		return err;
	value->present = true;
	value->known = !knob_parse(knob, text, &value->value);
	if (sources < 0)
		return 0;
	err = sysfs_read(sources, knob_table[knob].name, text);
	if (!err)
		value->source = knob_source_find(text);
	return err;
}

int knobs_read(int dir, bool is_process, struct knob_value value[WEIR_KNOB_NR])
{
	int sources = sysfs_open_dir_at(dir, "source");
	int err = sources < 0 && is_process ? sources : 0;

	for (int i = 0; i < WEIR_KNOB_NR && !err; i++)
		err = knob_read(dir, sources, i, &value[i]);
	if (sources >= 0)
		close(sources);
	return err;
}

/*
 * The files of a directory on its way out go one by one.  A knob that the process does not have
 * but the system has is one that has gone so, not one that this module does not know.
 */
static bool knobs_are_whole(int weir, const struct knob_value value[WEIR_KNOB_NR])
{
	char name[sizeof("defaults/") + KNOB_TEXT_MAX];

	for (int i = 0; i < WEIR_KNOB_NR; i++) {
		snprintf(name, sizeof(name), "defaults/%s", knob_table[i].name);
		if (!value[i].present && !faccessat(weir, name, F_OK, 0))
			return false;
	}
	return true;
}

int proc_profile_read(int dir, char profile[SYSFS_VALUE_MAX])
{
	int err = sysfs_read(dir, "profile", profile);

	if (err)
		*profile = '\0';
	return err == -ENOENT ? 0 : err;
}

static int record_read(int dir, struct proc_record *record)
{
	struct stat st;
	int err;

	if (fstat(dir, &st))
		return -errno;
	record->ino = st.st_ino;
	err = knobs_read(dir, true, record->knob);
	for (int i = 0; i < PROC_COUNTERS && !err; i++)
		err = sysfs_read_u64(dir, proc_counter_names[i], &record->count[i]);
	clock_gettime(CLOCK_MONOTONIC, &record->when);
	if (!err)
		err = proc_profile_read(dir, record->profile);
	return err ? err : sysfs_read(dir, "comm", record->comm);
}

int proc_read(int weir, pid_t pid, struct proc_record *record)
{
	int dir = open_process(weir, pid), err;

	if (dir < 0)
		return dir;
	memset(record, 0, sizeof(*record));
	record->pid = pid;
	err = record_read(dir, record);
	close(dir);
	if (!err && !knobs_are_whole(weir, record->knob))
		err = -ENOENT;
	/* What reading an attribute says while its directory is on the way out. */
	return err == -ENODEV || err == -ESRCH ? -ENOENT : err;
}

static void table_add(int weir, pid_t pid, struct proc_table *table)
{
	int err = proc_read(weir, pid, &table->record[table->nr]);

	switch (err) {
	case 0:
		table->nr++;
		break;
	case -ENOENT:
		break;
	case -EACCES:
	case -EPERM:
		table->hidden++;
		break;
	default:
		ctl_error("processes/%d: %s", pid, strerror(-err));
		table->bad++;
	}
}

int procs_read(int weir, const pid_t *pids, size_t nr, struct proc_table *table)
{
	pid_t *all = NULL;
	int err = 0;

	*table = (struct proc_table){ 0 };
	if (!nr) {
		err = procs_list(weir, &all, &nr);
		pids = all;
	}
	if (!err)
		table->record = ctl_alloc(nr, sizeof(*table->record));
	for (size_t i = 0; i < nr && !err; i++)
		table_add(weir, pids[i], table);
	free(all);
	return err;
}

void procs_free(struct proc_table *table)
{
	free(table->record);
	*table = (struct proc_table){ 0 };
}

const char *knob_value_source(int knob, const struct knob_value *value, bool is_default)
{
	const char *name = value->source < 0 ? NULL : knob_source_name(value->source);

	if (!name && is_default)
		name = knob_source_name(value->known && value->value == knob_table[knob].builtin ?
					WEIR_SOURCE_BUILTIN : WEIR_SOURCE_DEFAULT);
	return name ? name : "unknown";
}
