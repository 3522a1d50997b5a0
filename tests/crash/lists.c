// SPDX-License-Identifier: LGPL-2.1-or-later
/* Writes after free and overflows that break the top and the lists of free chunks. */
#include "misuse.h"

/* Both here and in glibc: so that small chunks reach their bins. */
RUN_WITH_ENVIRONMENT("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0")

static struct chunk fake;

/* In the unsorted bin. */
static void *unsorted(size_t size)
{
	void *p = guarded(size);

	free(p);
	return p;
}

/* In a small or large bin: a larger request has sorted it. */
static void *sorted(size_t size)
{
	void *p = unsorted(size);

	hide(malloc(50 * K));
	return p;
}

static void top(size_t size)
{
	void *p = hide(malloc(2000));

	behind(p)->size = size;
	hide(malloc(100 * K));
	/* More than it ever had. */
	hide(malloc(120 * K));
	hide(malloc(120 * K));
}

static void top_huge(void) { top(-1); }
static void top_small(void) { top(0x21); }
static void top_shortened(void) { top(0xa01); }
static void top_zero(void) { top(1); }
static void top_text(void) { top(0x4141414141414141); }

static void break_moved_back(void)
{
	hide(malloc(2000));
	sbrk(-4096);
	hide(malloc(120 * K));
	hide(malloc(120 * K));
}

static void unsorted_size_small(void) { chunk_of(unsorted(5000))->size = 8 | 1; hide(malloc(3000)); }
static void unsorted_size_large(void) { chunk_of(unsorted(5000))->size = 1UL << 40; hide(malloc(3000)); }
static void unsorted_next_size(void) { behind(unsorted(5000))->size = 0; hide(malloc(3000)); }
static void unsorted_foot(void) { behind(unsorted(5000))->prev_size = 32; hide(malloc(3000)); }
static void unsorted_bk(void) { chunk_of(unsorted(5000))->bk = &fake; hide(malloc(3000)); }
static void unsorted_fd(void) { chunk_of(unsorted(5000))->fd = &fake; hide(malloc(3000)); }
static void unsorted_in_use(void) { behind(unsorted(5000))->size |= PREV_INUSE; hide(malloc(3000)); }

static void unsorted_at_free(void)
{
	void *p = guarded(3000);

	chunk_of(unsorted(5000))->bk = &fake;
	free(p);
}

static void small_bk(void) { chunk_of(sorted(500))->bk = &fake; hide(malloc(500)); }

static void joining(void (*harm)(struct chunk *), size_t size)
{
	void *p = hide(malloc(size)), *q = guarded(size);

	free(p);
	hide(malloc(50 * K));
	harm(chunk_of(p));
	free(q);
}

static void harm_fd(struct chunk *c) { c->fd = &fake; }
static void harm_bk(struct chunk *c) { c->bk = &fake; }
static void harm_size(struct chunk *c) { c->size += 16; }
static void harm_foot(struct chunk *c) { next_chunk(c)->prev_size -= 16; }
static void harm_fd_nextsize(struct chunk *c) { c->fd_nextsize = &fake; }
static void harm_bk_nextsize(struct chunk *c) { c->bk_nextsize = &fake; }

static void small_fd_joined(void) { joining(harm_fd, 500); }
static void small_bk_joined(void) { joining(harm_bk, 500); }
static void large_fd_joined(void) { joining(harm_fd, 5000); }
static void large_size_joined(void) { joining(harm_size, 5000); }
static void large_foot_joined(void) { joining(harm_foot, 5000); }
static void large_fd_nextsize_joined(void) { joining(harm_fd_nextsize, 5000); }
static void large_bk_nextsize_joined(void) { joining(harm_bk_nextsize, 5000); }

static void foot_of_next(void)
{
	void *p = hide(malloc(5000)), *q = guarded(5000);

	free(q);
	behind(q)->prev_size -= 16;
	free(p);
}

/* 1280, 1296, 1312: one large bin. The one in the middle is put in last. */
static void large_insert(void (*harm)(struct chunk *))
{
	void *middle = guarded(1296 - 8), *small = guarded(1280 - 8);

	harm(chunk_of(sorted(1280 - 8)));
	(void)small;
	free(middle);
	hide(malloc(50 * K));
}

static void large_nextsize_insert(void) { large_insert(harm_bk_nextsize); }
static void large_bk_insert(void) { large_insert(harm_bk); }

static void large_equal_insert(void)
{
	void *first = guarded(1280 - 8), *second = guarded(1280 - 8), *third = guarded(1280 - 8);

	free(first);
	free(second);
	hide(malloc(50 * K));
	chunk_of(second)->bk = &fake;
	free(third);
	hide(malloc(50 * K));
}

static const struct misuse table[] = {
	{ "top: size -1", top_huge, "malloc(): corrupted top size" },
	{ "top: text", top_text, "malloc(): corrupted top size" },
	/* glibc: an assertion of sysmalloc. */
	{ "top: size too small", top_small, "malloc(): corrupted top size" },
	{ "top: size of one", top_zero, "malloc(): corrupted top size" },
	{ "top: shortened", top_shortened, "malloc(): corrupted top size" },
	{ "top: break moved back by others", break_moved_back, "break adjusted to free malloc space" },
	{ "unsorted: size too small", unsorted_size_small, "malloc(): invalid size (unsorted)" },
	{ "unsorted: size too large", unsorted_size_large, "malloc(): invalid size (unsorted)" },
	{ "unsorted: next size", unsorted_next_size, "malloc(): invalid next size (unsorted)" },
	{ "unsorted: foot", unsorted_foot, "malloc(): mismatching next->prev_size (unsorted)" },
	{ "unsorted: bk", unsorted_bk, "malloc(): unsorted double linked list corrupted" },
	{ "unsorted: fd", unsorted_fd, "malloc(): unsorted double linked list corrupted" },
	{ "unsorted: in use", unsorted_in_use, "malloc(): invalid next->prev_inuse (unsorted)" },
	{ "unsorted: bk, at free", unsorted_at_free, "free(): corrupted unsorted chunks" },
	{ "small: bk", small_bk, "malloc(): smallbin double linked list corrupted" },
	{ "small: fd, when joined", small_fd_joined, "corrupted double-linked list" },
	{ "small: bk, when joined", small_bk_joined, "corrupted double-linked list" },
	{ "large: fd, when joined", large_fd_joined, "corrupted double-linked list" },
	{ "large: size, when joined", large_size_joined, "corrupted size vs. prev_size while consolidating" },
	{ "large: foot, when joined", large_foot_joined, "corrupted size vs. prev_size while consolidating" },
	{ "large: fd_nextsize, when joined", large_fd_nextsize_joined, "corrupted double-linked list (not small)" },
	{ "large: bk_nextsize, when joined", large_bk_nextsize_joined, "corrupted double-linked list (not small)" },
	{ "foot of the next, when joined", foot_of_next, "corrupted size vs. prev_size" },
	{ "large: nextsize, when another is put in",
	  large_nextsize_insert, "malloc(): largebin double linked list corrupted (nextsize)" },
	{ "large: bk, when another is put in",
	  large_bk_insert, "malloc(): largebin double linked list corrupted (bk)" },
	{ "large: bk, when an equal one is put in",
	  large_equal_insert, "malloc(): largebin double linked list corrupted (bk)" },
};

MISUSE_MAIN(table)
