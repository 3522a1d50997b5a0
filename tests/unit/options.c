// SPDX-License-Identifier: LGPL-2.1-or-later
/* How the texts of the environment are read. */
#include <errno.h>

#include "internal.h"
#include "kselftest_harness.h"
#include "klink.h"
#include "process.h"
#include "tcache.h"

static char said[4096];

/* Read the options anew; what is said on standard error is in said. */
static void read_options(const char *text)
{
	int pipes[2], saved = dup(STDERR_FILENO);
	ssize_t n;

	setenv("WEIR_OPTIONS", text, 1);
	if (pipe(pipes) != 0)
		abort();
	dup2(pipes[1], STDERR_FILENO);
	close(pipes[1]);
	options_init();
	dup2(saved, STDERR_FILENO);
	n = read(pipes[0], said, sizeof(said) - 1);
	said[n < 0 ? 0 : n] = 0;
	close(pipes[0]);
	close(saved);
}

#define ACCEPTS(text, k, wanted) do {		\
	read_options(text);			\
	EXPECT_STREQ("", said);			\
	EXPECT_EQ(wanted, knob(k));		\
} while (0)

#define REFUSES(text) do {							\
	int64_t before[WEIR_KNOB_NR];						\
										\
	for (int k = 0; k < WEIR_KNOB_NR; k++)					\
		before[k] = knob(k);						\
	read_options(text);							\
	EXPECT_EQ(0, strncmp(said, "weir: WEIR_OPTIONS: ignored: \"" text "\"; accepted: ",	\
			     strlen("weir: WEIR_OPTIONS: ignored: \"" text "\"; accepted: ")));	\
	EXPECT_EQ('\n', said[strlen(said) - 1]);				\
	for (int k = 0; k < WEIR_KNOB_NR; k++)					\
		EXPECT_EQ(before[k], knob(k));					\
} while (0)

TEST(sizes)
{
	ACCEPTS("mmap_threshold=0", WEIR_KNOB_MMAP_THRESHOLD, 0);
	ACCEPTS("mmap_threshold=4097", WEIR_KNOB_MMAP_THRESHOLD, 4097);
	ACCEPTS("mmap_threshold=3K", WEIR_KNOB_MMAP_THRESHOLD, 3 * 1024);
	ACCEPTS("mmap_threshold=3k", WEIR_KNOB_MMAP_THRESHOLD, 3 * 1024);
	ACCEPTS("mmap_threshold=7M", WEIR_KNOB_MMAP_THRESHOLD, 7 << 20);
	ACCEPTS("mmap_threshold=7m", WEIR_KNOB_MMAP_THRESHOLD, 7 << 20);
	ACCEPTS("mmap_threshold=5G", WEIR_KNOB_MMAP_THRESHOLD, (int64_t)5 << 30);
	ACCEPTS("mmap_threshold=00010", WEIR_KNOB_MMAP_THRESHOLD, 10);
	ACCEPTS("mmap_threshold=70368744177664", WEIR_KNOB_MMAP_THRESHOLD, WEIR_MMAP_THRESHOLD_MAX);
	ACCEPTS("mmap_threshold=65536G", WEIR_KNOB_MMAP_THRESHOLD, WEIR_MMAP_THRESHOLD_MAX);
	ACCEPTS("top_pad=1G", WEIR_KNOB_TOP_PAD, 1 << 30);
	ACCEPTS("trim_threshold=-1", WEIR_KNOB_TRIM_THRESHOLD, -1);
}

TEST(bad_sizes)
{
	REFUSES("mmap_threshold=65537G");
	REFUSES("mmap_threshold=-1");
	REFUSES("mmap_threshold=");
	REFUSES("mmap_threshold=K");
	REFUSES("mmap_threshold=1KK");
	REFUSES("mmap_threshold=1KB");
	REFUSES("mmap_threshold=1 K");
	REFUSES("mmap_threshold= 1");
	REFUSES("mmap_threshold=+1");
	REFUSES("mmap_threshold=1.5M");
	REFUSES("mmap_threshold=0x1000");
	REFUSES("mmap_threshold=9223372036854775807G");
	REFUSES("mmap_threshold=99999999999999999999999999");
	REFUSES("trim_threshold=-2");
	REFUSES("trim_threshold=-1K");
	REFUSES("top_pad=1025M");
	REFUSES("top_pad=1T");
}

