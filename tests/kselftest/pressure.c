// SPDX-License-Identifier: GPL-2.0
/*
 * Memory pressure in a cgroup: who is asked, and whether it comes in time.  And the pollers of minflt.
 */
#include <poll.h>
#include <pthread.h>

#include "pressure.h"
#include "trace.h"

/* A process that takes so much, a little at a time; 0, or how it ended. */
static int take(const char *cgroup, size_t size)
{
	pid_t pid;

	IN_CHILD(pid) {
		size_t i;

		CHECK(!cgroup_put(cgroup, "cgroup.procs", "%d", getpid()));
		for (i = 0; i < size / M; i++) {
			CHECK(touch(M));
			usleep(2000);
		}
	}
	return child_status(pid);
}

static bool calms_down(pid_t pid)
{
	int i;

	for (i = 0; i < 500 && strcmp("none", sysfs_get("processes/%d/pressure", pid)); i++)
		usleep(10000);
	return i < 500;
}

TEST(nobody_is_under_pressure)
{
	ctlpage_t *page = weir_attach_self();

	ASSERT_NE(NULL, page);
	EXPECT_EQ(WEIR_PRESSURE_NONE, page->pressure);
	EXPECT_STREQ("none", sysfs_get("pressure"));
	EXPECT_STREQ("none", sysfs_get("processes/%d/pressure", getpid()));
	EXPECT_STREQ("0", sysfs_get("processes/%d/pressure_events", getpid()));
}

/* A limit of 64 MiB, 30 idle, and another process that wants 45. */
TEST(idle_memory_goes_before_anybody_is_killed)
{
	struct seen *here = share(), *there = share();
	pid_t idle, other;

	ASSERT_EQ(0, cgroup_make("weir-a"));
	ASSERT_EQ(0, cgroup_make("weir-b"));
	ASSERT_EQ(0, cgroup_put("weir-a", "memory.max", "64M"));
	cgroup_put("weir-a", "memory.swap.max", "0");
	idle = start("weir-a", 30 * M, here);
	other = start("weir-b", 30 * M, there);
	ASSERT_EQ(0, trace_start());
	EXPECT_EQ(0, take("weir-a", 45 * M));
	EXPECT_LT(0, here->asked);
	EXPECT_EQ(WEIR_PRESSURE_CRITICAL, here->level);
	EXPECT_EQ(0, cgroup_event("weir-a", "oom_kill"));
	EXPECT_LT(0, sysfs_number("processes/%d/pressure_events", idle));
	EXPECT_EQ(30 * M, sysfs_number("processes/%d/trimmed_bytes", idle));
	EXPECT_LT(0, trace_count("trim_request: pid=%d request=1 keep=0 pressure=2\n", idle));
	EXPECT_LT(0, trace_count("pressure: pid=%d level=2 ", idle));
	EXPECT_EQ(0, trace_stop());
	/* Elsewhere nobody noticed. */
	EXPECT_EQ(0, there->asked);
	EXPECT_STREQ("0", sysfs_get("processes/%d/pressure_events", other));
	EXPECT_TRUE(calms_down(idle));
	stop(idle);
	stop(other);
	cgroup_remove("weir-a");
	cgroup_remove("weir-b");
}

/* Without idle memory nothing helps, and nothing hangs. */
TEST(a_process_that_claims_nothing_changes_nothing)
{
	struct seen *here = share();
	pid_t idle;

	ASSERT_EQ(0, cgroup_make("weir-c"));
	ASSERT_EQ(0, cgroup_put("weir-c", "memory.max", "32M"));
	cgroup_put("weir-c", "memory.swap.max", "0");
	idle = start("weir-c", 0, here);
	EXPECT_EQ(128 + SIGKILL, take("weir-c", 45 * M));
	EXPECT_LT(0, cgroup_event("weir-c", "oom_kill"));
	stop(idle);
	cgroup_remove("weir-c");
}

TEST(memory_high_asks_too)
{
	struct seen *here = share();
	pid_t idle;

	ASSERT_EQ(0, cgroup_make("weir-d"));
	ASSERT_EQ(0, cgroup_put("weir-d", "memory.high", "48M"));
	cgroup_put("weir-d", "memory.swap.max", "0");
	idle = start("weir-d", 30 * M, here);
	EXPECT_EQ(0, take("weir-d", 30 * M));
	EXPECT_LT(0, here->asked);
	EXPECT_EQ(WEIR_PRESSURE_SOME, here->level);
	stop(idle);
	cgroup_remove("weir-d");
}

