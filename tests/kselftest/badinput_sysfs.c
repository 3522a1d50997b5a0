// SPDX-License-Identifier: GPL-2.0
/*
 * What is written to a knob's file, a line each: taken as what, or refused with which errno and
 * nothing changed.  The same for a process's knobs and for the system defaults.
 */
#include "weir_test.h"

static const struct line {
	const char *knob;
	const char *text;
	size_t len;			/* 0: that of the string */
	int error;
	const char *reads;		/* what the file says after a write that is taken */
} lines[] = {
#define BAD(knob, text, error)		{ knob, text, 0, error, NULL }
#define BYTES(knob, text, error)	{ knob, text, sizeof(text) - 1, error, NULL }
#define GOOD(knob, text, reads)		{ knob, text, 0, 0, reads }
	GOOD("policy", "fixed", "fixed"),
	GOOD("policy", "dynamic\n", "dynamic"),
	GOOD("policy", "auto", "auto"),
	BAD("policy", "\n", EINVAL),
	BAD("policy", "fix", EINVAL),
	BAD("policy", "fixedd", EINVAL),
	BAD("policy", "Fixed", EINVAL),
	BAD("policy", " fixed", EINVAL),
	BAD("policy", "fixed ", EINVAL),
	BAD("policy", "fixed\n\n", EINVAL),
	BAD("policy", "0", EINVAL),
	BAD("policy", "-1", EINVAL),
	BYTES("policy", "fixed\0", EINVAL),
	GOOD("mmap_threshold", "0", "0"),
	GOOD("mmap_threshold", "131072", "131072"),
	GOOD("mmap_threshold", "128K", "131072"),
	GOOD("mmap_threshold", "128k\n", "131072"),
	GOOD("mmap_threshold", "3m", "3145728"),
	GOOD("mmap_threshold", "2G", "2147483648"),
	GOOD("mmap_threshold", "0000007", "7"),
	GOOD("mmap_threshold", "65536G", "70368744177664"),
	GOOD("mmap_threshold", "70368744177664", "70368744177664"),
	BAD("mmap_threshold", "70368744177665", ERANGE),
	BAD("mmap_threshold", "65537G", ERANGE),
	BAD("mmap_threshold", "9223372036854775807", ERANGE),
	BAD("mmap_threshold", "9223372036854775808", ERANGE),
	BAD("mmap_threshold", "18446744073709551616", ERANGE),
	BAD("mmap_threshold", "18446744073709551617", ERANGE),
	BAD("mmap_threshold", "17179869184G", ERANGE),
	BAD("mmap_threshold", "99999999999999999999999999G", ERANGE),
	BAD("mmap_threshold", "-1", ERANGE),
	BAD("mmap_threshold", "-4096", ERANGE),
	BAD("mmap_threshold", "-0", EINVAL),
	BAD("mmap_threshold", "-", EINVAL),
	BAD("mmap_threshold", "--1", EINVAL),
	BAD("mmap_threshold", "\n", EINVAL),
	BAD("mmap_threshold", " ", EINVAL),
	BAD("mmap_threshold", "\t\n", EINVAL),
	BAD("mmap_threshold", " 1", EINVAL),
	BAD("mmap_threshold", "1 ", EINVAL),
	BAD("mmap_threshold", "+1", EINVAL),
	BAD("mmap_threshold", "1\n\n", EINVAL),
	BAD("mmap_threshold", "\n1", EINVAL),
	BAD("mmap_threshold", "1\r\n", EINVAL),
	BAD("mmap_threshold", "K", EINVAL),
	BAD("mmap_threshold", "1KB", EINVAL),
	BAD("mmap_threshold", "1KK", EINVAL),
	BAD("mmap_threshold", "1 K", EINVAL),
	BAD("mmap_threshold", "1T", EINVAL),
	BAD("mmap_threshold", "1x", EINVAL),
	BAD("mmap_threshold", "x1", EINVAL),
	BAD("mmap_threshold", "0x10", EINVAL),
	BAD("mmap_threshold", "1e3", EINVAL),
	BAD("mmap_threshold", "1.5M", EINVAL),
	BAD("mmap_threshold", "1,000", EINVAL),
	BAD("mmap_threshold", "1 2", EINVAL),
	BAD("mmap_threshold", "99999999999999999999x", EINVAL),
	BAD("mmap_threshold", "000000000000000000000000000000001", EINVAL),
	BAD("mmap_threshold", "Default", EINVAL),
	BAD("mmap_threshold", "default ", EINVAL),
	BAD("mmap_threshold", "defaults", EINVAL),
	BAD("mmap_threshold", "fixed", EINVAL),
	BAD("mmap_threshold", "off", EINVAL),
	BAD("mmap_threshold", "\xd9\xa1", EINVAL),
	BYTES("mmap_threshold", "\0", EINVAL),
	BYTES("mmap_threshold", "1\0", EINVAL),
	BYTES("mmap_threshold", "1\0" "2", EINVAL),
	BYTES("mmap_threshold", "1\0\n", EINVAL),
	GOOD("mmap_max", "0", "0"),
	GOOD("mmap_max", "2147483647", "2147483647"),
	BAD("mmap_max", "2147483648", ERANGE),
	BAD("mmap_max", "-1", ERANGE),
	BAD("mmap_max", "1K", EINVAL),
	BAD("mmap_max", "", EINVAL),
	GOOD("trim_threshold", "-1", "-1"),
	GOOD("trim_threshold", "-1\n", "-1"),
	GOOD("trim_threshold", "0", "0"),
	GOOD("trim_threshold", "65536G", "70368744177664"),
	BAD("trim_threshold", "-2", ERANGE),
	BAD("trim_threshold", "-1K", ERANGE),
	BAD("trim_threshold", "65537G", ERANGE),
	BAD("trim_threshold", "-9223372036854775809", ERANGE),
	BAD("trim_threshold", "-1 ", EINVAL),
	BAD("trim_threshold", "- 1", EINVAL),
	BAD("trim_threshold", "-1x", EINVAL),
	GOOD("top_pad", "1G", "1073741824"),
	BAD("top_pad", "1073741825", ERANGE),
	BAD("top_pad", "2G", ERANGE),
	BAD("top_pad", "-1", ERANGE),
	GOOD("arena_max", "65536", "65536"),
	BAD("arena_max", "65537", ERANGE),
	BAD("arena_max", "64K", EINVAL),
	BAD("arena_max", "-1", ERANGE),
	GOOD("hugetlb", "0", "0"),
	GOOD("hugetlb", "1", "1"),
	BAD("hugetlb", "2", ERANGE),
	BAD("hugetlb", "2097152", ERANGE),
	BAD("hugetlb", "2M", EINVAL),
	BAD("hugetlb", "-1", ERANGE),
	BAD("hugetlb", "on", EINVAL),
};

