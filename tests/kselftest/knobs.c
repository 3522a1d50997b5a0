// SPDX-License-Identifier: GPL-2.0
/*
 * Knobs: layers, sources, who hears of a change, and that several are read consistently.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "weir_test.h"

static const char * const names[WEIR_KNOB_NR] = {
	"policy", "mmap_threshold", "mmap_max", "trim_threshold", "top_pad", "arena_max",
	"hugetlb",
};

static const int64_t builtin[WEIR_KNOB_NR] = { WEIR_POLICY_AUTO, 131072, 65536, 131072, 131072, 0, 0 };

static int set_own(int knob, int64_t value, uint32_t flags)
{
	struct weir_knobs knobs = { .size = sizeof(knobs), .flags = flags, .set_mask = 1u << knob };

	knobs.value[knob] = value;
	return weir_call_once(WEIR_IOC_SET_KNOBS, &knobs);
}

static int give_back(int knob)
{
	struct weir_knobs knobs = { .size = sizeof(knobs), .default_mask = 1u << knob };

	return weir_call_once(WEIR_IOC_SET_KNOBS, &knobs);
}

/* Page, ioctl and sysfs say the same of a knob. */
static void check_knob(struct __test_metadata *_metadata, ctlpage_t *page, int knob, int64_t value,
		       int source)
{
	static const char * const sources[] = {
		"builtin", "default", "profile", "environment", "self", "sysfs", "limit",
	};
	static const char * const policies[] = { "fixed", "dynamic", "auto" };
	struct weir_knobs knobs = { .size = sizeof(knobs) };
	char text[32];

	EXPECT_EQ(value, page->knob[knob]) TH_LOG("%s", names[knob]);
	EXPECT_EQ(source, page->source[knob]) TH_LOG("%s", names[knob]);
	EXPECT_EQ(0, weir_call_once(WEIR_IOC_GET_KNOBS, &knobs));
	EXPECT_EQ((1 << WEIR_KNOB_NR) - 1, knobs.set_mask);
	EXPECT_EQ(0, knobs.default_mask);
	EXPECT_EQ(value, knobs.value[knob]);
	EXPECT_EQ(source, knobs.source[knob]);
	snprintf(text, sizeof(text), "%ld", value);
	EXPECT_STREQ(knob == WEIR_KNOB_POLICY ? policies[value] : text,
		     sysfs_get("processes/%d/%s", getpid(), names[knob]));
	EXPECT_STREQ(sources[source], sysfs_get("processes/%d/source/%s", getpid(), names[knob]));
}

FIXTURE(knobs) {
	ctlpage_t *page;
};
FIXTURE_SETUP(knobs)
{
	self->page = weir_attach_self();
	ASSERT_NE(NULL, self->page);
}
FIXTURE_TEARDOWN(knobs)
{
	int knob;

	for (knob = 0; knob < WEIR_KNOB_NR; knob++)
		EXPECT_EQ(0, sysfs_put("default", "defaults/%s", names[knob]));
}

TEST_F(knobs, builtin_values)
{
	int knob;

	for (knob = 0; knob < WEIR_KNOB_NR; knob++)
		check_knob(_metadata, self->page, knob, builtin[knob], WEIR_SOURCE_BUILTIN);
}

TEST_F(knobs, the_latest_write_wins)
{
	int knob = WEIR_KNOB_MMAP_THRESHOLD;

	EXPECT_EQ(0, set_own(knob, 4096, WEIR_KNOBS_ENVIRONMENT));
	check_knob(_metadata, self->page, knob, 4096, WEIR_SOURCE_ENVIRONMENT);
	EXPECT_EQ(0, set_own(knob, 8192, 0));
	check_knob(_metadata, self->page, knob, 8192, WEIR_SOURCE_SELF);
	EXPECT_EQ(0, sysfs_put("1M", "processes/%d/mmap_threshold", getpid()));
	check_knob(_metadata, self->page, knob, 1 << 20, WEIR_SOURCE_SYSFS);
	EXPECT_EQ(0, set_own(knob, 1 << 20, 0));
	check_knob(_metadata, self->page, knob, 1 << 20, WEIR_SOURCE_SELF);
}

TEST_F(knobs, default_gives_back_to_the_layer_below)
{
	int knob = WEIR_KNOB_TOP_PAD;

	EXPECT_EQ(0, sysfs_put("4K", "processes/%d/top_pad", getpid()));
	check_knob(_metadata, self->page, knob, 4096, WEIR_SOURCE_SYSFS);
	EXPECT_EQ(0, sysfs_put("64K", "defaults/top_pad"));
	check_knob(_metadata, self->page, knob, 4096, WEIR_SOURCE_SYSFS);
	EXPECT_EQ(0, sysfs_put("default\n", "processes/%d/top_pad", getpid()));
	check_knob(_metadata, self->page, knob, 65536, WEIR_SOURCE_DEFAULT);
	EXPECT_EQ(0, set_own(knob, 0, 0));
	check_knob(_metadata, self->page, knob, 0, WEIR_SOURCE_SELF);
	EXPECT_EQ(0, give_back(knob));
	check_knob(_metadata, self->page, knob, 65536, WEIR_SOURCE_DEFAULT);
	EXPECT_EQ(0, sysfs_put("default", "defaults/top_pad"));
	check_knob(_metadata, self->page, knob, builtin[knob], WEIR_SOURCE_BUILTIN);
}

