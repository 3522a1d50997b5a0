// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which arena the threads of a CPU use, on a machine of which the process may use every second CPU. */
#include <sched.h>

#include "arena.h"
#include "knobs.h"
#include "kselftest_harness.h"

#define ALLOWED 20
#define CPU(i) ((i) * 2 + 1)

bool __wrap_os_affinity(void *set, size_t size)
{
	CPU_ZERO_S(size, (cpu_set_t *)set);
	for (int i = 0; i < ALLOWED; i++)
		CPU_SET_S(CPU(i), size, (cpu_set_t *)set);
	return true;
}

static void arena_max(int64_t max)
{
	struct knob_set set;

	knobs_say(WEIR_KNOB_ARENA_MAX, max, WEIR_SOURCE_SELF);
	knobs_own(&set);
	knobs_publish(&set);
}

/* How many CPUs have the slot, at most and at least. */
static void expect_even(struct __test_metadata *_metadata, unsigned int slots)
{
	unsigned int used[ALLOWED] = { 0 };

	for (int i = 0; i < ALLOWED; i++) {
		ASSERT_GT(slots, arena_slot_of_cpu(CPU(i)));
		used[arena_slot_of_cpu(CPU(i))]++;
	}
	for (unsigned int i = 0; i < slots; i++) {
		EXPECT_LE(ALLOWED / slots, used[i]);
		EXPECT_GE((ALLOWED + slots - 1) / slots, used[i]);
	}
}

TEST(one_arena_for_each_cpu)
{
	expect_even(_metadata, ALLOWED);
}

TEST(fewer_arenas_than_cpus)
{
	for (int max = 1; max < ALLOWED; max++) {
		arena_max(max);
		expect_even(_metadata, max);
	}
}

/* Not allowed at the start, but meanwhile. */
TEST(other_cpus)
{
	for (int cpu = 0; cpu < 3 * CPU_SETSIZE; cpu++)
		ASSERT_GT(ALLOWED, arena_slot_of_cpu(cpu));
}

TEST_HARNESS_MAIN
