// SPDX-License-Identifier: LGPL-2.1-or-later
#include "policy.h"

bool policy_learns(const struct knob_set *set)
{
	static const enum weir_knob fixing[] = {
		WEIR_KNOB_MMAP_THRESHOLD, WEIR_KNOB_TRIM_THRESHOLD,
		WEIR_KNOB_TOP_PAD, WEIR_KNOB_MMAP_MAX,
	};

	if (set->value[WEIR_KNOB_POLICY] == WEIR_POLICY_FIXED)
		return false;
	for (size_t i = 0; i < sizeof(fixing) / sizeof(fixing[0]); i++)
		if (set->source[fixing[i]] != WEIR_SOURCE_BUILTIN)
			return false;
	return true;
}

int64_t policy_mapped_freed(int64_t now, size_t size)
{
	if (size > (size_t)POLICY_DYNAMIC_MAX || (int64_t)size <= now)
		return now;
	return size;
}
