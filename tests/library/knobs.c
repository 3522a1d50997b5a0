// SPDX-License-Identifier: GPL-2.0
/* A knob turned from outside acts in the running process, and who has the last word. */
#include <malloc.h>

#include "weir_test.h"
#include "process.h"

RUN_WITH_ENVIRONMENT("WEIR_OPTIONS", "policy=fixed,top_pad=64K")

#define PUT(name, text)	sysfs_put(text, "processes/%d/" name, getpid())
#define GET(name)	sysfs_get("processes/%d/" name, getpid())

/* Is a block of this size mapped alone? */
static bool is_mapped(size_t size)
{
	size_t before = mallinfo2().hblks, after;
	void *p = hide(malloc(size));

	after = mallinfo2().hblks;
	free(p);
	return after == before + 1;
}

TEST(the_environment_is_in_the_record)
{
	EXPECT_STREQ("fixed", GET("policy"));
	EXPECT_STREQ("environment", GET("source/policy"));
	EXPECT_STREQ("65536", GET("top_pad"));
	EXPECT_STREQ("environment", GET("source/top_pad"));
	EXPECT_STREQ("builtin", GET("source/mmap_max"));
}

TEST(raising_mmap_threshold_stops_mapping_at_once)
{
	EXPECT_TRUE(is_mapped(M));
	ASSERT_EQ(0, PUT("mmap_threshold", "4M"));
	EXPECT_FALSE(is_mapped(M));
	EXPECT_TRUE(is_mapped(8 * M));
	ASSERT_EQ(0, PUT("mmap_threshold", "default"));
	/* What the heap has is used first, as ptmalloc does. */
	malloc_trim(0);
	EXPECT_TRUE(is_mapped(M));
}

TEST(lowering_trim_threshold_trims_at_the_next_free)
{
	void *big, *small;

	ASSERT_EQ(0, PUT("mmap_max", "0"));
	ASSERT_EQ(0, PUT("trim_threshold", "-1"));
	small = malloc(3000);
	big = malloc(32 * M);
	ASSERT_NE(NULL, big);
	free(big);
	EXPECT_LT(32 * M, mallinfo2().arena);
	ASSERT_EQ(0, PUT("trim_threshold", "1M"));
	free(hide(small));
	EXPECT_GT(1 * M, mallinfo2().arena);
}

TEST(the_latest_word_wins)
{
	ASSERT_EQ(1, mallopt(M_MMAP_THRESHOLD, 2 * M));
	EXPECT_STREQ("2097152", GET("mmap_threshold"));
	EXPECT_STREQ("self", GET("source/mmap_threshold"));
	EXPECT_FALSE(is_mapped(M));
	ASSERT_EQ(0, PUT("mmap_threshold", "512K"));
	EXPECT_STREQ("sysfs", GET("source/mmap_threshold"));
	malloc_trim(0);
	EXPECT_TRUE(is_mapped(M));
	ASSERT_EQ(1, mallopt(M_MMAP_THRESHOLD, 2 * M));
	EXPECT_STREQ("self", GET("source/mmap_threshold"));
	EXPECT_FALSE(is_mapped(M));
}

TEST(a_system_default_reaches_a_running_process)
{
	EXPECT_TRUE(is_mapped(M));
	ASSERT_EQ(0, sysfs_put("0", "defaults/mmap_max"));
	EXPECT_FALSE(is_mapped(M));
	ASSERT_EQ(0, PUT("mmap_max", "10"));
	malloc_trim(0);
	EXPECT_TRUE(is_mapped(M));
	ASSERT_EQ(0, sysfs_put("default", "defaults/mmap_max"));
}

TEST(the_dynamic_policy_learns_until_somebody_sets_a_knob)
{
	ASSERT_EQ(0, PUT("policy", "dynamic"));
	ASSERT_EQ(0, PUT("top_pad", "default"));
	EXPECT_TRUE(is_mapped(4 * M));
	/* It has seen a block of that size go. */
	EXPECT_FALSE(is_mapped(3 * M));
	ASSERT_EQ(0, PUT("trim_threshold", "128K"));
	malloc_trim(0);
	EXPECT_TRUE(is_mapped(3 * M));
	EXPECT_TRUE(is_mapped(3 * M));
	ASSERT_EQ(0, PUT("trim_threshold", "default"));
	EXPECT_TRUE(is_mapped(3 * M));
	EXPECT_FALSE(is_mapped(2 * M));
}

TEST(no_descriptor_is_open)
{
	int fd = open("/dev/null", O_RDONLY);

	ASSERT_EQ(0, access("/sys/kernel/mm/weir/processes", F_OK));
	EXPECT_TRUE(record_exists(getpid()));
	for (int i = 3; i < fd; i++) {
		char path[64], target[256] = "";

		snprintf(path, sizeof(path), "/proc/self/fd/%d", i);
		EXPECT_FALSE(readlink(path, target, sizeof(target) - 1) > 0 && strstr(target, "weir"));
	}
}

TEST_HARNESS_MAIN