static void try(struct __test_metadata *_metadata, const char *folder, const struct line *line)
{
	size_t len = line->len ?: strlen(line->text);
	char before[64];
	int ret;

	strcpy(before, sysfs_get("%s/%s", folder, line->knob));
	ret = sysfs_write(line->text, len, "%s/%s", folder, line->knob);
	/* A write of no bytes never reaches the module: it succeeds and does nothing. */
	EXPECT_EQ(len ? -line->error : 0, ret) TH_LOG("%s/%s: '%s'", folder, line->knob, line->text);
	EXPECT_STREQ(line->reads ?: before, sysfs_get("%s/%s", folder, line->knob))
		TH_LOG("%s/%s: '%s'", folder, line->knob, line->text);
}

static void try_all(struct __test_metadata *_metadata, const char *folder)
{
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		try(_metadata, folder, &lines[i]);
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		EXPECT_EQ(0, sysfs_put("default", "%s/%s", folder, lines[i].knob));
}

TEST(defaults)
{
	try_all(_metadata, "defaults");
}

TEST(process)
{
	ctlpage_t *page = weir_attach_self();
	char folder[32];

	ASSERT_NE(NULL, page);
	snprintf(folder, sizeof(folder), "processes/%d", getpid());
	try_all(_metadata, folder);
}

/* A refused write to a process's knob changes no generation either. */
TEST(nothing_is_published)
{
	ctlpage_t *page = weir_attach_self();
	uint32_t generation;

	ASSERT_NE(NULL, page);
	generation = page->generation;
	EXPECT_EQ(-EINVAL, sysfs_put("1x", "processes/%d/top_pad", getpid()));
	EXPECT_EQ(-ERANGE, sysfs_put("2G", "defaults/top_pad"));
	EXPECT_EQ(generation, page->generation);
	EXPECT_EQ(0, sysfs_put("1", "processes/%d/top_pad", getpid()));
	EXPECT_EQ(generation + 2, page->generation);
}

TEST(huge_writes)
{
	static char text[1 << 20];
	ctlpage_t *page = weir_attach_self();
	size_t len;

	ASSERT_NE(NULL, page);
	for (len = 33; len <= sizeof(text); len *= 2) {
		memset(text, '1', len);
		EXPECT_EQ(-EINVAL, sysfs_write(text, len, "processes/%d/top_pad", getpid()));
		EXPECT_EQ(-EINVAL, sysfs_write(text, len, "defaults/top_pad"));
		memset(text, '\n', len);
		EXPECT_EQ(-EINVAL, sysfs_write(text, len, "defaults/top_pad"));
		memset(text, 0, len);
		EXPECT_EQ(-EINVAL, sysfs_write(text, len, "defaults/top_pad"));
	}
	EXPECT_EQ(131072, page->knob[WEIR_KNOB_TOP_PAD]);
}

TEST(a_file_of_a_process_that_is_gone)
{
	char path[PATH_MAX], text[32];
	int ready[2], fd, in;
	pid_t pid;

	ASSERT_EQ(0, pipe(ready));
	IN_CHILD(pid) {
		CHECK(weir_attach_self());
		CHECK(write(ready[1], "", 1) == 1);
		pause();
	}
	ASSERT_EQ(1, read(ready[0], text, 1));
	snprintf(path, sizeof(path), "%s/processes/%d/top_pad", WEIR_SYSFS, pid);
	fd = open(path, O_RDWR);
	snprintf(path, sizeof(path), "%s/processes/%d/minflt", WEIR_SYSFS, pid);
	in = open(path, O_RDONLY);
	ASSERT_LE(0, fd);
	ASSERT_LE(0, in);
	kill(pid, 9);
	child_status(pid);
	ASSERT_TRUE(record_goes(pid));
	EXPECT_EQ(-1, write(fd, "1", 1));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(-1, read(in, text, sizeof(text)));
	EXPECT_EQ(ENODEV, errno);
}

TEST_HARNESS_MAIN
