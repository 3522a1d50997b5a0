// SPDX-License-Identifier: GPL-2.0
/*
 * limits/: what they clamp, in which order values stand, what is remembered, and what is refused.
 */
#include "weir_test.h"

static const struct limited {
	const char *knob;
	int index;
	const char *lowest, *highest;	/* what the files say while there is no limit */
	int64_t builtin;
} knobs[WEIR_KNOB_NR] = {
	{ "policy", WEIR_KNOB_POLICY, "fixed", "auto", WEIR_POLICY_AUTO },
	{ "mmap_threshold", WEIR_KNOB_MMAP_THRESHOLD, "0", "70368744177664", 131072 },
	{ "mmap_max", WEIR_KNOB_MMAP_MAX, "0", "2147483647", 65536 },
	{ "trim_threshold", WEIR_KNOB_TRIM_THRESHOLD, "0", "-1", 131072 },
	{ "top_pad", WEIR_KNOB_TOP_PAD, "0", "1073741824", 131072 },
	{ "arena_max", WEIR_KNOB_ARENA_MAX, "1", "0", 0 },
	{ "hugetlb", WEIR_KNOB_HUGETLB, "0", "1", 0 },
};

FIXTURE(limits) {
	ctlpage_t *page;
};
FIXTURE_SETUP(limits)
{
	self->page = weir_attach_self();
	ASSERT_NE(NULL, self->page);
}
FIXTURE_TEARDOWN(limits)
{
	int i;

	for (i = 0; i < WEIR_KNOB_NR; i++) {
		EXPECT_EQ(0, sysfs_put("default", "limits/%s_min", knobs[i].knob));
		EXPECT_EQ(0, sysfs_put("default", "limits/%s_max", knobs[i].knob));
		EXPECT_EQ(0, sysfs_put("default", "defaults/%s", knobs[i].knob));
	}
}

/* The knob of this process, in the page and in its files. */
static void check(struct __test_metadata *_metadata, ctlpage_t *page, int knob, const char *text,
		  int64_t value, const char *source, int source_nr)
{
	const char *name = knobs[knob].knob;

	EXPECT_EQ(value, page->knob[knob]) TH_LOG("%s", name);
	EXPECT_EQ(source_nr, page->source[knob]) TH_LOG("%s", name);
	EXPECT_STREQ(text, sysfs_get("processes/%d/%s", getpid(), name));
	EXPECT_STREQ(source, sysfs_get("processes/%d/source/%s", getpid(), name));
}

#define CHECK_KNOB(knob, text, value, source, nr) \
	check(_metadata, self->page, knob, text, value, source, nr)

TEST_F(limits, there_are_none_at_first)
{
	int i;

	for (i = 0; i < WEIR_KNOB_NR; i++) {
		EXPECT_EQ(i, knobs[i].index);
		EXPECT_STREQ(knobs[i].lowest, sysfs_get("limits/%s_min", knobs[i].knob));
		EXPECT_STREQ(knobs[i].highest, sysfs_get("limits/%s_max", knobs[i].knob));
		EXPECT_EQ(knobs[i].builtin, self->page->knob[i]);
		EXPECT_EQ(WEIR_SOURCE_BUILTIN, self->page->source[i]);
	}
}

TEST_F(limits, a_limit_clamps_what_was_written_and_gives_it_back)
{
	int knob = WEIR_KNOB_MMAP_THRESHOLD;
	struct weir_knobs get = { .size = sizeof(get) };

	EXPECT_EQ(0, sysfs_put("8M", "processes/%d/mmap_threshold", getpid()));
	EXPECT_EQ(0, sysfs_put("1M", "limits/mmap_threshold_max"));
	EXPECT_STREQ("1048576", sysfs_get("limits/mmap_threshold_max"));
	CHECK_KNOB(knob, "1048576", 1 << 20, "limit", WEIR_SOURCE_LIMIT);
	EXPECT_EQ(0, weir_call_once(WEIR_IOC_GET_KNOBS, &get));
	EXPECT_EQ(1 << 20, get.value[knob]);
	EXPECT_EQ(WEIR_SOURCE_LIMIT, get.source[knob]);
	EXPECT_EQ(0, sysfs_put("2M", "limits/mmap_threshold_max"));
	CHECK_KNOB(knob, "2097152", 2 << 20, "limit", WEIR_SOURCE_LIMIT);
	EXPECT_EQ(0, sysfs_put("8M", "limits/mmap_threshold_max"));
	CHECK_KNOB(knob, "8388608", 8 << 20, "sysfs", WEIR_SOURCE_SYSFS);
	EXPECT_EQ(0, sysfs_put("8M", "limits/mmap_threshold_min"));
	CHECK_KNOB(knob, "8388608", 8 << 20, "sysfs", WEIR_SOURCE_SYSFS);
}

