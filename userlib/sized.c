// SPDX-License-Identifier: LGPL-2.1-or-later
/* sized.c - free_sized and free_aligned_sized: what the caller says of a block is compared with its tags */
#include <stdlib.h>

#include "die.h"
#include "internal.h"
#include "os.h"
#include "run.h"
#include "weir.h"

/*
 * A block is as long as its request, or a little longer; one that realloc has left in place is up to twice
 * as long, and one that is aligned may be rounded up to that. One mapped alone has what is left of its pages
 * behind the alignment, and may have been kept whole where the kernel would not cut it.
 */
static bool size_fits(const void *mem, size_t align, size_t size)
{
	size_t usable = block_usable(mem);

	if (unlikely(size > usable))
		return false;
	return usable / 2 <= size + align + MINSIZE || usable >= os_page_size - MEM_OFFSET ||
		(!piece_class(mem) && is_mmapped(mem2chunk(mem)));
}

WEIR_EXPORT void free_sized(void *mem, size_t size)
{
	if (unlikely(!mem))
		return;
	/* What stands before a pointer that is none of ours says nothing about a size. */
	if (unlikely(!is_aligned(mem, MALLOC_ALIGN)))
		die("free_sized(): invalid pointer");
	if (unlikely(!size_fits(mem, MALLOC_ALIGN, size)))
		die("free_sized(): invalid size");
	free(mem);
}

WEIR_EXPORT void free_aligned_sized(void *mem, size_t align, size_t size)
{
	if (unlikely(!mem))
		return;
	if (unlikely(!is_aligned(mem, MALLOC_ALIGN)))
		die("free_aligned_sized(): invalid pointer");
	if (unlikely(!align || align & (align - 1) || !is_aligned(mem, align)))
		die("free_aligned_sized(): invalid alignment");
	if (unlikely(!size_fits(mem, align, size)))
		die("free_aligned_sized(): invalid size");
	free(mem);
}
