// SPDX-License-Identifier: GPL-2.0
/* The link to the module where the control page cannot be mapped: nobody notices, and it is tried again. */
#include <malloc.h>

#include "inject.h"
#include "weir_test.h"
#include "process.h"

/* The first mmap of the process is the library's of its page. */
RUN_WITH_ENVIRONMENT("WEIR_INJECT", "1 1 1 0 0 0")

/* Takes the paths that look for the module; false: no memory. */
static bool work(void)
{
	for (int i = 0; i < 20; i++) {
		void *small = hide(malloc(100)), *mapped = hide(malloc(300 * K));

		if (!small || !mapped)
			return false;
		memset(mapped, 1, 300 * K);
		free(mapped);
		free(small);
	}
	malloc_trim(0);
	return true;
}

static bool record_comes(void)
{
	for (int tenths = 0; tenths < 100 && !record_exists(getpid()); tenths++) {
		usleep(100000);
		if (!work())
			return false;
	}
	return record_exists(getpid());
}

TEST(at_the_start)
{
	/* This process is a child of the one that failed to attach. */
	ASSERT_FALSE(record_exists(getpid()));
	ASSERT_TRUE(work());
	ASSERT_TRUE(record_comes());
	EXPECT_EQ(0, sysfs_put("1M", "processes/%d/mmap_threshold", getpid()));
	free(hide(malloc(100)));
	ASSERT_TRUE(work());
	EXPECT_EQ(0, mallinfo2().hblks);
}

TEST(in_a_forked_child)
{
	static const struct injection page = { .calls = MMAP, .first = 1, .length = 1 };
	static const struct injection all = { .always = MMAP };
	pid_t child;

	ASSERT_TRUE(record_comes());
	ASSERT_EQ(0, sysfs_put("100K", "processes/%d/mmap_threshold", getpid()));
	for (int i = 0; i < 2; i++) {
		inject(i ? &all : &page);
		child = fork();
		if (child == 0) {
			/* The kernel removes it a moment after the device was closed. */
			bool gone = record_goes(getpid());

			inject(NULL);
			_exit(!gone || !work() || !record_comes() || !work());
		}
		inject(NULL);
		EXPECT_EQ(0, wait_for(child, 60000));
		EXPECT_TRUE(record_exists(getpid()));
	}
}

TEST_HARNESS_MAIN