TEST_F(limits, a_minimum_clamps_the_default_of_a_process_that_said_nothing)
{
	int knob = WEIR_KNOB_TOP_PAD;

	EXPECT_EQ(0, sysfs_put("1M", "limits/top_pad_min"));
	CHECK_KNOB(knob, "1048576", 1 << 20, "limit", WEIR_SOURCE_LIMIT);
	EXPECT_STREQ("1048576", sysfs_get("defaults/top_pad"));
	EXPECT_EQ(0, sysfs_put("4K", "defaults/top_pad"));
	EXPECT_STREQ("1048576", sysfs_get("defaults/top_pad"));
	EXPECT_EQ(0, sysfs_put("default\n", "limits/top_pad_min"));
	CHECK_KNOB(knob, "4096", 4096, "default", WEIR_SOURCE_DEFAULT);
	EXPECT_STREQ("4096", sysfs_get("defaults/top_pad"));
	EXPECT_EQ(0, sysfs_put("default", "defaults/top_pad"));
	CHECK_KNOB(knob, "131072", 131072, "builtin", WEIR_SOURCE_BUILTIN);
}

TEST_F(limits, every_way_to_write_is_clamped)
{
	struct weir_knobs set = { .size = sizeof(set), .set_mask = 1 << WEIR_KNOB_MMAP_MAX };
	int knob = WEIR_KNOB_MMAP_MAX;

	EXPECT_EQ(0, sysfs_put("10", "limits/mmap_max_max"));
	EXPECT_EQ(0, sysfs_put("5", "limits/mmap_max_min"));
	CHECK_KNOB(knob, "10", 10, "limit", WEIR_SOURCE_LIMIT);
	set.value[knob] = 11;
	EXPECT_EQ(0, weir_call_once(WEIR_IOC_SET_KNOBS, &set));
	CHECK_KNOB(knob, "10", 10, "limit", WEIR_SOURCE_LIMIT);
	set.value[knob] = 4;
	set.flags = WEIR_KNOBS_ENVIRONMENT;
	EXPECT_EQ(0, weir_call_once(WEIR_IOC_SET_KNOBS, &set));
	CHECK_KNOB(knob, "5", 5, "limit", WEIR_SOURCE_LIMIT);
	EXPECT_EQ(0, sysfs_put("7", "processes/%d/mmap_max", getpid()));
	CHECK_KNOB(knob, "7", 7, "sysfs", WEIR_SOURCE_SYSFS);
	EXPECT_EQ(0, sysfs_put("20", "defaults/mmap_max"));
	EXPECT_EQ(0, sysfs_put("default", "processes/%d/mmap_max", getpid()));
	CHECK_KNOB(knob, "10", 10, "limit", WEIR_SOURCE_LIMIT);
}

/* A process that attaches later, and the page of a child that has not attached. */
TEST_F(limits, they_hold_for_whoever_comes_later)
{
	pid_t pid;

	EXPECT_EQ(0, sysfs_put("1", "limits/hugetlb_min"));
	IN_CHILD(pid) {
		CHECK(self->page->state == WEIR_STATE_DETACHED);
		CHECK(self->page->knob[WEIR_KNOB_HUGETLB] == 1);
		CHECK(self->page->source[WEIR_KNOB_HUGETLB] == WEIR_SOURCE_LIMIT);
		CHECK(weir_attach_child(self->page) == 0);
		CHECK(self->page->knob[WEIR_KNOB_HUGETLB] == 1);
		CHECK(self->page->source[WEIR_KNOB_HUGETLB] == WEIR_SOURCE_LIMIT);
	}
	EXPECT_EQ(0, child_status(pid));
}

/* fixed, dynamic, auto: each further than the one before. */
TEST_F(limits, policies_are_ordered)
{
	int knob = WEIR_KNOB_POLICY;

	EXPECT_EQ(0, sysfs_put("dynamic", "limits/policy_max"));
	CHECK_KNOB(knob, "dynamic", WEIR_POLICY_DYNAMIC, "limit", WEIR_SOURCE_LIMIT);
	EXPECT_EQ(0, sysfs_put("fixed", "processes/%d/policy", getpid()));
	CHECK_KNOB(knob, "fixed", WEIR_POLICY_FIXED, "sysfs", WEIR_SOURCE_SYSFS);
	EXPECT_EQ(0, sysfs_put("dynamic", "limits/policy_min"));
	CHECK_KNOB(knob, "dynamic", WEIR_POLICY_DYNAMIC, "limit", WEIR_SOURCE_LIMIT);
	EXPECT_EQ(0, sysfs_put("auto", "limits/policy_max"));
	EXPECT_EQ(0, sysfs_put("auto", "limits/policy_min"));
	CHECK_KNOB(knob, "auto", WEIR_POLICY_AUTO, "limit", WEIR_SOURCE_LIMIT);
}

