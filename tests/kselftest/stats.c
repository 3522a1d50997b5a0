// SPDX-License-Identifier: GPL-2.0
/*
 * The totals below stats/.
 */
#include <signal.h>

#include "weir_test.h"

#define PAGE	4096UL

/* Touch @pages of a declared heap region. */
static void touch_heap(int pages)
{
	struct weir_regions regions = { .size = sizeof(regions), .nr = 1 };
	char *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int i;

	CHECK(p != MAP_FAILED);
	madvise(p, pages * PAGE, MADV_NOHUGEPAGE);
	regions.region[0] = (struct weir_region){ (unsigned long)p, (unsigned long)p + pages * PAGE,
						  WEIR_REGION_HEAP, 0 };
	CHECK(weir_call_once(WEIR_IOC_SET_REGIONS, &regions) == 0);
	for (i = 0; i < pages; i++)
		*(volatile char *)(p + i * PAGE) = 1;
}

TEST(attached_and_attaches)
{
	long attached = sysfs_number("stats/attached"), attaches = sysfs_number("stats/attaches");
	int i, ready[2];
	pid_t pid[10];
	char c;

	ASSERT_EQ(0, pipe(ready));
	for (i = 0; i < 10; i++) {
		IN_CHILD(pid[i]) {
			CHECK(weir_attach_self());
			CHECK(write(ready[1], "", 1) == 1);
			pause();
		}
	}
	for (i = 0; i < 10; i++)
		ASSERT_EQ(1, read(ready[0], &c, 1));
	EXPECT_EQ(attached + 10, sysfs_number("stats/attached"));
	EXPECT_EQ(attaches + 10, sysfs_number("stats/attaches"));
	for (i = 0; i < 10; i++) {
		kill(pid[i], SIGKILL);
		child_status(pid[i]);
		EXPECT_EQ(attached + 9 - i, sysfs_number("stats/attached"));
	}
	EXPECT_EQ(attaches + 10, sysfs_number("stats/attaches"));
}

/* Counts of processes gone stay in the totals, and those from before an attach never enter them. */
TEST(totals_of_live_and_gone)
{
	long heap = sysfs_number("stats/heap_minflt"), min, i;
	pid_t pid;

	for (i = 1; i <= 5; i++) {
		IN_CHILD(pid) {
			CHECK(weir_attach_self());
			touch_heap(50);
			CHECK(sysfs_number("stats/heap_minflt") == heap + 50 * i);
		}
		EXPECT_EQ(0, child_status(pid));
		EXPECT_EQ(heap + 50 * i, sysfs_number("stats/heap_minflt"));
	}
	ASSERT_NE(NULL, weir_attach_self());
	min = sysfs_number("stats/minflt");
	IN_CHILD(pid) {
		char *p = mmap(NULL, 1000 * PAGE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		madvise(p, 1000 * PAGE, MADV_NOHUGEPAGE);
		memset(p, 1, 1000 * PAGE);
		CHECK(weir_attach_self());
	}
	EXPECT_EQ(0, child_status(pid));
	EXPECT_GT(min + 900, sysfs_number("stats/minflt"));
}

/* While processes come and go, a total is never less than it was. */
TEST(totals_never_go_back)
{
	long last = 0, now;
	pid_t pid, child;
	int i;

	IN_CHILD(pid) {
		for (i = 0; i < 100; i++) {
			IN_CHILD(child) {
				CHECK(weir_attach_self());
				touch_heap(20);
			}
			CHECK(child_status(child) == 0);
		}
	}
	while (!waitpid(pid, NULL, WNOHANG)) {
		now = sysfs_number("stats/heap_minflt");
		EXPECT_LE(last, now);
		last = now;
	}
}

TEST(read_only)
{
	static const char * const names[] = {
		"attached", "attaches", "minflt", "majflt", "heap_minflt", "heap_majflt",
		"mmap_minflt", "mmap_majflt",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		EXPECT_STRNE("", sysfs_get("stats/%s", names[i])) TH_LOG("%s", names[i]);
		EXPECT_GT(0, sysfs_put("0", "stats/%s", names[i])) TH_LOG("%s", names[i]);
	}
}

TEST_HARNESS_MAIN
