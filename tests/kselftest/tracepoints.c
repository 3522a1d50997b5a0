// SPDX-License-Identifier: GPL-2.0
/*
 * The tracepoints: each is there, fires once for what it stands for, and says the right thing.
 */
#include "trace.h"

FIXTURE(tracepoints) {
};

FIXTURE_SETUP(tracepoints)
{
	ASSERT_EQ(0, trace_start());
}

FIXTURE_TEARDOWN(tracepoints)
{
	EXPECT_EQ(0, trace_stop());
}

TEST_F(tracepoints, are_there)
{
	static const char * const names[] = { "attach", "detach", "knob", "trim_request",
					       "trim_done", "pressure" };
	char path[PATH_MAX];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), TRACEFS "events/weir/%s/format", names[i]);
		EXPECT_EQ(0, access(path, R_OK)) TH_LOG("%s", names[i]);
	}
}

TEST_F(tracepoints, attach_and_detach)
{
	ctlpage_t *page = weir_attach_self();
	unsigned long long minflt;

	ASSERT_NE(NULL, page);
	EXPECT_EQ(1, trace_count("attach: pid=%d uid=0 parent=0\n", getpid()));
	EXPECT_EQ(0, trace_count("detach: pid=%d ", getpid()));
	minflt = page->faults.minflt;
	weir_detach(page);
	EXPECT_EQ(1, trace_count("detach: pid=%d minflt=", getpid()));
	EXPECT_EQ(0, trace_count("detach: pid=%d minflt=0 ", getpid())) TH_LOG("%llu", minflt);
}

TEST_F(tracepoints, a_refused_attach_has_none)
{
	struct weir_attach attach = { .size = sizeof(attach), .flags = 1u << 31 };

	EXPECT_EQ(-EINVAL, weir_call_once(WEIR_IOC_ATTACH, &attach));
	EXPECT_EQ(0, trace_count("attach: "));
}

TEST_F(tracepoints, a_child_says_whose_it_is)
{
	ctlpage_t *page = weir_attach_self();
	pid_t pid;

	ASSERT_NE(NULL, page);
	IN_CHILD(pid)
		CHECK(!weir_attach_child(page));
	EXPECT_EQ(0, child_status(pid));
	EXPECT_EQ(1, trace_count("attach: pid=%d uid=0 parent=%d\n", pid, getpid()));
	EXPECT_EQ(1, trace_count("detach: pid=%d ", pid));
}

TEST_F(tracepoints, knob)
{
	struct weir_knobs set = { .size = sizeof(set), .set_mask = 1 << WEIR_KNOB_TOP_PAD };

	ASSERT_NE(NULL, weir_attach_self());
	EXPECT_EQ(0, sysfs_put("4096", "processes/%d/mmap_threshold", getpid()));
	EXPECT_EQ(1, trace_count("knob: pid=%d mmap_threshold=4096 source=sysfs\n", getpid()));
	EXPECT_EQ(0, sysfs_put("default", "processes/%d/mmap_threshold", getpid()));
	EXPECT_EQ(1, trace_count("knob: pid=%d mmap_threshold=131072 source=builtin\n", getpid()));
	set.value[WEIR_KNOB_TOP_PAD] = 8192;
	EXPECT_EQ(0, weir_call_once(WEIR_IOC_SET_KNOBS, &set));
	EXPECT_EQ(1, trace_count("knob: pid=%d top_pad=8192 source=self\n", getpid()));
	EXPECT_EQ(-EINVAL, sysfs_put("much", "processes/%d/top_pad", getpid()));
	EXPECT_EQ(3, trace_count("knob: "));
	EXPECT_EQ(0, sysfs_put("5", "defaults/mmap_max"));
	EXPECT_EQ(1, trace_count("knob: pid=0 mmap_max=5 source=default\n"));
	EXPECT_EQ(0, sysfs_put("default", "defaults/mmap_max"));
	EXPECT_EQ(1, trace_count("knob: pid=0 mmap_max=65536 source=builtin\n"));
}

/* As for a process: the value in force, and that it is a limit's. */
TEST_F(tracepoints, knob_within_a_limit)
{
	ASSERT_EQ(0, sysfs_put("3", "limits/mmap_max_max"));
	EXPECT_EQ(0, sysfs_put("5", "defaults/mmap_max"));
	EXPECT_EQ(1, trace_count("knob: pid=0 mmap_max=3 source=limit\n"));
	EXPECT_EQ(0, sysfs_put("default", "limits/mmap_max_max"));
	EXPECT_EQ(0, sysfs_put("default", "defaults/mmap_max"));
	EXPECT_EQ(1, trace_count("knob: pid=0 mmap_max=65536 source=builtin\n"));
}

TEST_HARNESS_MAIN
