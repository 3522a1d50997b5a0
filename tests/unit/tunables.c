// SPDX-License-Identifier: LGPL-2.1-or-later
/* How glibc's variables are read: its numbers, its ranges, and what they mean for our knobs. */
#include "internal.h"
#include "kselftest_harness.h"
#include "options.h"
#include "process.h"

#define UNSAID	INT64_MIN

/* What the environment has said of a knob, UNSAID if nothing. */
static int64_t said(enum weir_knob k)
{
	struct knob_set set;

	knobs_own(&set);
	return set.source[k] == WEIR_SOURCE_ENVIRONMENT ? set.value[k] : UNSAID;
}

struct line {
	const char *value;
	enum weir_knob knob;
	int64_t wanted;
};

#define SIZE(text, n)	{ "glibc.malloc.top_pad=" text, WEIR_KNOB_TOP_PAD, n }
#define MMAP(text, n)	{ "glibc.malloc.mmap_threshold=" text, WEIR_KNOB_MMAP_THRESHOLD, n }
#define TRIM(text, n)	{ "glibc.malloc.trim_threshold=" text, WEIR_KNOB_TRIM_THRESHOLD, n }
#define MAX(text, n)	{ "glibc.malloc.mmap_max=" text, WEIR_KNOB_MMAP_MAX, n }
#define ARENA(text, n)	{ "glibc.malloc.arena_max=" text, WEIR_KNOB_ARENA_MAX, n }
#define HUGE(text, n)	{ "glibc.malloc.hugetlb=" text, WEIR_KNOB_HUGETLB, n }

/* Each in a process that has heard nothing before. */
static void try(struct __test_metadata *_metadata, const char *variable, const struct line *line)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		setenv(variable, line->value, 1);
		tunables_read();
		if (said(line->knob) != line->wanted)
			printf("# %s=%s: %lld, not %lld\n", variable, line->value, (long long)said(line->knob),
			       (long long)line->wanted);
		fflush(stdout);
		_exit(said(line->knob) != line->wanted);
	}
	waitpid(child, &status, 0);
	EXPECT_EQ(0, status) TH_LOG("%s=%s", variable, line->value);
}

#define TRY_ALL(variable, lines)						\
	for (size_t i = 0; i < sizeof(lines) / sizeof((lines)[0]); i++)		\
		try(_metadata, variable, &(lines)[i])

TEST(numbers)
{
	static const struct line lines[] = {
		SIZE("0", 0), SIZE("4096", 4096), SIZE("1073741824", 1 << 30),
		SIZE("0x1000", 4096), SIZE("0X1000", 4096), SIZE("0xaBcD", 0xabcd), SIZE("0x", 0),
		SIZE("010", 8), SIZE("0200000", 65536), SIZE("00010", 8), SIZE("00", 0),
		SIZE(" 7", 7), SIZE("\t 7", 7), SIZE("+7", 7), SIZE(" +0x10", 16), SIZE("-0", 0),
		SIZE("64K", 65536), SIZE("64k", 65536), SIZE("3M", 3 << 20), SIZE("1G", 1 << 30), SIZE("0x10K", 16384),
		/* These glibc takes in part since ever and not at all since 2.39. */
		SIZE("", UNSAID), SIZE("x", UNSAID), SIZE("K", UNSAID), SIZE("12x", UNSAID), SIZE("08", UNSAID),
		SIZE("0x1g0", UNSAID), SIZE("1 ", UNSAID), SIZE("1.5M", UNSAID), SIZE("--1", UNSAID), SIZE("+-1", UNSAID),
		SIZE("+ 1", UNSAID), SIZE("1K1", UNSAID), SIZE("1KK", UNSAID), SIZE("1=2", UNSAID), SIZE(" ", UNSAID),
		SIZE("-", UNSAID), SIZE("x10", UNSAID), SIZE("\n1", UNSAID),
	};

	TRY_ALL("GLIBC_TUNABLES", lines);
}

TEST(ranges)
{
	static const struct line lines[] = {
		/* A size_t in glibc: what is more than we can do means the most that we can. */
		SIZE("1073741825", 1 << 30), SIZE("18446744073709551615", UNSAID), SIZE("-1", UNSAID),
		SIZE("99999999999999999999999999", UNSAID),
		MMAP("70368744177665", WEIR_MMAP_THRESHOLD_MAX), MMAP("-1", WEIR_MMAP_THRESHOLD_MAX),
		MMAP("0xffffffffffffffff", WEIR_MMAP_THRESHOLD_MAX), MMAP("99999999999999999999", WEIR_MMAP_THRESHOLD_MAX),
		MMAP("17179869184G", WEIR_MMAP_THRESHOLD_MAX),
		TRIM("-1", -1), TRIM("-2", -1), TRIM("18446744073709551615", -1), TRIM("0xffffffffffffffff", -1),
		TRIM("70368744177665", WEIR_TRIM_THRESHOLD_MAX), TRIM("0", 0), TRIM("-99999999999999999999", -1),
		/* An int. */
		MAX("0", 0), MAX("2147483647", 2147483647), MAX("2147483648", UNSAID), MAX("-1", UNSAID),
		MAX("0x7fffffff", 2147483647), MAX("1K", UNSAID),
		/* At least one. */
		ARENA("0", UNSAID), ARENA("1", 1), ARENA("65537", 65536), ARENA("-1", 65536),
		ARENA("0x10", 16), ARENA("2K", UNSAID),
		HUGE("0", 0), HUGE("1", 1), HUGE("2", UNSAID), HUGE("2097152", UNSAID), HUGE("-1", UNSAID),
		HUGE("0x1", 1), HUGE("01", 1),
	};

	TRY_ALL("GLIBC_TUNABLES", lines);
}

