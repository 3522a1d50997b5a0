// SPDX-License-Identifier: GPL-2.0
/*
 * The layout of <linux/weir.h>, and the calls as a 32-bit program makes them.
 */
#include <stddef.h>

#include "weir_test.h"

TEST(layout)
{
	EXPECT_EQ(512, sizeof(struct weir_ctlpage));
	EXPECT_EQ(64, offsetof(struct weir_ctlpage, generation));
	EXPECT_EQ(128, offsetof(struct weir_ctlpage, knob));
	EXPECT_EQ(320, offsetof(struct weir_ctlpage, source));
	EXPECT_EQ(384, offsetof(struct weir_ctlpage, faults));
	EXPECT_EQ(448, offsetof(struct weir_ctlpage, trim_request));
	EXPECT_EQ(456, offsetof(struct weir_ctlpage, trim_keep));
	EXPECT_EQ(452, offsetof(struct weir_ctlpage, pressure));
	EXPECT_EQ(48, sizeof(struct weir_figures));
	EXPECT_EQ(24, sizeof(struct weir_info));
	EXPECT_EQ(64, sizeof(struct weir_attach));
	EXPECT_EQ(32, offsetof(struct weir_attach, profile));
	EXPECT_EQ(232, sizeof(struct weir_knobs));
	EXPECT_EQ(56, sizeof(struct weir_counters));
	EXPECT_EQ(24, sizeof(struct weir_region));
	EXPECT_EQ(208, sizeof(struct weir_regions));
	EXPECT_EQ(32, sizeof(struct weir_trim_wait));
	EXPECT_EQ(24, sizeof(struct weir_trim_done));
}

TEST(numbers)
{
	EXPECT_EQ(0xc018bb01, WEIR_IOC_INFO);
	EXPECT_EQ(0xc040bb10, WEIR_IOC_ATTACH);
	EXPECT_EQ(0xc0e8bb11, WEIR_IOC_GET_KNOBS);
	EXPECT_EQ(0x40e8bb12, WEIR_IOC_SET_KNOBS);
	EXPECT_EQ(0xc038bb13, WEIR_IOC_GET_COUNTERS);
	EXPECT_EQ(0x40d0bb14, WEIR_IOC_SET_REGIONS);
	EXPECT_EQ(0xc020bb20, WEIR_IOC_TRIM_WAIT);
	EXPECT_EQ(0x4018bb21, WEIR_IOC_TRIM_DONE);
}

TEST(info)
{
	struct weir_info info = { .size = sizeof(info) };

	ASSERT_EQ(0, weir_call_once(WEIR_IOC_INFO, &info));
	EXPECT_EQ(WEIR_FEATURE_KNOBS | WEIR_FEATURE_COUNTERS | WEIR_FEATURE_REGIONS |
		  WEIR_FEATURE_INHERIT | WEIR_FEATURE_PROFILES | WEIR_FEATURE_TRIM |
		  WEIR_FEATURE_FIGURES | WEIR_FEATURE_PRESSURE, info.features);
	EXPECT_EQ(WEIR_KNOB_NR, info.knob_nr);
	EXPECT_EQ(4096, info.map_size);
	EXPECT_EQ(sizeof(info), info.size);
}

TEST(device_is_for_everybody)
{
	pid_t pid;

	IN_CHILD(pid) {
		CHECK(!setgid(NOBODY) && !setuid(NOBODY));
		CHECK(weir_attach_self());
	}
	EXPECT_EQ(0, child_status(pid));
}

/*
 * A longer structure is taken if the excess is zero; nothing behind what the module knows is
 * written.
 */
TEST(a_longer_structure)
{
	struct { struct weir_info info; char more[40]; } arg = { .info.size = sizeof(arg) };
	unsigned long cmd = _IOC(_IOC_READ | _IOC_WRITE, WEIR_IOC_MAGIC, 0x01, sizeof(arg));

	ASSERT_EQ(0, weir_call_once(cmd, &arg));
	EXPECT_EQ(WEIR_KNOB_NR, arg.info.knob_nr);
	EXPECT_EQ(sizeof(arg), arg.info.size);
	arg.more[39] = 1;
	arg.info.knob_nr = 99;
	EXPECT_EQ(-EINVAL, weir_call_once(cmd, &arg));
	EXPECT_EQ(99, arg.info.knob_nr);
}

/* As a program built when the structure was shorter: what stands behind it is none of the call's. */
TEST(a_shorter_structure)
{
	struct { char first[32]; char more[32]; } arg = { .more = "no end, and no name at all......" };
	unsigned long cmd = _IOC(_IOC_READ | _IOC_WRITE, WEIR_IOC_MAGIC, 0x10, 32);
	struct weir_attach *attach = (void *)&arg;
	int fd = weir_open();

	attach->size = 32;
	ASSERT_EQ(0, weir_call(fd, cmd, &arg));
	EXPECT_EQ(4096, attach->map_size);
	EXPECT_EQ(0, memcmp(arg.more, "no end, and no name at all......", 32));
	EXPECT_STREQ("none", sysfs_get("processes/%d/profile", getpid()));
}

#ifdef __x86_64__
/* ioctl(2) by the entry of 32-bit programs, which works from 64-bit code if pointers are short. */
static int compat_ioctl(int fd, unsigned int cmd, void *arg)
{
	int ret = 54;

	asm volatile("int $0x80" : "+a" (ret)
		     : "b" (fd), "c" (cmd), "d" ((unsigned int)(unsigned long)arg)
		     : "memory", "r8", "r9", "r10", "r11");
	return ret;
}

TEST(calls_of_a_32_bit_program)
{
	int fd = weir_open();
	void *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	struct weir_attach *attach = low;
	struct weir_knobs *knobs = low;
	struct weir_counters *counters = low;
	struct weir_regions *regions = low;
	ctlpage_t *page;

	ASSERT_NE(MAP_FAILED, low);
	*attach = (struct weir_attach){ .size = sizeof(*attach) };
	ASSERT_EQ(0, compat_ioctl(fd, WEIR_IOC_ATTACH, attach));
	EXPECT_EQ(4096, attach->map_size);
	page = weir_map(fd);
	ASSERT_NE(NULL, page);
	*knobs = (struct weir_knobs){ .size = sizeof(*knobs), .set_mask = 1 << WEIR_KNOB_TOP_PAD };
	knobs->value[WEIR_KNOB_TOP_PAD] = 4096;
	ASSERT_EQ(0, compat_ioctl(fd, WEIR_IOC_SET_KNOBS, knobs));
	EXPECT_EQ(4096, page->knob[WEIR_KNOB_TOP_PAD]);
	*knobs = (struct weir_knobs){ .size = sizeof(*knobs) };
	ASSERT_EQ(0, compat_ioctl(fd, WEIR_IOC_GET_KNOBS, knobs));
	EXPECT_EQ(4096, knobs->value[WEIR_KNOB_TOP_PAD]);
	*regions = (struct weir_regions){ .size = sizeof(*regions) };
	EXPECT_EQ(0, compat_ioctl(fd, WEIR_IOC_SET_REGIONS, regions));
	*counters = (struct weir_counters){ .size = sizeof(*counters) };
	ASSERT_EQ(0, compat_ioctl(fd, WEIR_IOC_GET_COUNTERS, counters));
	EXPECT_LT(0, counters->faults.minflt);
}
#endif

TEST_HARNESS_MAIN
