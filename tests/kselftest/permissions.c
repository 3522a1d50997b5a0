// SPDX-License-Identifier: GPL-2.0
/*
 * Who may read and write what.
 */
#include <signal.h>
#include <sys/stat.h>

#include "weir_test.h"

#define SOMEBODY	1234

static const char * const knobs[] = {
	"policy", "mmap_threshold", "mmap_max", "trim_threshold", "top_pad", "arena_max",
	"hugetlb",
};

static const char * const read_only[] = {
	"comm", "minflt", "majflt", "heap_minflt", "heap_majflt", "mmap_minflt", "mmap_majflt",
	"source/policy", "source/mmap_threshold", "source/mmap_max", "source/trim_threshold",
	"source/top_pad", "source/arena_max", "source/hugetlb",
};

#define NR(array)	(sizeof(array) / sizeof((array)[0]))

static bool become(uid_t uid)
{
	return !setresgid(uid, uid, uid) && !setresuid(uid, uid, uid);
}

/* A process of @uid that has attached; it ends when the write end of a pipe is closed. */
static pid_t attached_as(uid_t uid, int *hold)
{
	int ready[2], stop[2];
	pid_t pid;
	char c;

	if (pipe(ready) || pipe(stop))
		return -1;
	IN_CHILD(pid) {
		close(stop[1]);
		CHECK(become(uid));
		CHECK(weir_attach_self());
		CHECK(write(ready[1], "", 1) == 1);
		CHECK(read(stop[0], &c, 1) == 0);
	}
	close(ready[1]);
	close(stop[0]);
	*hold = stop[1];
	return read(ready[0], &c, 1) == 1 ? pid : -1;
}

TEST(modes_and_owners)
{
	pid_t pid;
	int hold;
	size_t i;

	pid = attached_as(NOBODY, &hold);
	ASSERT_LT(0, pid);
	for (i = 0; i < NR(knobs) + NR(read_only); i++) {
		const char *name = i < NR(knobs) ? knobs[i] : read_only[i - NR(knobs)];
		char path[PATH_MAX];
		struct stat st;

		snprintf(path, sizeof(path), "%s/processes/%d/%s", WEIR_SYSFS, pid, name);
		ASSERT_EQ(0, stat(path, &st)) TH_LOG("%s", name);
		EXPECT_EQ(i < NR(knobs) ? 0600 : 0400, st.st_mode & 07777) TH_LOG("%s", name);
		EXPECT_EQ(NOBODY, st.st_uid) TH_LOG("%s", name);
		EXPECT_EQ(NOBODY, st.st_gid) TH_LOG("%s", name);
	}
	close(hold);
	EXPECT_EQ(0, child_status(pid));
}

TEST(the_owner_writes_its_own_and_others_do_not)
{
	pid_t pid, writer;
	int hold;
	size_t i;

	pid = attached_as(NOBODY, &hold);
	ASSERT_LT(0, pid);
	for (i = 0; i < NR(knobs); i++) {
		const char *text = i ? "1" : "fixed";

		IN_CHILD(writer) {
			CHECK(become(NOBODY));
			CHECK(sysfs_put(text, "processes/%d/%s", pid, knobs[i]) == 0);
			CHECK(!strcmp(text, sysfs_get("processes/%d/%s", pid, knobs[i])));
		}
		EXPECT_EQ(0, child_status(writer)) TH_LOG("%s", knobs[i]);
		IN_CHILD(writer) {
			CHECK(become(SOMEBODY));
			CHECK(sysfs_put("default", "processes/%d/%s", pid, knobs[i]) == -EACCES);
			CHECK(!*sysfs_get("processes/%d/%s", pid, knobs[i]));
		}
		EXPECT_EQ(0, child_status(writer)) TH_LOG("%s", knobs[i]);
		EXPECT_STREQ(text, sysfs_get("processes/%d/%s", pid, knobs[i]));
		EXPECT_EQ(0, sysfs_put("default", "processes/%d/%s", pid, knobs[i]));
	}
	close(hold);
	EXPECT_EQ(0, child_status(pid));
}

TEST(counters_refuse_their_owner_too)
{
	pid_t pid, writer;
	int hold;
	size_t i;

	pid = attached_as(NOBODY, &hold);
	ASSERT_LT(0, pid);
	IN_CHILD(writer) {
		CHECK(become(NOBODY));
		for (i = 0; i < NR(read_only); i++) {
			CHECK(sysfs_put("1", "processes/%d/%s", pid, read_only[i]) == -EACCES);
			CHECK(*sysfs_get("processes/%d/%s", pid, read_only[i]));
		}
	}
	EXPECT_EQ(0, child_status(writer));
	close(hold);
	EXPECT_EQ(0, child_status(pid));
}

TEST(defaults_are_for_root)
{
	pid_t pid;
	size_t i;

	IN_CHILD(pid) {
		CHECK(become(NOBODY));
		for (i = 0; i < NR(knobs); i++) {
			CHECK(sysfs_put("default", "defaults/%s", knobs[i]) == -EACCES);
			CHECK(*sysfs_get("defaults/%s", knobs[i]));
		}
	}
	EXPECT_EQ(0, child_status(pid));
}

/* The files still belong to its old user, who may open them and is refused all the same. */
TEST(a_process_that_became_root_is_not_steered_by_its_old_user)
{
	pid_t pid, writer;

	IN_CHILD(pid) {
		int fd;
		char path[PATH_MAX];
		pid_t me = getpid();

		CHECK(!setresgid(NOBODY, NOBODY, 0) && !setresuid(NOBODY, NOBODY, 0));
		CHECK(weir_attach_self());
		CHECK(!setresuid(0, 0, 0));
		IN_CHILD(writer) {
			CHECK(become(NOBODY));
			snprintf(path, sizeof(path), "%s/processes/%d/top_pad", WEIR_SYSFS, me);
			fd = open(path, O_WRONLY);
			CHECK(fd >= 0);
			CHECK(write(fd, "1", 1) == -1 && errno == EPERM);
			CHECK(sysfs_number("processes/%d/top_pad", me) == 131072);
		}
		CHECK(child_status(writer) == 0);
		CHECK(sysfs_put("1", "processes/%d/top_pad", me) == 0);
	}
	EXPECT_EQ(0, child_status(pid));
}

/* An owner can change a file's mode; that lets nobody in. */
TEST(a_mode_changed_by_the_owner_lets_nobody_in)
{
	char path[PATH_MAX];
	pid_t pid, writer;
	int hold;

	pid = attached_as(NOBODY, &hold);
	ASSERT_LT(0, pid);
	snprintf(path, sizeof(path), "%s/processes/%d/top_pad", WEIR_SYSFS, pid);
	ASSERT_EQ(0, chmod(path, 0666));
	IN_CHILD(writer) {
		CHECK(become(SOMEBODY));
		CHECK(sysfs_put("1", "processes/%d/top_pad", pid) == -EPERM);
	}
	EXPECT_EQ(0, child_status(writer));
	close(hold);
	EXPECT_EQ(0, child_status(pid));
}

TEST_HARNESS_MAIN