/* Those with the most go first: 20 are worth asking, 16 are asked in a round. */
TEST(most_idle_first)
{
	struct seen *seen[20];
	pid_t pid[20];
	int i, asked = 0;

	ASSERT_EQ(0, cgroup_make("weir-e"));
	ASSERT_EQ(0, cgroup_put("weir-e", "memory.max", "64M"));
	cgroup_put("weir-e", "memory.swap.max", "0");
	for (i = 0; i < 20; i++) {
		seen[i] = share();
		pid[i] = start("weir-e", (i + 1) * M / 8, seen[i]);
	}
	ASSERT_EQ(0, trace_start());
	EXPECT_EQ(0, take("weir-e", 45 * M));
	EXPECT_EQ(0, trace_stop());
	for (i = 0; i < 20; i++)
		asked += seen[i]->asked;
	EXPECT_LE(16, asked);
	EXPECT_LT(0, seen[19]->asked);
	EXPECT_LT(0, seen[4]->asked);
	for (i = 0; i < 20; i++)
		stop(pid[i]);
	cgroup_remove("weir-e");
}

static int wait_for_notice(const char *file, int ms)
{
	struct pollfd pfd = { .events = POLLPRI };
	char path[PATH_MAX], text[32];
	int n;

	snprintf(path, sizeof(path), WEIR_SYSFS "/processes/%d/%s", getpid(), file);
	pfd.fd = open(path, O_RDONLY | O_CLOEXEC);
	if (pfd.fd < 0 || read(pfd.fd, text, sizeof(text)) <= 0)
		return -1;
	n = poll(&pfd, 1, ms);
	close(pfd.fd);
	return n;
}

TEST(pollers_of_minflt_are_woken_by_the_rate)
{
	ctlpage_t *page = weir_attach_self();
	char *p;

	ASSERT_NE(NULL, page);
	EXPECT_STREQ("0", sysfs_get("processes/%d/notify_minflt_rate", getpid()));
	p = touch(100 * PAGE);
	EXPECT_EQ(0, wait_for_notice("minflt", 600));
	ASSERT_EQ(0, sysfs_put("1000", "processes/%d/notify_minflt_rate", getpid()));
	EXPECT_STREQ("1000", sysfs_get("processes/%d/notify_minflt_rate", getpid()));
	/* Too few. */
	munmap(p, 100 * PAGE);
	p = touch(20 * PAGE);
	EXPECT_EQ(0, wait_for_notice("minflt", 600));
	munmap(p, 20 * PAGE);
	usleep(300000);
	p = touch(4000 * PAGE);
	EXPECT_EQ(1, wait_for_notice("minflt", 1000));
	munmap(p, 4000 * PAGE);
	ASSERT_EQ(0, sysfs_put("0", "processes/%d/notify_minflt_rate", getpid()));
	p = touch(4000 * PAGE);
	EXPECT_EQ(0, wait_for_notice("minflt", 600));
}

static void *answer_soon(void *unused WEIR_UNUSED)
{
	struct weir_trim_done done = { .size = sizeof(done), .request = 1, .bytes = 1 };

	usleep(100000);
	weir_call_once(WEIR_IOC_TRIM_DONE, &done);
	return NULL;
}

TEST(pollers_of_trimmed_bytes_are_woken_by_an_answer)
{
	pthread_t thread;

	ASSERT_NE(NULL, weir_attach_self());
	ASSERT_EQ(0, sysfs_put("0", "processes/%d/trim", getpid()));
	EXPECT_EQ(0, wait_for_notice("trimmed_bytes", 10));
	ASSERT_EQ(0, pthread_create(&thread, NULL, answer_soon, NULL));
	EXPECT_EQ(1, wait_for_notice("trimmed_bytes", 2000));
	pthread_join(thread, NULL);
	EXPECT_STREQ("1", sysfs_get("processes/%d/trimmed_bytes", getpid()));
}

TEST(bad_rates)
{
	static const struct {
		char text[32];
		int error;
	} lines[] = {
		{ "\n", EINVAL }, { "-1", ERANGE }, { "1K", EINVAL }, { "1000000001", ERANGE },
		{ "99999999999999999999", ERANGE }, { "1 ", EINVAL }, { "x", EINVAL },
		{ "default", EINVAL }, { "0x1", EINVAL },
	};
	size_t i;

	ASSERT_NE(NULL, weir_attach_self());
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		EXPECT_EQ(-lines[i].error,
			  sysfs_put(lines[i].text, "processes/%d/notify_minflt_rate", getpid()))
			TH_LOG("'%s'", lines[i].text);
	EXPECT_STREQ("0", sysfs_get("processes/%d/notify_minflt_rate", getpid()));
	EXPECT_EQ(0, sysfs_put("1000000000", "processes/%d/notify_minflt_rate", getpid()));
}

/* A rate that is set when the process ends: the work goes with it. */
TEST(a_process_ends_with_its_rate)
{
	pid_t pid;
	int i;

	for (i = 0; i < 20; i++) {
		IN_CHILD(pid) {
			CHECK(weir_attach_self());
			CHECK(!sysfs_put("1", "processes/%d/notify_minflt_rate", getpid()));
			usleep(i * 20000);
		}
		EXPECT_EQ(0, child_status(pid));
	}
	EXPECT_TRUE(record_goes(pid));
}

TEST_HARNESS_MAIN
