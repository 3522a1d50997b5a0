// SPDX-License-Identifier: GPL-2.0
/*
 * What one process reads or asks for while another takes it away.  Where it goes wrong a debug kernel says so.
 */
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>

#include "weir_test.h"

#define SECONDS	3

static bool soon(time_t start)
{
	return time(NULL) - start < SECONDS;
}

/* A child that does something again and again. */
#define MEANWHILE(pid)	for ((pid) = fork(); !(pid); )

static void end(struct __test_metadata *_metadata, pid_t pid)
{
	kill(pid, SIGKILL);
	EXPECT_EQ(128 + SIGKILL, child_status(pid));
}

TEST(profiles_come_and_go_while_a_process_asks_for_them)
{
	ctlpage_t *page = weir_attach_self();
	time_t start = time(NULL);
	pid_t pid, self = getpid();
	long n = 0;
	int ret;

	ASSERT_NE(NULL, page);
	MEANWHILE(pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		sysfs_put("race", "profiles/create");
		sysfs_put("*", "profiles/race/match_comm");
		sysfs_put("1M", "profiles/race/top_pad");
		sysfs_put("race", "profiles/remove");
	}
	while (soon(start)) {
		ret = sysfs_put("race", "processes/%d/profile", self);
		if (ret != 0 && ret != -ENOENT)
			ASSERT_EQ(0, ret);
		n += !ret;
		sysfs_get("processes/%d/profile", self);
		ASSERT_EQ(0, sysfs_put("default", "processes/%d/profile", self));
	}
	end(_metadata, pid);
	sysfs_put("race", "profiles/remove");
	EXPECT_EQ(-ENOENT, sysfs_put("race", "profiles/remove"));
	EXPECT_STREQ("none", sysfs_get("processes/%d/profile", self));
	EXPECT_LT(0, n);
	weir_detach(page);
}

/* Processes end while their files are read and written. */
TEST(records_go_while_they_are_read_and_written)
{
	time_t start = time(NULL);
	pid_t pid, child;
	int gone = 0;

	MEANWHILE(pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		sysfs_get("stats/minflt");
		sysfs_put("1M", "defaults/top_pad");
		sysfs_put("default", "defaults/top_pad");
	}
	while (soon(start)) {
		IN_CHILD(child)
			CHECK(weir_attach_self());
		while (!waitpid(child, NULL, WNOHANG)) {
			sysfs_get("processes/%d/minflt", child);
			sysfs_put("2M", "processes/%d/top_pad", child);
		}
		gone++;
	}
	end(_metadata, pid);
	EXPECT_EQ(0, sysfs_put("default", "defaults/top_pad"));
	EXPECT_LT(3, gone);
}

TEST_HARNESS_MAIN