TEST(numbers)
{
	ACCEPTS("mmap_max=0", WEIR_KNOB_MMAP_MAX, 0);
	ACCEPTS("mmap_max=2147483647", WEIR_KNOB_MMAP_MAX, 2147483647);
	ACCEPTS("arena_max=65536", WEIR_KNOB_ARENA_MAX, 65536);
	ACCEPTS("hugetlb=1", WEIR_KNOB_HUGETLB, 1);
	ACCEPTS("hugetlb=0", WEIR_KNOB_HUGETLB, 0);
	REFUSES("hugetlb=2");
	REFUSES("hugetlb=-1");
	REFUSES("hugetlb=2M");
	REFUSES("mmap_max=2147483648");
	REFUSES("mmap_max=1K");
	REFUSES("arena_max=65537");
	REFUSES("arena_max=-1");
}

TEST(policies)
{
	ACCEPTS("policy=fixed", WEIR_KNOB_POLICY, WEIR_POLICY_FIXED);
	ACCEPTS("policy=dynamic", WEIR_KNOB_POLICY, WEIR_POLICY_DYNAMIC);
	ACCEPTS("policy=auto", WEIR_KNOB_POLICY, WEIR_POLICY_AUTO);
	REFUSES("policy=Fixed");
	REFUSES("policy=fixe");
	REFUSES("policy=fixedd");
	REFUSES("policy=0");
	REFUSES("policy=");
	REFUSES("policy");
}

TEST(names)
{
	REFUSES("=1");
	REFUSES("=");
	REFUSES("mmap_threshol=1");
	REFUSES("mmap_threshold2=1");
	REFUSES("MMAP_THRESHOLD=1");
	REFUSES(" top_pad=1");
	REFUSES("attach=later");
	REFUSES("perturb=-1");
	REFUSES("mxfast=161");
	REFUSES("tcache_count=x");
}

TEST(profiles)
{
	ACCEPTS("profile=web,top_pad=9", WEIR_KNOB_TOP_PAD, 9);
	ACCEPTS("profile=none,top_pad=10", WEIR_KNOB_TOP_PAD, 10);
	ACCEPTS("profile=a.B_c-9,top_pad=11", WEIR_KNOB_TOP_PAD, 11);
	ACCEPTS("profile=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,top_pad=12", WEIR_KNOB_TOP_PAD, 12);
	REFUSES("profile=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	REFUSES("profile=");
	REFUSES("profile");
	REFUSES("profile=.web");
	REFUSES("profile=we b");
	REFUSES("profile=we/b");
	REFUSES("profile=w\xe9" "b");
	REFUSES("profile=create");
	REFUSES("profile=remove");
}

TEST(several)
{
	ACCEPTS("top_pad=1,mmap_max=2,arena_max=3", WEIR_KNOB_ARENA_MAX, 3);
	EXPECT_EQ(1, knob(WEIR_KNOB_TOP_PAD));
	EXPECT_EQ(2, knob(WEIR_KNOB_MMAP_MAX));
	ACCEPTS(",,top_pad=5,,", WEIR_KNOB_TOP_PAD, 5);
	ACCEPTS("top_pad=6,top_pad=7", WEIR_KNOB_TOP_PAD, 7);
	ACCEPTS("attach=never,perturb=0,mxfast=0,tcache_count=3,tcache_max=100,top_pad=8", WEIR_KNOB_TOP_PAD, 8);
}

TEST(source_is_the_environment)
{
	struct knob_set set;

	read_options("top_pad=1");
	knobs_own(&set);
	EXPECT_EQ(WEIR_SOURCE_ENVIRONMENT, set.source[WEIR_KNOB_TOP_PAD]);
	EXPECT_EQ(WEIR_SOURCE_BUILTIN, set.source[WEIR_KNOB_MMAP_MAX]);
}

TEST(errno_is_kept)
{
	errno = 4711;
	read_options("top_pad=1,bad");
	EXPECT_EQ(4711, errno);
}

TEST_HARNESS_MAIN
