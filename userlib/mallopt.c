// SPDX-License-Identifier: LGPL-2.1-or-later
/* mallopt.c - mallopt(3): the process turns its own knobs */
#include <malloc.h>

#include "internal.h"
#include "klink.h"
#include "tcache.h"

#define MXFAST_DEFAULT	(64 * SIZE_SZ / 4)
#define MXFAST_MAX	(80 * SIZE_SZ / 4)

size_t mxfast = MXFAST_DEFAULT;

bool set_mxfast(size_t bytes)
{
	if (bytes > MXFAST_MAX)
		return false;
	mxfast = bytes ? request2size(bytes) : 0;
	return true;
}

static int say(enum weir_knob k, int64_t value)
{
	if (!knob_in_range(k, value))
		return 0;
	klink_say(k, value);
	return 1;
}

static int set_perturb(int value)
{
	struct tcache *t = tcache_make();

	/* The fast paths do not fill: no cache, for this thread and those that start from now on. */
	perturb_byte = value & 0xff;
	tcache_set_count(perturb_byte ? 0 : UINT16_MAX);
	if (t) {
		tcache_flush(t, CLASS_MAX);
		tcache_apply_limits(t);
	}
	return 1;
}

/*
 * 1 on success, 0 for an unknown parameter or a value out of range, and then nothing has changed.
 * Thread-safe. A negative M_TRIM_THRESHOLD turns trimming off, a negative M_MMAP_THRESHOLD or
 * M_MMAP_MAX the mapping, as the conversions in glibc do.
 */
WEIR_EXPORT int mallopt(int param, int value)
{
	ensure_ready();
	switch (param) {
	case M_MXFAST:
		return value >= 0 && set_mxfast(value);
	case M_TRIM_THRESHOLD:
		return say(WEIR_KNOB_TRIM_THRESHOLD, value < 0 ? -1 : value);
	case M_TOP_PAD:
		return say(WEIR_KNOB_TOP_PAD, value);
	case M_MMAP_THRESHOLD:
		return say(WEIR_KNOB_MMAP_THRESHOLD, value < 0 ? WEIR_MMAP_THRESHOLD_MAX : value);
	case M_MMAP_MAX:
		return say(WEIR_KNOB_MMAP_MAX, value < 0 ? 0 : value);
	case M_ARENA_MAX:
		return value > 0 && say(WEIR_KNOB_ARENA_MAX, value);
	case M_PERTURB:
		return set_perturb(value);
	case M_ARENA_TEST:	/* the number of arenas follows the CPUs from the start */
		return value > 0;
	case M_CHECK_ACTION:	/* a corrupted heap always ends the process, as in glibc since 2.26 */
		return 1;
	default:
		return 0;
	}
}
