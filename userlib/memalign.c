// SPDX-License-Identifier: LGPL-2.1-or-later
/* memalign.c - memory aligned beyond what malloc promises */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "klink.h"
#include "os.h"
#include "tcache.h"

/*
 * c is in use and long enough for an aligned chunk behind a lead that is a chunk itself. Both the
 * lead and what is left behind are freed.
 */
struct chunk *arena_align(struct arena *a, struct chunk *c, size_t nb, size_t align)
{
	size_t bit = arena_bit(a), size = chunksize(c), lead;
	char *mem = chunk2mem(c), *aligned = (char *)align_up((uintptr_t)mem, align);
	struct chunk *rest;

	if (aligned != mem) {
		if ((size_t)(aligned - mem) < MINSIZE)
			aligned += align;	/* which is MINSIZE at least */
		lead = aligned - mem;
		rest = mem2chunk(aligned);
		set_head(rest, (size - lead) | PREV_INUSE | bit);
		set_head(c, lead | (chunk_head(c) & PREV_INUSE) | bit);
		arena_coalesce(a, c);
		c = rest;
		size -= lead;
	}
	if (size - nb >= MINSIZE) {
		rest = chunk_at(c, nb);
		set_head(rest, (size - nb) | PREV_INUSE | bit);
		set_head(c, nb | (chunk_head(c) & PREV_INUSE) | bit);
		arena_coalesce(a, rest);
	}
	return c;
}

/* align is a power of two. */
static void *aligned_slow(size_t align, size_t bytes)
{
	struct chunk *c = NULL;
	size_t dirty;

	ensure_ready();
	klink_poll();
	if (!request_too_large(bytes) && align <= PTRDIFF_MAX - bytes - 2 * os_page_size)
		c = alloc_uncached(request2size(bytes), align, &dirty);
	if (!c) {
		errno = ENOMEM;
		return NULL;
	}
	if (unlikely(perturb_byte))
		memset(chunk2mem(c), perturb_byte ^ 0xff, bytes);
	return chunk2mem(c);
}

/* A piece lies at a multiple of its size: one whose size is a multiple of align, if that is small enough. */
static void *aligned_piece(size_t align, size_t bytes)
{
	size_t size = align_up(bytes ? bytes : 1, align);
	void *mem = size <= PIECE_MAX && size - bytes <= 64 ? malloc(size) : NULL;

	if (likely(mem && is_aligned(mem, align)))
		return mem;
	free(mem);	/* a chunk, as the policy wants it */
	return NULL;
}

static void *aligned(size_t align, size_t bytes)
{
	void *mem = NULL;
	size_t class;

	if (align <= MALLOC_ALIGN)
		return malloc(bytes);
	if (align <= PIECE_MAX && bytes <= PIECE_MAX) {
		mem = aligned_piece(align, bytes);
	} else if (bytes > PIECE_MAX && bytes <= CLASS_MAX_REQUEST) {
		/* Who frees aligned chunks and asks for some again gets those, if they are of the size that is cached. */
		class = class_serving(bytes);
		mem = tcache_get_aligned(class, align);
		if (medium_cached())
			bytes = class_size(class) - SIZE_SZ;
	}
	return mem ? mem : aligned_slow(align, bytes);
}

static bool power_of_two(size_t n) { return n && !(n & (n - 1)); }

/* As in glibc, an alignment that is no power of two is rounded up to one; EINVAL if there is none. */
WEIR_EXPORT void *memalign(size_t align, size_t bytes)
{
	if (align > SIZE_MAX / 2 + 1) {
		errno = EINVAL;
		return NULL;
	}
	if (align > MALLOC_ALIGN && !power_of_two(align))
		align = (size_t)1 << (64 - __builtin_clzl(align));
	return aligned(align, bytes);
}

/* C17: any size will do; EINVAL for an alignment that is no power of two. */
WEIR_EXPORT void *aligned_alloc(size_t align, size_t bytes)
{
	if (!power_of_two(align)) {
		errno = EINVAL;
		return NULL;
	}
	return aligned(align, bytes);
}

/* posix_memalign(3): the error is returned, errno and *mem are left alone then. */
WEIR_EXPORT int posix_memalign(void **mem, size_t align, size_t bytes)
{
	int saved = errno;
	void *p;

	if (!power_of_two(align) || align % sizeof(void *))
		return EINVAL;
	p = aligned(align, bytes);
	errno = saved;
	if (!p)
		return ENOMEM;
	*mem = p;
	return 0;
}

WEIR_EXPORT void *valloc(size_t bytes)
{
	ensure_ready();
	return aligned(os_page_size, bytes);
}

WEIR_EXPORT void *pvalloc(size_t bytes)
{
	ensure_ready();
	if (request_too_large(bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return aligned(os_page_size, align_up(bytes, os_page_size));
}
