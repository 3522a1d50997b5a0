// SPDX-License-Identifier: LGPL-2.1-or-later
/* The knobs in force: own word, publication, learning. */
#include "kselftest_harness.h"
#include "knobs.h"
#include "process.h"

static void publish(void)
{
	struct knob_set set;

	knobs_own(&set);
	knobs_publish(&set);
}

TEST(builtin_before_anything_is_said)
{
	struct knob_set set;

	knobs_own(&set);
	for (int k = 0; k < WEIR_KNOB_NR; k++) {
		EXPECT_EQ(knob_table[k].builtin, knob(k));
		EXPECT_EQ(knob_table[k].builtin, set.value[k]);
		EXPECT_EQ(WEIR_SOURCE_BUILTIN, set.source[k]);
		EXPECT_TRUE(knob_in_range(k, knob_table[k].builtin));
	}
}

TEST(ranges)
{
	for (int k = 0; k < WEIR_KNOB_NR; k++) {
		EXPECT_TRUE(knob_in_range(k, knob_table[k].min));
		EXPECT_TRUE(knob_in_range(k, knob_table[k].max));
		EXPECT_FALSE(knob_in_range(k, knob_table[k].min - 1));
		EXPECT_FALSE(knob_in_range(k, knob_table[k].max + 1));
		EXPECT_FALSE(knob_in_range(k, INT64_MAX));
		EXPECT_FALSE(knob_in_range(k, INT64_MIN));
	}
}

TEST(own_word_holds_when_published)
{
	unsigned int epoch = knobs_trim_epoch();
	struct knob_set set;

	knobs_say(WEIR_KNOB_TOP_PAD, 12345, WEIR_SOURCE_ENVIRONMENT);
	EXPECT_EQ(WEIR_TOP_PAD_BUILTIN, knob(WEIR_KNOB_TOP_PAD));
	publish();
	EXPECT_EQ(12345, knob(WEIR_KNOB_TOP_PAD));
	EXPECT_NE(epoch, knobs_trim_epoch());
	knobs_own(&set);
	EXPECT_EQ(WEIR_SOURCE_ENVIRONMENT, set.source[WEIR_KNOB_TOP_PAD]);
	knobs_say(WEIR_KNOB_TOP_PAD, 0, WEIR_SOURCE_SELF);
	knobs_own(&set);
	EXPECT_EQ(WEIR_SOURCE_SELF, set.source[WEIR_KNOB_TOP_PAD]);
	EXPECT_EQ(0, set.value[WEIR_KNOB_TOP_PAD]);
}

TEST(learning_moves_both_thresholds)
{
	knobs_mapped_freed(1 * M);
	EXPECT_EQ(1 * M, knobs_mmap_threshold());
	EXPECT_EQ(2 * M, knobs_trim_threshold());
	knobs_mapped_freed(500 * K);
	EXPECT_EQ(1 * M, knobs_mmap_threshold());
	knobs_mapped_freed(33 * M);
	EXPECT_EQ(1 * M, knobs_mmap_threshold());
	knobs_mapped_freed(32 * M);
	EXPECT_EQ(32 * M, knobs_mmap_threshold());
	EXPECT_EQ(64 * M, knobs_trim_threshold());
	/* The knobs themselves say what was set, not what was learned. */
	EXPECT_EQ(128 * K, knob(WEIR_KNOB_MMAP_THRESHOLD));
}

TEST(setting_a_threshold_ends_learning)
{
	knobs_mapped_freed(1 * M);
	knobs_say(WEIR_KNOB_TOP_PAD, 0, WEIR_SOURCE_SELF);
	publish();
	EXPECT_EQ(128 * K, knobs_mmap_threshold());
	EXPECT_EQ(128 * K, knobs_trim_threshold());
	knobs_mapped_freed(1 * M);
	EXPECT_EQ(128 * K, knobs_mmap_threshold());
}

TEST(turning_another_knob_keeps_what_was_learned)
{
	knobs_mapped_freed(1 * M);
	knobs_say(WEIR_KNOB_ARENA_MAX, 3, WEIR_SOURCE_SELF);
	publish();
	EXPECT_EQ(1 * M, knobs_mmap_threshold());
	knobs_mapped_freed(2 * M);
	EXPECT_EQ(2 * M, knobs_mmap_threshold());
}

TEST(giving_a_knob_back_starts_learning_again)
{
	struct knob_set set;

	knobs_own(&set);
	set.value[WEIR_KNOB_MMAP_THRESHOLD] = 64 * K;
	set.source[WEIR_KNOB_MMAP_THRESHOLD] = WEIR_SOURCE_SYSFS;
	knobs_publish(&set);
	knobs_mapped_freed(1 * M);
	EXPECT_EQ(64 * K, knobs_mmap_threshold());
	publish();
	EXPECT_EQ(128 * K, knobs_mmap_threshold());
	knobs_mapped_freed(1 * M);
	EXPECT_EQ(1 * M, knobs_mmap_threshold());
}

TEST_HARNESS_MAIN
