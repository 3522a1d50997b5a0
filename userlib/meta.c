// SPDX-License-Identifier: LGPL-2.1-or-later
#include "meta.h"

#include "chunk.h"
#include "lock.h"
#include "os.h"

#define META_ALIGN	((size_t)64)
#define META_MAP	((size_t)256 << 10)

static struct lock meta_lock = LOCK_INIT;
static char *meta_at, *meta_end;

void *meta_alloc(size_t size)
{
	char *p = NULL;

	size = align_up(size, META_ALIGN);
	lock_take(&meta_lock);
	if ((size_t)(meta_end - meta_at) < size) {
		meta_at = os_segment_map(META_MAP);
		meta_end = meta_at ? meta_at + META_MAP : NULL;
	}
	if (meta_at && size <= META_MAP) {
		p = meta_at;
		meta_at += size;
	}
	lock_drop(&meta_lock);
	return p;
}

void meta_fork_child(void)
{
	lock_reset(&meta_lock);
}