/* "Never trim" and "as many arenas as CPUs" are no small numbers. */
TEST_F(limits, no_end_is_above_every_number)
{
	int trim = WEIR_KNOB_TRIM_THRESHOLD, arenas = WEIR_KNOB_ARENA_MAX;

	EXPECT_EQ(0, sysfs_put("-1", "processes/%d/trim_threshold", getpid()));
	EXPECT_EQ(0, sysfs_put("1M", "limits/trim_threshold_min"));
	CHECK_KNOB(trim, "-1", -1, "sysfs", WEIR_SOURCE_SYSFS);
	EXPECT_EQ(0, sysfs_put("64M", "limits/trim_threshold_max"));
	CHECK_KNOB(trim, "67108864", 64 << 20, "limit", WEIR_SOURCE_LIMIT);
	EXPECT_EQ(0, sysfs_put("-1", "limits/trim_threshold_max"));
	EXPECT_EQ(0, sysfs_put("-1", "limits/trim_threshold_min"));
	EXPECT_EQ(0, sysfs_put("2M", "processes/%d/trim_threshold", getpid()));
	CHECK_KNOB(trim, "-1", -1, "limit", WEIR_SOURCE_LIMIT);

	EXPECT_EQ(0, sysfs_put("2", "limits/arena_max_min"));
	CHECK_KNOB(arenas, "0", 0, "builtin", WEIR_SOURCE_BUILTIN);
	EXPECT_EQ(0, sysfs_put("4", "limits/arena_max_max"));
	CHECK_KNOB(arenas, "4", 4, "limit", WEIR_SOURCE_LIMIT);
	EXPECT_EQ(0, sysfs_put("1", "processes/%d/arena_max", getpid()));
	CHECK_KNOB(arenas, "2", 2, "limit", WEIR_SOURCE_LIMIT);
}

/* A change that leaves a process's values as they are is none to it. */
TEST_F(limits, a_limit_that_clamps_nothing_changes_no_generation)
{
	uint32_t generation = self->page->generation;

	EXPECT_EQ(0, sysfs_put("1G", "limits/mmap_threshold_max"));
	EXPECT_EQ(generation, self->page->generation);
	EXPECT_EQ(0, sysfs_put("64K", "limits/mmap_threshold_max"));
	EXPECT_EQ(generation + 2, self->page->generation);
}

static const struct line {
	const char *file, *text;
	int error;
} lines[] = {
	{ "mmap_threshold_max", "70368744177665", ERANGE },
	{ "mmap_threshold_max", "99999999999999999999999", ERANGE },
	{ "mmap_threshold_max", "-1", ERANGE },
	{ "mmap_threshold_max", "1T", EINVAL },
	{ "mmap_threshold_max", "1x", EINVAL },
	{ "mmap_threshold_max", "1 ", EINVAL },
	{ "mmap_threshold_max", " 1", EINVAL },
	{ "mmap_threshold_max", "\n", EINVAL },
	{ "mmap_threshold_max", "none", EINVAL },
	{ "mmap_threshold_max", "1", ERANGE },		/* the minimum is 2 */
	{ "mmap_threshold_min", "4097", ERANGE },	/* the maximum is 4096 */
	{ "mmap_threshold_min", "-1", ERANGE },
	{ "mmap_max_min", "1K", EINVAL },
	{ "mmap_max_max", "2147483648", ERANGE },
	{ "trim_threshold_max", "-2", ERANGE },
	{ "trim_threshold_min", "-2", ERANGE },
	{ "top_pad_max", "2G", ERANGE },
	{ "arena_max_max", "65537", ERANGE },
	{ "arena_max_min", "-1", ERANGE },
	{ "hugetlb_max", "2", ERANGE },
	{ "policy_max", "2", EINVAL },
	{ "policy_max", "Fixed", EINVAL },
	{ "policy_min", "fast", EINVAL },
};

TEST_F(limits, what_is_refused_changes_nothing)
{
	uint32_t generation;
	char before[64];
	size_t i;

	ASSERT_EQ(0, sysfs_put("4K", "limits/mmap_threshold_max"));
	ASSERT_EQ(0, sysfs_put("2", "limits/mmap_threshold_min"));
	generation = self->page->generation;
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		strcpy(before, sysfs_get("limits/%s", lines[i].file));
		EXPECT_EQ(-lines[i].error, sysfs_put(lines[i].text, "limits/%s", lines[i].file))
			TH_LOG("%s: '%s'", lines[i].file, lines[i].text);
		EXPECT_STREQ(before, sysfs_get("limits/%s", lines[i].file));
	}
	EXPECT_EQ(-EINVAL, sysfs_write("1\0", 2, "limits/top_pad_max"));
	EXPECT_EQ(generation, self->page->generation);
}

TEST_F(limits, they_are_for_root)
{
	pid_t pid;
	int i;

	IN_CHILD(pid) {
		CHECK(!setresgid(NOBODY, NOBODY, NOBODY) && !setresuid(NOBODY, NOBODY, NOBODY));
		for (i = 0; i < WEIR_KNOB_NR; i++) {
			CHECK(sysfs_put("default", "limits/%s_min", knobs[i].knob) == -EACCES);
			CHECK(sysfs_put("default", "limits/%s_max", knobs[i].knob) == -EACCES);
			CHECK(*sysfs_get("limits/%s_max", knobs[i].knob));
		}
	}
	EXPECT_EQ(0, child_status(pid));
}

TEST_HARNESS_MAIN
