// SPDX-License-Identifier: LGPL-2.1-or-later
#include "check.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "os.h"
#include "tcache.h"

struct report {
	char *why;
	size_t length;
};

/* What was seen of one arena. */
struct tally {
	size_t free_count, free_bytes;		/* top not included */
	size_t bytes;
	bool whole;		/* every piece was walked to its end */
};

static bool __attribute__((format(printf, 2, 3))) fail(const struct report *r, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(r->why, r->length, format, args);
	va_end(args);
	return false;
}

/* Where brk began: in /proc/self/stat the 45th field behind the command's name. */
static char *brk_start(void)
{
	static char *start;
	char text[1024], *at;
	ssize_t n;
	int fd;

	if (start)
		return start;
	fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n < 0 ? 0 : n] = 0;
	at = strrchr(text, ')');
	for (int i = 0; at && i < 45; i++)
		at = strchr(at + 1, ' ');
	start = at ? (char *)strtoul(at, NULL, 10) : NULL;
	return start;
}

static bool check_free_chunk(const struct report *r, const struct arena *a, const struct chunk *c)
{
	const struct chunk *next = next_chunk(c);
	size_t size = chunksize(c);

	if (size < MINSIZE || size % MALLOC_ALIGN || size > a->system_mem)
		return fail(r, "free chunk %p: size %#zx", (void *)c, c->size);
	if ((c->size & SIZE_BITS) != (PREV_INUSE | arena_bit(a)))
		return fail(r, "free chunk %p: bits of size %#zx", (void *)c, c->size);
	if (next->prev_size != size)
		return fail(r, "free chunk %p: size %#zx but %#zx at its end", (void *)c, c->size, next->prev_size);
	if (prev_inuse(next))
		return fail(r, "free chunk %p: the next says it is in use", (void *)c);
	if (next == a->top)
		return fail(r, "free chunk %p: not joined with the top", (void *)c);
	if (chunksize(next) > MEM_OFFSET && !inuse(next))
		return fail(r, "free chunks %p and %p: not joined", (void *)c, (void *)next);
	if (c->fd->bk != c || c->bk->fd != c)
		return fail(r, "free chunk %p: not linked by its neighbours", (void *)c);
	return true;
}

/* Chunk by chunk from first to end, to the top, or to the fence where the arena moved elsewhere. */
static bool check_piece(const struct report *r, const struct arena *a, const struct chunk *first,
			const char *end, struct tally *t)
{
	const struct chunk *c = first, *next;
	bool prev_free = false;

	for (; (const char *)c < end; c = next) {
		size_t size = chunksize(c);

		if ((c->size & (IS_MMAPPED | NON_MAIN_ARENA)) != arena_bit(a))
			return fail(r, "chunk %p: bits of size %#zx", (void *)c, c->size);
		if (prev_inuse(c) == prev_free)
			return fail(r, "chunk %p: wrong about the one before: size %#zx", (void *)c, c->size);
		next = chunk_at(c, size);
		if (c == a->top && (const char *)next != end)
			return fail(r, "top %p: ends at %p, not %p", (void *)c, (void *)next, (void *)end);
		if (c == a->top)
			break;
		if (size == MEM_OFFSET)		/* the fence: 16 or 32 bytes to the end */
			break;
		if (size < MINSIZE || size % MALLOC_ALIGN || size > a->system_mem)
			return fail(r, "chunk %p: size %#zx", (void *)c, c->size);
		prev_free = !prev_inuse(next);
		if (!prev_free)
			continue;
		if (!check_free_chunk(r, a, c))
			return false;
		t->free_count++;
		t->free_bytes += size;
	}
	if ((const char *)c >= end)
		return fail(r, "chunks from %p run over the end %p", (void *)first, (void *)end);
	t->bytes += end - (const char *)first;
	return true;
}

static bool check_chunks(const struct report *r, const struct arena *a, struct tally *t)
{
	struct chunk *first;
	void *heap = NULL;
	char *end;

	t->whole = true;
	if (a->main) {
		first = (struct chunk *)align_up((uintptr_t)brk_start(), MALLOC_ALIGN);
		end = os_sbrk(0);
		t->whole = !a->top_mapped && (size_t)(end - (char *)first) <= a->system_mem;
		return !t->whole || check_piece(r, a, first, end, t);
	}
	do {
		heap = heap_extent(a, heap, &first, &end);
		if (!check_piece(r, a, first, end, t))
			return false;
		t->bytes += (uintptr_t)first & (HEAP_SIZE - 1);
	} while (heap);
	return true;
}

/* The ring through the first chunks of each size, largest first. */
static bool check_ring(const struct report *r, const struct chunk *c, const struct chunk *head)
{
	bool leads = c->bk == head || chunksize(c->bk) != chunksize(c);

	if (leads != (c->fd_nextsize != NULL))
		return fail(r, "large chunk %p: %s the ring", (void *)c, leads ? "not in" : "should not be in");
	if (!leads)
		return true;
	if (c->fd_nextsize->bk_nextsize != c || c->bk_nextsize->fd_nextsize != c)
		return fail(r, "large chunk %p: ring broken", (void *)c);
	/* Downwards, but for the last, which leads back to the first. */
	if (chunksize(c->fd_nextsize) >= chunksize(c) && c->fd_nextsize != head->fd)
		return fail(r, "large chunk %p: ring not sorted", (void *)c);
	return true;
}

