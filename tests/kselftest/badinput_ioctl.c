// SPDX-License-Identifier: GPL-2.0
/*
 * Every call with every wrong argument, a line each: the documented errno, and nothing changed.
 */
#include "weir_test.h"

#define PAGE	4096UL
#define TOP	0x7ffffffff000UL	/* the address space ends here */

union argument {
	uint32_t size;
	struct weir_info info;
	struct weir_attach attach;
	struct weir_knobs knobs;
	struct weir_counters counters;
	struct weir_regions regions;
	struct weir_trim_wait trim_wait;
	struct weir_trim_done trim_done;
	char bytes[512];
};

static const struct bad_call {
	const char *what;
	unsigned long cmd;
	union argument arg;
	int error;
} unattached[] = {
#define INFO(...)	WEIR_IOC_INFO, { .info = { .size = sizeof(struct weir_info), __VA_ARGS__ } }
#define ATTACH(...)	WEIR_IOC_ATTACH, { .attach = { .size = sizeof(struct weir_attach), __VA_ARGS__ } }
#define GET(...)	WEIR_IOC_GET_KNOBS, { .knobs = { .size = sizeof(struct weir_knobs), __VA_ARGS__ } }
#define SET(...)	WEIR_IOC_SET_KNOBS, { .knobs = { .size = sizeof(struct weir_knobs), __VA_ARGS__ } }
#define COUNT(...)	WEIR_IOC_GET_COUNTERS, { .counters = { .size = sizeof(struct weir_counters), __VA_ARGS__ } }
#define REGIONS(...)	WEIR_IOC_SET_REGIONS, { .regions = { .size = sizeof(struct weir_regions), __VA_ARGS__ } }
#define WAIT(...)	WEIR_IOC_TRIM_WAIT, { .trim_wait = { .size = sizeof(struct weir_trim_wait), __VA_ARGS__ } }
#define DONE(...)	WEIR_IOC_TRIM_DONE, { .trim_done = { .size = sizeof(struct weir_trim_done), __VA_ARGS__ } }
	{ "info, flags", INFO(.flags = 1), EINVAL },
	{ "info, size 0", WEIR_IOC_INFO, { .size = 0 }, EINVAL },
	{ "info, size too small", WEIR_IOC_INFO, { .size = 23 }, EINVAL },
	{ "info, size not that of the number", WEIR_IOC_INFO, { .size = 32 }, EINVAL },
	{ "info, short in number and size", _IOWR(WEIR_IOC_MAGIC, 1, char[16]), { .size = 16 }, EINVAL },
	{ "info, no size in the number", _IOC(3, WEIR_IOC_MAGIC, 1, 0), { .size = 24 }, EINVAL },
	{ "info, another direction", _IOC(1, WEIR_IOC_MAGIC, 1, 24), { .size = 24 }, ENOTTY },
	{ "unknown number", _IOWR(WEIR_IOC_MAGIC, 0x7f, struct weir_info), { .size = 24 }, ENOTTY },
	{ "unknown type", _IOWR('w', 0x01, struct weir_info), { .size = 24 }, ENOTTY },
	{ "attach, unknown flag", ATTACH(.flags = 2), EINVAL },
	{ "attach, highest flag", ATTACH(.flags = 1u << 31), EINVAL },
	{ "attach, unknown feature", ATTACH(.features = 1 << 30), EINVAL },
	{ "attach, highest feature", ATTACH(.features = 1ULL << 63), EINVAL },
	{ "attach, map_size", ATTACH(.map_size = 4096), EINVAL },
	{ "attach, reserved", ATTACH(.reserved = 1), EINVAL },
	{ "attach, profile with a space", ATTACH(.profile = "a b"), EINVAL },
	{ "attach, profile with a slash", ATTACH(.profile = "../x"), EINVAL },
	{ "attach, profile with a newline", ATTACH(.profile = "web\n"), EINVAL },
	{ "attach, profile with a dot in front", ATTACH(.profile = ".web"), EINVAL },
	{ "attach, profile with a byte above 127", ATTACH(.profile = "w\xe9" "b"), EINVAL },
	{ "attach, profile called as a file", ATTACH(.profile = "create"), EINVAL },
	{ "attach, profile without an end", ATTACH(.profile = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), EINVAL },
	{ "attach, profile and more behind it", ATTACH(.profile = "web\0x"), EINVAL },
	{ "attach, profile empty and more behind it", ATTACH(.profile = "\0x"), EINVAL },
	{ "attach, last byte of the profile", ATTACH(.profile = { [31] = 'x' }), EINVAL },
	{ "attach, inherit without its flag", ATTACH(.inherit = PAGE), EINVAL },
	{ "attach, inherit nothing", ATTACH(.flags = WEIR_ATTACH_INHERIT), EINVAL },
	{ "attach, inherit a kernel address", ATTACH(.flags = WEIR_ATTACH_INHERIT, .inherit = ~0ULL << 47), EINVAL },
	{ "attach, inherit the last byte", ATTACH(.flags = WEIR_ATTACH_INHERIT, .inherit = ~0ULL), EINVAL },
	{ "get, unattached", GET(), ENOTCONN },
	{ "set, unattached", SET(.set_mask = 1), ENOTCONN },
	{ "set nothing, unattached", SET(), ENOTCONN },
	{ "counters, unattached", COUNT(), ENOTCONN },
	{ "regions, unattached", REGIONS(), ENOTCONN },
	{ "wait, unattached", WAIT(), ENOTCONN },
	{ "done, unattached", DONE(.request = 1), ENOTCONN },
}, attached[] = {
	{ "attach again", ATTACH(), EEXIST },
	{ "get, flags", GET(.flags = WEIR_KNOBS_ENVIRONMENT), EINVAL },
	{ "set, unknown flag", SET(.flags = 2), EINVAL },
	{ "set, unknown knob", SET(.set_mask = 1 << WEIR_KNOB_NR), EINVAL },
	{ "set, highest knob", SET(.set_mask = 1u << 31), EINVAL },
	{ "default, unknown knob", SET(.default_mask = 1 << WEIR_KNOB_NR), EINVAL },
	{ "set, both masks", SET(.set_mask = 3, .default_mask = 2), EINVAL },
	{ "set, first source", SET(.set_mask = 1, .source = { 1 }), EINVAL },
	{ "set, last source", SET(.set_mask = 1, .source = { [WEIR_KNOB_SLOTS - 1] = 1 }), EINVAL },
	{ "policy -1", SET(.set_mask = 1, .value = { -1 }), ERANGE },
	{ "policy 3", SET(.set_mask = 1, .value = { WEIR_POLICY_NR }), ERANGE },
	{ "mmap_threshold -1", SET(.set_mask = 2, .value = { 0, -1 }), ERANGE },
	{ "mmap_threshold above", SET(.set_mask = 2, .value = { 0, WEIR_MMAP_THRESHOLD_MAX + 1 }), ERANGE },
	{ "mmap_max -1", SET(.set_mask = 4, .value = { 0, 0, -1 }), ERANGE },
	{ "mmap_max above", SET(.set_mask = 4, .value = { 0, 0, WEIR_MMAP_MAX_MAX + 1 }), ERANGE },
	{ "trim_threshold -2", SET(.set_mask = 8, .value = { 0, 0, 0, -2 }), ERANGE },
	{ "trim_threshold above", SET(.set_mask = 8, .value = { 0, 0, 0, WEIR_TRIM_THRESHOLD_MAX + 1 }), ERANGE },
	{ "top_pad -1", SET(.set_mask = 16, .value = { 0, 0, 0, 0, -1 }), ERANGE },
	{ "top_pad above", SET(.set_mask = 16, .value = { 0, 0, 0, 0, WEIR_TOP_PAD_MAX + 1 }), ERANGE },
	{ "arena_max -1", SET(.set_mask = 32, .value = { 0, 0, 0, 0, 0, -1 }), ERANGE },
	{ "arena_max above", SET(.set_mask = 32, .value = { 0, 0, 0, 0, 0, WEIR_ARENA_MAX_MAX + 1 }), ERANGE },
	{ "arena_max lowest", SET(.set_mask = 32, .value = { 0, 0, 0, 0, 0, INT64_MIN }), ERANGE },
	{ "hugetlb -1", SET(.set_mask = 64, .value = { [WEIR_KNOB_HUGETLB] = -1 }), ERANGE },
	{ "hugetlb 2", SET(.set_mask = 64, .value = { [WEIR_KNOB_HUGETLB] = WEIR_HUGETLB_MAX + 1 }), ERANGE },
	{ "one of seven out of range", SET(.set_mask = 127, .value = { 0, 1, 2, 3, 4, 5, -1 }), ERANGE },
	{ "counters, flags", COUNT(.flags = 1), EINVAL },
	{ "regions, flags", REGIONS(.flags = 1), EINVAL },
	{ "regions, reserved", REGIONS(.reserved = 1), EINVAL },
	{ "regions, nine", REGIONS(.nr = 9), EINVAL },
	{ "regions, highest nr", REGIONS(.nr = ~0u), EINVAL },
	{ "regions, one not counted in nr", REGIONS(.nr = 0, .region = { { PAGE, 2 * PAGE, 1 } }), EINVAL },
	{ "regions, kind 0", REGIONS(.nr = 1, .region = { { PAGE, 2 * PAGE, 0 } }), EINVAL },
	{ "regions, kind 3", REGIONS(.nr = 1, .region = { { PAGE, 2 * PAGE, 3 } }), EINVAL },
	{ "regions, region reserved", REGIONS(.nr = 1, .region = { { PAGE, 2 * PAGE, 1, 1 } }), EINVAL },
	{ "regions, empty", REGIONS(.nr = 1, .region = { { PAGE, PAGE, 1 } }), EINVAL },
	{ "regions, wraps", REGIONS(.nr = 1, .region = { { 2 * PAGE, PAGE, 1 } }), EINVAL },
	{ "regions, start misaligned", REGIONS(.nr = 1, .region = { { PAGE + 1, 2 * PAGE, 1 } }), EINVAL },
	{ "regions, end misaligned", REGIONS(.nr = 1, .region = { { PAGE, 2 * PAGE - 1, 1 } }), EINVAL },
	{ "regions, beyond the end", REGIONS(.nr = 1, .region = { { PAGE, TOP + PAGE, 1 } }), EINVAL },
	{ "regions, kernel addresses", REGIONS(.nr = 1, .region = { { ~0ULL << 47, -PAGE, 1 } }), EINVAL },
	{ "regions, two the same", REGIONS(.nr = 2, .region = { { PAGE, 2 * PAGE, 1 }, { PAGE, 2 * PAGE, 2 } }), EINVAL },
	{ "regions, overlap by a page", REGIONS(.nr = 2, .region = { { 4 * PAGE, 6 * PAGE, 1 }, { PAGE, 5 * PAGE, 2 } }), EINVAL },
	{ "wait, flags", WAIT(.flags = 1), EINVAL },
	{ "wait, reserved", WAIT(.reserved = 1), EINVAL },
	{ "wait, keep", WAIT(.keep = 1), EINVAL },
	{ "wait, short", _IOWR(WEIR_IOC_MAGIC, 0x20, char[24]), { .size = 24 }, EINVAL },
	{ "wait, deadline past", WAIT(.deadline = 1), ETIMEDOUT },
	{ "done, no request", DONE(), EINVAL },
	{ "done, flags", DONE(.flags = 1), EINVAL },
	{ "done, reserved", DONE(.reserved = 1), EINVAL },
	{ "done, a request that was not made", DONE(.request = 1), EINVAL },
	{ "done, the highest number", DONE(.request = ~0u), EINVAL },
	{ "done, more than there can be", DONE(.request = 1, .bytes = WEIR_TRIM_BYTES_MAX + 1), EINVAL },
	{ "done, the most", DONE(.request = 1, .bytes = ~0ULL), EINVAL },
	{ "done, short", _IOW(WEIR_IOC_MAGIC, 0x21, char[16]), { .size = 16 }, EINVAL },
	{ "regions, one inside another", REGIONS(.nr = 2, .region = { { PAGE, 9 * PAGE, 1 }, { 3 * PAGE, 4 * PAGE, 1 } }), EINVAL },
};

