// SPDX-License-Identifier: LGPL-2.1-or-later
#include "meta.h"

#include "chunk.h"
#include "lock.h"
#include "os.h"

#define META_ALIGN	((size_t)64)
#define META_MAP	((size_t)256 << 10)

static struct lock meta_lock = LOCK_INIT;
static char *meta_at, *meta_end;
size_t meta_mapped;

static void map_more(void)
{
	char *p = os_segment_map(META_MAP);

	if (!p)
		return;
	meta_at = p;
	meta_end = p + META_MAP;
	meta_mapped += META_MAP;
}

void *meta_alloc(size_t size)
{
	char *p = NULL;

	size = align_up(size, META_ALIGN);
	lock_take(&meta_lock);
	if ((size_t)(meta_end - meta_at) < size)
		map_more();
	if ((size_t)(meta_end - meta_at) >= size) {
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
