// SPDX-License-Identifier: GPL-2.0
/*
 * Memory pressure of the whole machine, a small one: a process with idle memory is asked before anybody
 * is killed.
 */
#include "pressure.h"
#include "trace.h"

#define IDLE	(48 * M)

static void set_oom_score(int adj)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	dprintf(fd, "%d", adj);
	close(fd);
}

static bool is_calm(void)
{
	return !strcmp("none", sysfs_get("pressure"));
}

/* Takes memory until the machine is under pressure, then some more: 0, or how it ended. */
static int take_until_pressure(size_t more)
{
	pid_t pid;

	IN_CHILD(pid) {
		size_t n = 0;

		set_oom_score(1000);
		for (; is_calm(); n++) {
			CHECK(n < 4096 && touch(M));
			usleep(1000);
		}
		for (n = 0; n < more / M; n++) {
			CHECK(touch(M));
			usleep(10000);
		}
	}
	return child_status(pid);
}

TEST(idle_memory_goes_before_anybody_is_killed)
{
	struct seen *seen = share();
	pid_t idle;
	int i;

	EXPECT_TRUE(is_calm());
	set_oom_score(-1000);
	idle = start(NULL, IDLE, seen);
	ASSERT_EQ(0, trace_start());
	EXPECT_EQ(0, take_until_pressure(IDLE / 2));
	EXPECT_LT(0, seen->asked);
	EXPECT_LE(WEIR_PRESSURE_SOME, seen->level);
	EXPECT_LT(0, sysfs_number("pressure_events"));
	EXPECT_LT(0, sysfs_number("processes/%d/pressure_events", idle));
	EXPECT_LT(0, trace_count("pressure: pid=0 level="));
	EXPECT_EQ(0, trace_stop());
	for (i = 0; i < 500 && !is_calm(); i++)
		usleep(10000);
	EXPECT_TRUE(is_calm());
	stop(idle);
}

TEST_HARNESS_MAIN