/* A line: it fails as it should, and the argument is as it was. */
static void try(struct __test_metadata *_metadata, const struct bad_call *call)
{
	union argument arg = call->arg;

	EXPECT_EQ(-call->error, weir_call_once(call->cmd, &arg)) TH_LOG("%s", call->what);
	EXPECT_EQ(0, memcmp(&arg, &call->arg, sizeof(arg))) TH_LOG("%s", call->what);
}

TEST(while_unattached)
{
	size_t i;

	for (i = 0; i < sizeof(unattached) / sizeof(unattached[0]); i++)
		try(_metadata, &unattached[i]);
	EXPECT_FALSE(record_exists(getpid()));
}

TEST(while_attached)
{
	struct weir_ctlpage before, after;
	size_t i;
	ctlpage_t *page = weir_attach_self();

	ASSERT_NE(NULL, page);
	before = *page;
	for (i = 0; i < sizeof(attached) / sizeof(attached[0]); i++)
		try(_metadata, &attached[i]);
	after = *page;
	EXPECT_EQ(before.generation, after.generation);
	EXPECT_EQ(0, memcmp(before.knob, after.knob, sizeof(before.knob)));
	EXPECT_EQ(0, memcmp(before.source, after.source, sizeof(before.source)));
}

/* Memory that cannot be read, or not written: EFAULT, and an attach that cannot tell is none. */
TEST(unreadable_and_unwritable_memory)
{
	static const unsigned long calls[] = {
		WEIR_IOC_INFO, WEIR_IOC_GET_KNOBS, WEIR_IOC_SET_KNOBS, WEIR_IOC_GET_COUNTERS,
		WEIR_IOC_SET_REGIONS, WEIR_IOC_ATTACH,
	};
	uint32_t *map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint32_t *end = map + 1023;
	int fd = weir_open();
	size_t i;

	munmap(map + 1024, 4096);
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		EXPECT_EQ(-EFAULT, weir_call_once(calls[i], NULL));
		EXPECT_EQ(-EFAULT, weir_call_once(calls[i], (void *)(~0UL << 47)));
		*end = _IOC_SIZE(calls[i]);
		EXPECT_EQ(-EFAULT, weir_call_once(calls[i], end));
	}
	*map = sizeof(struct weir_attach);
	*end = 0;
	mprotect(map, 4096, PROT_READ);
	EXPECT_EQ(-EFAULT, weir_call(fd, WEIR_IOC_ATTACH, map));
	EXPECT_TRUE(record_goes(getpid()));
	EXPECT_EQ(0, weir_attach(fd));
}

/* An address inside a foreign mapping, and one inside the page but not at its start. */
TEST(inherit_from_what_is_no_control_page)
{
	char *other = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ctlpage_t *page = weir_attach_self();
	pid_t pid;

	ASSERT_NE(NULL, page);
	IN_CHILD(pid) {
		int fd = weir_open();

		CHECK(weir_attach_inherit(fd, (ctlpage_t *)other) == -EINVAL);
		CHECK(weir_attach_inherit(fd, (ctlpage_t *)((char *)page + 8)) == -EINVAL);
		CHECK(weir_attach_inherit(fd, (ctlpage_t *)((char *)page + 4096)) == -EINVAL);
		CHECK(!record_exists(getpid()));
		CHECK(weir_attach_inherit(fd, page) == 0);
	}
	EXPECT_EQ(0, child_status(pid));
}

TEST_HARNESS_MAIN
