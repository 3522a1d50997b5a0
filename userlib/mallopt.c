// SPDX-License-Identifier: LGPL-2.1-or-later
/* mallopt.c - mallopt(3): the process turns its own knobs */
#include <errno.h>
#include <malloc.h>

#include "internal.h"
#include "klink.h"
#include "tcache.h"

#define MXFAST_DEFAULT	(64 * SIZE_SZ / 4)
#define MXFAST_MAX	(80 * SIZE_SZ / 4)

_Atomic size_t mxfast = MXFAST_DEFAULT;

static size_t cache_count = UINT16_MAX;	/* wanted per bin; UINT16_MAX: as many as the cache sees fit */

bool set_mxfast(size_t bytes)
{
	if (bytes > MXFAST_MAX)
		return false;
	mxfast = align_down(bytes + SIZE_SZ, MALLOC_ALIGN);
	return true;
}

void apply_cache_settings(void)
{
	struct tcache *t = tcache_make();

	/* The fast paths do not fill: while anything is to be filled, nothing is cached. */
	tcache_set_count(perturb_byte ? 0 : cache_count);
	if (t) {
		tcache_flush(t, CLASS_MAX);
		tcache_apply_limits(t);
	}
}

bool set_perturb_byte(size_t byte)
{
	if (byte > 0xff)
		return false;
	perturb_byte = byte;
	return true;
}

bool set_tcache_count(size_t count)
{
	if (count > UINT16_MAX)
		return false;
	cache_count = count < UINT16_MAX ? count : UINT16_MAX - 1;
	return true;
}

bool set_tcache_max(size_t bytes)
{
	tcache_set_max(bytes);
	return true;
}

static int say(enum weir_knob k, int64_t value)
{
	if (!knob_in_range(k, value))
		return 0;
	klink_say(k, value);
	return 1;
}

/* The byte is the lowest of value, but it is value that turns the filling on, as in glibc. */
static int set_perturb(int value)
{
	int saved = errno;

	perturb_byte = value;
	apply_cache_settings();
	errno = saved;
	return 1;
}

/*
 * 1 on success, 0 for an unknown parameter or a value out of range, and then nothing has changed.
 * Thread-safe. A negative M_TRIM_THRESHOLD turns trimming off, a negative M_MMAP_THRESHOLD or
 * M_MMAP_MAX the mapping, as the conversions in glibc do. M_PERTURB does not fill
 * what other threads have in their caches already.
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
		return value > 0 && say(WEIR_KNOB_ARENA_MAX, value < WEIR_ARENA_MAX_MAX ? value : WEIR_ARENA_MAX_MAX);
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