TEST(between_colons)
{
	static const struct line lines[] = {
		SIZE("1:glibc.malloc.top_pad=2", 2), SIZE("1:glibc.malloc.top_pad=x", 1), SIZE("1::", 1),
		SIZE("5:glibc.cpu.hwcap_mask=0x1", 5),
		{ "glibc.cpu.hwcap_mask=0:glibc.malloc.top_pad=6", WEIR_KNOB_TOP_PAD, 6 },
		{ "junk:glibc.malloc.top_pad=6", WEIR_KNOB_TOP_PAD, 6 },
		{ ":=:glibc.malloc.=:glibc.malloc.top_pad=6", WEIR_KNOB_TOP_PAD, 6 },
		{ "glibc.malloc.top_pad", WEIR_KNOB_TOP_PAD, UNSAID },
		{ "glibc.malloc.top_pa=6", WEIR_KNOB_TOP_PAD, UNSAID },
		{ "glibc.malloc.top_pads=6", WEIR_KNOB_TOP_PAD, UNSAID },
		{ "glibc_malloc.top_pad=6", WEIR_KNOB_TOP_PAD, UNSAID },
		{ "top_pad=6", WEIR_KNOB_TOP_PAD, UNSAID },
		{ "glibc.malloc.policy=0", WEIR_KNOB_POLICY, UNSAID },
		{ "glibc.malloc.policy=fixed", WEIR_KNOB_POLICY, UNSAID },
	};

	TRY_ALL("GLIBC_TUNABLES", lines);
}

TEST(old_variables)
{
	static const struct { const char *variable; struct line line; } lines[] = {
		{ "MALLOC_TOP_PAD_", { "0x2000", WEIR_KNOB_TOP_PAD, 8192 } },
		{ "MALLOC_TOP_PAD_", { "64K", WEIR_KNOB_TOP_PAD, 65536 } },
		{ "MALLOC_TOP_PAD_", { "x", WEIR_KNOB_TOP_PAD, UNSAID } },
		{ "MALLOC_MMAP_THRESHOLD_", { "0100000", WEIR_KNOB_MMAP_THRESHOLD, 32768 } },
		{ "MALLOC_MMAP_MAX_", { "5", WEIR_KNOB_MMAP_MAX, 5 } },
		{ "MALLOC_TRIM_THRESHOLD_", { "-1", WEIR_KNOB_TRIM_THRESHOLD, -1 } },
		{ "MALLOC_ARENA_MAX", { "3", WEIR_KNOB_ARENA_MAX, 3 } },
		{ "MALLOC_ARENA_MAX", { "0", WEIR_KNOB_ARENA_MAX, UNSAID } },
		/* glibc has no such ones. */
		{ "MALLOC_ARENA_MAX_", { "3", WEIR_KNOB_ARENA_MAX, UNSAID } },
		{ "MALLOC_TOP_PAD", { "3", WEIR_KNOB_TOP_PAD, UNSAID } },
		{ "MALLOC_HUGETLB", { "1", WEIR_KNOB_HUGETLB, UNSAID } },
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		try(_metadata, lines[i].variable, &lines[i].line);
}

TEST(tunables_beat_old_variables)
{
	setenv("MALLOC_TOP_PAD_", "1", 1);
	setenv("MALLOC_MMAP_MAX_", "2", 1);
	setenv("GLIBC_TUNABLES", "glibc.malloc.top_pad=3:glibc.malloc.mmap_max=x", 1);
	tunables_read();
	EXPECT_EQ(3, said(WEIR_KNOB_TOP_PAD));
	EXPECT_EQ(2, said(WEIR_KNOB_MMAP_MAX));
}

TEST(settings_that_are_no_knobs)
{
	size_t mxfast_before = mxfast;

	setenv("GLIBC_TUNABLES", "glibc.malloc.perturb=0x5a:glibc.malloc.mxfast=0100", 1);
	tunables_read();
	EXPECT_EQ(0x5a, perturb_byte);
	EXPECT_EQ(64, (size_t)mxfast);
	setenv("GLIBC_TUNABLES", "glibc.malloc.perturb=256:glibc.malloc.mxfast=161", 1);
	tunables_read();
	EXPECT_EQ(0x5a, perturb_byte);
	EXPECT_EQ(64, (size_t)mxfast);
	setenv("GLIBC_TUNABLES", "glibc.malloc.perturb=-1:glibc.malloc.mxfast=128", 1);
	tunables_read();
	EXPECT_EQ(0x5a, perturb_byte);
	EXPECT_EQ(mxfast_before, (size_t)mxfast);
	setenv("MALLOC_PERTURB_", "0377", 1);
	setenv("GLIBC_TUNABLES", "", 1);
	tunables_read();
	EXPECT_EQ(255, perturb_byte);
}

/* Those that glibc has and we do not need change nothing, and neither does nonsense. */
TEST(accepted_without_effect)
{
	setenv("GLIBC_TUNABLES", "glibc.malloc.check=3:glibc.malloc.arena_test=4:glibc.malloc.tcache_unsorted_limit=5:"
	       "glibc.malloc.nonsense=6", 1);
	setenv("MALLOC_CHECK_", "3", 1);
	setenv("MALLOC_ARENA_TEST", "3", 1);
	tunables_read();
	for (int k = 0; k < WEIR_KNOB_NR; k++)
		EXPECT_EQ(UNSAID, said(k));
	EXPECT_EQ(0, perturb_byte);
}

TEST_HARNESS_MAIN
