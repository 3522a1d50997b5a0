// SPDX-License-Identifier: GPL-2.0
/*
 * When faults are counted: armed by the first attachment, disarmed after the last, on every CPU
 * that comes.
 */
#include <sched.h>

#include "weir_test.h"

#define PAGE	4096UL
#define ENABLED	"/sys/kernel/tracing/enabled_functions"
#define CPU1	"/sys/devices/system/cpu/cpu1/online"

static bool hooked(void)
{
	FILE *file = fopen(ENABLED, "r");
	char line[512];
	bool found = false;

	while (file && fgets(line, sizeof(line), file))
		found |= !strncmp(line, "handle_mm_fault ", 16);
	if (file)
		fclose(file);
	return found;
}

static bool unhooks(void)
{
	int i;

	for (i = 0; i < 100 && hooked(); i++)
		usleep(100000);
	return !hooked();
}

static int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY), ret = write(fd, text, strlen(text)) < 0 ? -errno : 0;

	close(fd);
	return ret;
}

#define NEEDS(path) do {								\
	if (access(path, R_OK | W_OK) && !getenv("WEIR_GUEST"))				\
		SKIP(return, "no " path " here");					\
} while (0)

TEST(nobody_pays_while_nobody_is_attached)
{
	ctlpage_t *page;
	int i;

	NEEDS(ENABLED);
	for (i = 0; i < 2; i++) {
		ASSERT_TRUE(unhooks());
		page = weir_attach_self();
		ASSERT_NE(NULL, page);
		EXPECT_TRUE(hooked());
		weir_detach(page);
		EXPECT_TRUE(hooked());
	}
	EXPECT_TRUE(unhooks());
}

TEST(a_failed_attach_leaves_nothing_armed)
{
	struct weir_attach attach = { .size = sizeof(attach), .flags = 1 };

	NEEDS(ENABLED);
	ASSERT_TRUE(unhooks());
	EXPECT_EQ(-EINVAL, weir_call_once(WEIR_IOC_ATTACH, &attach));
	EXPECT_FALSE(hooked());
}

TEST(tracing_cannot_be_turned_off_under_an_attachment)
{
	ctlpage_t *page;

	NEEDS("/proc/sys/kernel/ftrace_enabled");
	ASSERT_TRUE(unhooks());
	ASSERT_EQ(0, put("/proc/sys/kernel/ftrace_enabled", "0"));
	EXPECT_EQ(-EOPNOTSUPP, weir_attach(weir_open()));
	EXPECT_FALSE(record_exists(getpid()));
	ASSERT_EQ(0, put("/proc/sys/kernel/ftrace_enabled", "1"));
	page = weir_attach_self();
	ASSERT_NE(NULL, page);
	EXPECT_EQ(-EBUSY, put("/proc/sys/kernel/ftrace_enabled", "0"));
}

/*
 * Major faults of a cold file on one CPU: those the kernel has counted, less those the module
 * has.
 */
static long majors_missed(ctlpage_t *page, int cpu, long *majors)
{
	int i, fd = open("/usr/bin/perl", O_RDONLY);
	struct rusage before, after;
	uint64_t counted;
	cpu_set_t set;
	char *p, c;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED))
		return -1;
	p = mmap(NULL, 64 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	madvise(p, 64 * PAGE, MADV_RANDOM);
	getrusage(RUSAGE_SELF, &before);
	counted = page->faults.majflt;
	for (i = 63; i >= 0; i--)
		c = *(volatile char *)(p + i * PAGE);
	(void)c;
	getrusage(RUSAGE_SELF, &after);
	munmap(p, 64 * PAGE);
	close(fd);
	*majors = after.ru_majflt - before.ru_majflt;
	return *majors - (page->faults.majflt - counted);
}

TEST(a_cpu_that_comes_back_counts)
{
	ctlpage_t *page;
	long majors;
	int i;

	NEEDS(CPU1);
	page = weir_attach_self();
	ASSERT_NE(NULL, page);
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(0, majors_missed(page, 1, &majors));
		EXPECT_LT(0, majors);
		EXPECT_EQ(0, majors_missed(page, 0, &majors));
		ASSERT_EQ(0, put(CPU1, "0"));
		ASSERT_EQ(0, put(CPU1, "1"));
		usleep(200000);
	}
}

/* Armed while a CPU is away, which then comes. */
TEST(a_cpu_that_comes_later_counts)
{
	ctlpage_t *page;
	long majors;

	NEEDS(CPU1);
	ASSERT_TRUE(unhooks());
	ASSERT_EQ(0, put(CPU1, "0"));
	page = weir_attach_self();
	EXPECT_EQ(0, put(CPU1, "1"));
	ASSERT_NE(NULL, page);
	usleep(200000);
	EXPECT_EQ(0, majors_missed(page, 1, &majors));
	EXPECT_LT(0, majors);
}

TEST_HARNESS_MAIN
