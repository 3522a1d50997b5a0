// SPDX-License-Identifier: LGPL-2.1-or-later
/* resize.c - realloc and reallocarray: in place where neighbours or the kernel allow, else by copy */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "die.h"
#include "internal.h"
#include "klink.h"
#include "mapped.h"
#include "run.h"
#include "tcache.h"

/* c, in use and size bytes long, keeps nb; the rest, if it can be a chunk, is freed. */
static void split(struct arena *a, struct chunk *c, size_t size, size_t nb)
{
	size_t rest = size - nb, prev = chunk_head(c) & PREV_INUSE;
	struct chunk *remainder = chunk_at(c, nb);

	if (rest < MINSIZE) {
		set_head(c, size | prev | arena_bit(a));
		set_inuse_at(c, size);
		return;
	}
	set_head(c, nb | prev | arena_bit(a));
	set_head(remainder, rest | PREV_INUSE | arena_bit(a));
	set_inuse_at(remainder, rest);
	if (unlikely(perturb_byte))
		memset(chunk2mem(remainder), perturb_byte, rest - MEM_OFFSET);
	arena_look(a, arena_coalesce(a, remainder));
}

static bool extend_into_top(struct arena *a, struct chunk *c, size_t size, size_t nb)
{
	size_t total = size + chunksize(a->top);
	char *new_top = (char *)c + nb;

	if (total < nb + MINSIZE) {
		/* Growing the top by what is missing beats copying, if it grows where it is. */
		struct chunk *old = a->top;

		if (mapped_wanted(nb) || !top_grow(a, nb - size) || a->top != old)
			return false;
		total = size + chunksize(a->top);
		if (total < nb + MINSIZE)
			return false;
	}
	set_head(c, nb | (chunk_head(c) & PREV_INUSE) | arena_bit(a));
	top_set(a, (struct chunk *)new_top, total - nb);
	if (a->fresh < new_top + MEM_OFFSET)
		a->fresh = new_top + MEM_OFFSET;
	return true;
}

bool arena_resize(struct arena *a, struct chunk *c, size_t nb)
{
	size_t size = chunksize(c), next_size;
	struct chunk *next;

	if (unlikely(c == a->parked))
		die("realloc(): invalid pointer");
	/* It may be what c can grow into. */
	if (nb > size && a->parked)
		arena_unpark(a);
	next = chunk_at(c, size);
	if (unlikely(size <= MEM_OFFSET || size >= a->system_mem))
		die("realloc(): invalid old size");
	next_size = chunksize(next);
	if (unlikely(next_size < MEM_OFFSET || next_size > a->system_mem))
		die("realloc(): invalid next size");
	if (unlikely(!prev_inuse(next)))
		die("realloc(): invalid pointer");
	if (size >= nb) {
		split(a, c, size, nb);
		return true;
	}
	if (next == a->top)
		return extend_into_top(a, c, size, nb);
	if (inuse(next) || size + next_size < nb)
		return false;
	bin_unlink(a, next);
	split(a, c, size + next_size, nb);
	return true;
}

static void *copy_and_free(void *mem, size_t old_usable, size_t bytes)
{
	void *new = malloc(bytes);

	if (!new)
		return NULL;
	memcpy(new, mem, old_usable < bytes ? old_usable : bytes);
	free(mem);
	return new;
}

static void *realloc_mapped(struct chunk *c, size_t bytes, size_t nb)
{
	struct chunk *moved;

	klink_retry();
	moved = mapped_resize(c, nb);
	if (moved)
		return chunk2mem(moved);
	if (chunk_usable(c) >= bytes)
		return chunk2mem(c);
	return copy_and_free(chunk2mem(c), chunk_usable(c), bytes);
}

/* Where it stays in its place, nothing else would look at it. */
static void check_not_cached(void *mem)
{
	if (unlikely(*tcache_key_of(mem) == tcache_key) && block_is_cached(mem))
		die("realloc(): invalid pointer");
}

/* A piece cannot be split; it is left when less than half of it would be used. */
static void *realloc_piece(void *mem, size_t class, size_t bytes)
{
	size_t usable = class_size(class);
	int saved = errno;
	void *new;

	run_of(mem, class, "realloc(): invalid pointer");
	if (bytes <= usable && bytes >= usable / 2) {
		check_not_cached(mem);
		return mem;
	}
	if (unlikely(request_too_large(bytes))) {
		errno = ENOMEM;
		return NULL;
	}
	new = copy_and_free(mem, usable, bytes);
	if (new || bytes > usable)
		return new;
	/* Less is never refused. */
	errno = saved;
	return mem;
}

static void *realloc_in_arena(struct chunk *c, size_t bytes, size_t nb)
{
	struct arena *a;
	bool done;

	/* A larger one may be parked, which is known under the lock. */
	if (chunksize(c) == nb && nb < PARK_MIN) {
		if (unlikely(!inuse(c)))
			die("realloc(): invalid pointer");
		check_not_cached(chunk2mem(c));
		return chunk2mem(c);
	}
	klink_poll();
	a = arena_of(c);
	arena_lock(a);
	done = arena_resize(a, c, nb);
	arena_unlock(a);
	return done ? chunk2mem(c) : copy_and_free(chunk2mem(c), chunk_usable(c), bytes);
}

/* realloc(3): NULL allocates; size 0 frees and returns NULL, as in glibc. */
WEIR_EXPORT void *realloc(void *mem, size_t bytes)
{
	struct chunk *c;
	size_t class;
	void *new;

	if (!mem)
		return malloc(bytes);
	if (!bytes) {
		free(mem);
		return NULL;
	}
	c = mem2chunk(mem);
	class = piece_class(mem);
	if (class)
		return realloc_piece(mem, class, bytes);
	if (unlikely(!is_aligned(mem, MALLOC_ALIGN) || (!is_mmapped(c) && (uintptr_t)c > -chunksize(c))))
		die("realloc(): invalid pointer");
	if (request_too_large(bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	if (is_mmapped(c))
		new = realloc_mapped(c, bytes, request2size(bytes));
	else
		new = realloc_in_arena(c, bytes, request2size(bytes));
	if (!new)
		errno = ENOMEM;
	return new;
}

WEIR_EXPORT void *reallocarray(void *mem, size_t count, size_t size)
{
	size_t bytes;

	if (unlikely(__builtin_mul_overflow(count, size, &bytes))) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(mem, bytes);
}