TEST_F(knobs, all_in_one_call)
{
	static const int64_t values[WEIR_KNOB_NR] = {
		WEIR_POLICY_FIXED, WEIR_MMAP_THRESHOLD_MAX, WEIR_MMAP_MAX_MAX, -1, WEIR_TOP_PAD_MAX,
		WEIR_ARENA_MAX_MAX, WEIR_HUGETLB_MAX,
	};
	struct weir_knobs knobs = { .size = sizeof(knobs), .set_mask = (1 << WEIR_KNOB_NR) - 1 };
	uint32_t generation = self->page->generation;
	int knob;

	memcpy(knobs.value, values, sizeof(values));
	ASSERT_EQ(0, weir_call_once(WEIR_IOC_SET_KNOBS, &knobs));
	EXPECT_EQ(generation + 2, self->page->generation);
	for (knob = 0; knob < WEIR_KNOB_NR; knob++)
		check_knob(_metadata, self->page, knob, values[knob], WEIR_SOURCE_SELF);
	ASSERT_EQ(0, weir_call_once(WEIR_IOC_SET_KNOBS, &knobs));
	EXPECT_EQ(generation + 2, self->page->generation);
}

/* A child for each of: overridden, not overridden; both told what to expect of a default. */
TEST_F(knobs, a_default_reaches_those_that_have_not_overridden_it)
{
	int order[2], done[2], i;
	pid_t pid[2];
	char c;

	ASSERT_EQ(0, pipe(order));
	ASSERT_EQ(0, pipe(done));
	for (i = 0; i < 2; i++) {
		IN_CHILD(pid[i]) {
			CHECK(weir_attach_child(self->page) == 0);
			if (i)
				CHECK(set_own(WEIR_KNOB_ARENA_MAX, 5, 0) == 0);
			CHECK(write(done[1], "", 1) == 1);
			CHECK(read(order[0], &c, 1) == 1);
			CHECK(self->page->knob[WEIR_KNOB_ARENA_MAX] == (i ? 5 : 77));
			CHECK(self->page->source[WEIR_KNOB_ARENA_MAX] ==
			      (i ? WEIR_SOURCE_SELF : WEIR_SOURCE_DEFAULT));
		}
	}
	for (i = 0; i < 2; i++)
		ASSERT_EQ(1, read(done[0], &c, 1));
	ASSERT_EQ(0, sysfs_put("77", "defaults/arena_max"));
	EXPECT_EQ(77, self->page->knob[WEIR_KNOB_ARENA_MAX]);
	ASSERT_EQ(2, write(order[1], "xx", 2));
	for (i = 0; i < 2; i++)
		EXPECT_EQ(0, child_status(pid[i])) TH_LOG("child %d", i);
}

TEST_F(knobs, a_process_that_attaches_later_follows_the_default)
{
	pid_t pid;

	ASSERT_EQ(0, sysfs_put("fixed", "defaults/policy"));
	EXPECT_STREQ("fixed", sysfs_get("defaults/policy"));
	weir_detach(self->page);
	IN_CHILD(pid) {
		ctlpage_t *page = weir_attach_self();

		CHECK(page);
		CHECK(page->knob[WEIR_KNOB_POLICY] == WEIR_POLICY_FIXED);
		CHECK(page->source[WEIR_KNOB_POLICY] == WEIR_SOURCE_DEFAULT);
	}
	EXPECT_EQ(0, child_status(pid));
}

static atomic_bool stop;

/* Writes mmap_threshold = 2 * mmap_max = 4 * top_pad in one call, over and over. */
static void *write_triples(void *arg)
{
	int fd = weir_open();
	int64_t i;

	for (i = 1; !stop; i = i % 100000 + 1) {
		struct weir_knobs knobs = {
			.size = sizeof(knobs),
			.set_mask = 1 << WEIR_KNOB_MMAP_THRESHOLD | 1 << WEIR_KNOB_MMAP_MAX |
				    1 << WEIR_KNOB_TOP_PAD,
			.value = { [WEIR_KNOB_MMAP_THRESHOLD] = 4 * i, [WEIR_KNOB_MMAP_MAX] = 2 * i,
				   [WEIR_KNOB_TOP_PAD] = i },
		};

		if (weir_call(fd, WEIR_IOC_SET_KNOBS, &knobs))
			return arg;
	}
	return NULL;
}

/* Reads as the header says, for two seconds and until enough were read. */
TEST_F(knobs, several_are_read_consistently)
{
	time_t end = time(NULL) + 2;
	ctlpage_t *page = self->page;
	long torn = 0, read = 0, changes = 0;
	uint32_t last = 0;
	pthread_t writer;
	void *failed;

	EXPECT_EQ(0, set_own(WEIR_KNOB_MMAP_THRESHOLD, 4, 0));
	EXPECT_EQ(0, set_own(WEIR_KNOB_MMAP_MAX, 2, 0));
	EXPECT_EQ(0, set_own(WEIR_KNOB_TOP_PAD, 1, 0));
	ASSERT_EQ(0, pthread_create(&writer, NULL, write_triples, &torn));
	while (changes < 2000 || time(NULL) < end) {
		uint32_t generation = __atomic_load_n(&page->generation, __ATOMIC_ACQUIRE);
		int64_t threshold, max, pad;

		if (generation % 2)
			continue;
		threshold = page->knob[WEIR_KNOB_MMAP_THRESHOLD];
		max = page->knob[WEIR_KNOB_MMAP_MAX];
		pad = page->knob[WEIR_KNOB_TOP_PAD];
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (page->generation != generation)
			continue;
		read++;
		changes += generation != last;
		last = generation;
		torn += threshold != 4 * pad || max != 2 * pad;
	}
	stop = true;
	pthread_join(writer, &failed);
	EXPECT_EQ(NULL, failed);
	EXPECT_LE(changes, read);
	EXPECT_EQ(0, torn);
}

TEST_HARNESS_MAIN