static bool check_bin(const struct report *r, struct arena *a, unsigned int index, struct tally *t)
{
	struct chunk *head = bin_head(&a->bins[index]), *c;

	if (a->bins[index].fd != head && !(a->binmap[index / 64] & 1UL << index % 64))
		return fail(r, "bin %u: not empty, but its bit is clear", index);
	for (c = a->bins[index].fd; c != head; c = c->fd) {
		if (!check_free_chunk(r, a, c))
			return false;
		if (bin_index(chunksize(c)) != index)
			return fail(r, "bin %u: chunk %p of size %#zx", index, (void *)c, c->size);
		if (index >= SMALL_BINS && c->bk != head && chunksize(c->bk) < chunksize(c))
			return fail(r, "bin %u: not sorted at %p", index, (void *)c);
		if (index >= SMALL_BINS && !check_ring(r, c, head))
			return false;
		t->free_count++;
		t->free_bytes += chunksize(c);
	}
	return true;
}

static bool check_unsorted(const struct report *r, struct arena *a, struct tally *t)
{
	struct chunk *head = bin_head(&a->unsorted), *c;

	for (c = a->unsorted.fd; c != head; c = c->fd) {
		if (!check_free_chunk(r, a, c))
			return false;
		if (chunksize(c) >= SMALL_LIMIT && (c->fd_nextsize || c->bk_nextsize))
			return fail(r, "unsorted chunk %p: seems to be in a ring", (void *)c);
		t->free_count++;
		t->free_bytes += chunksize(c);
	}
	return true;
}

static bool check_top(const struct report *r, const struct arena *a)
{
	size_t size = chunksize(a->top);
	const char *end = (char *)a->top + size;

	if (size < MINSIZE || (a->top->size & SIZE_BITS) != (PREV_INUSE | arena_bit(a)))
		return fail(r, "top %p: size %#zx", (void *)a->top, a->top->size);
	if (!is_aligned(end, os_page_size))
		return fail(r, "top %p: ends at %p", (void *)a->top, (void *)end);
	if (a->system_mem > a->max_system_mem)
		return fail(r, "arena %u: %zu bytes, more than the most it had", a->slot, a->system_mem);
	/* Not all of it: looking makes pages of what never was one. */
	for (const char *p = a->fresh; p < end && p < a->fresh + 2 * os_page_size; p++)
		if (p >= (char *)a->top + MEM_OFFSET && *p)
			return fail(r, "top %p: not zero at %p", (void *)a->top, (void *)p);
	return true;
}

static bool check_arena(const struct report *r, struct arena *a)
{
	struct tally chunks = { 0 }, lists = { 0 };

	if (!a->top)
		return a->system_mem == 0 || fail(r, "arena %u: no top", a->slot);
	if (!check_top(r, a) || !check_chunks(r, a, &chunks) || !check_unsorted(r, a, &lists))
		return false;
	for (unsigned int i = 0; i < BINS; i++)
		if (!check_bin(r, a, i, &lists))
			return false;
	if (!chunks.whole)
		return true;
	if (chunks.free_count != lists.free_count || chunks.free_bytes != lists.free_bytes)
		return fail(r, "arena %u: %zu free chunks of %zu bytes, %zu of %zu in lists", a->slot,
			    chunks.free_count, chunks.free_bytes, lists.free_count, lists.free_bytes);
	if (chunks.bytes != a->system_mem)
		return fail(r, "arena %u: %zu bytes, counted %zu", a->slot, a->system_mem, chunks.bytes);
	return true;
}

static bool check_cache(const struct report *r, struct tcache *t)
{
	for (size_t i = 0; i < TCACHE_BINS; i++) {
		if (*t->bottom[i])
			return fail(r, "cache bin %zu: no NULL at its bottom", i);
		for (void **slot = t->bin[i].top; slot < t->bottom[i]; slot++) {
			const struct chunk *c = mem2chunk(*slot);

			size_t more = chunksize(c) - tcache_bin_size(i);

			/* A chunk that was taken whole may have a rest that is too small for a chunk. */
			if (!is_aligned(c, MALLOC_ALIGN) || more >= MINSIZE || is_mmapped(c))
				return fail(r, "cache bin %zu: chunk %p of size %#zx", i, (void *)c, c->size);
			if (*tcache_key_of(*slot) != tcache_key)
				return fail(r, "cached chunk %p: written to", (void *)c);
			if (!inuse(c))
				return fail(r, "cached chunk %p: free in its arena", (void *)c);
		}
	}
	return true;
}

bool heap_check(char *why, size_t length)
{
	struct report r = { why, length };
	struct tcache *t = tcache_make();
	bool ok = true;

	brk_start();
	for (unsigned int i = 0; ok && i < arena_count(); i++) {
		struct arena *a = arena_at(i);

		if (!a)
			continue;
		arena_lock(a);
		ok = check_arena(&r, a);
		arena_unlock(a);
	}
	return ok && (!t || check_cache(&r, t));
}
