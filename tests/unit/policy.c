// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the policies decide. */
#include "kselftest_harness.h"
#include "policy.h"
#include "process.h"

static struct knob_set builtin(void)
{
	return (struct knob_set){ .value = { WEIR_POLICY_DYNAMIC, WEIR_MMAP_THRESHOLD_BUILTIN, WEIR_MMAP_MAX_BUILTIN,
		WEIR_TRIM_THRESHOLD_BUILTIN, WEIR_TOP_PAD_BUILTIN, WEIR_ARENA_MAX_BUILTIN,
		WEIR_HUGETLB_BUILTIN } };
}

TEST(fixed_does_not_learn)
{
	struct knob_set set = builtin();

	EXPECT_TRUE(policy_learns(&set));
	set.value[WEIR_KNOB_POLICY] = WEIR_POLICY_FIXED;
	EXPECT_FALSE(policy_learns(&set));
	set.value[WEIR_KNOB_POLICY] = WEIR_POLICY_AUTO;
	EXPECT_TRUE(policy_learns(&set));
}

/* As M_MMAP_THRESHOLD, M_TRIM_THRESHOLD, M_TOP_PAD and M_MMAP_MAX in mallopt(3); whoever said it. */
TEST(what_somebody_set_is_not_learned)
{
	for (int k = 0; k < WEIR_KNOB_NR; k++)
		for (int source = WEIR_SOURCE_BUILTIN; source < WEIR_SOURCE_NR; source++) {
			struct knob_set set = builtin();
			bool fixes = k != WEIR_KNOB_POLICY && k != WEIR_KNOB_ARENA_MAX &&
				k != WEIR_KNOB_HUGETLB && source != WEIR_SOURCE_BUILTIN;

			set.source[k] = source;
			EXPECT_EQ(!fixes, policy_learns(&set));
		}
}

TEST(freed_size_becomes_the_threshold)
{
	EXPECT_EQ(200 * K, policy_mapped_freed(128 * K, 200 * K));
	EXPECT_EQ(32 * M, policy_mapped_freed(128 * K, 32 * M));
	/* Not downwards, not beyond the largest. */
	EXPECT_EQ(300 * K, policy_mapped_freed(300 * K, 200 * K));
	EXPECT_EQ(300 * K, policy_mapped_freed(300 * K, 300 * K));
	EXPECT_EQ(128 * K, policy_mapped_freed(128 * K, 32 * M + 1));
	EXPECT_EQ(128 * K, policy_mapped_freed(128 * K, SIZE_MAX));
	EXPECT_EQ(400 * K, policy_trim_threshold(200 * K));
}

TEST_HARNESS_MAIN
