// SPDX-License-Identifier: LGPL-2.1-or-later
/* Writes that break the lists of free chunks, each link and each tag of them. */
#include "misuse.h"

/* So that small ones reach the bins of glibc. */
RUN_WITH_ENVIRONMENT("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0")

/* Larger than whatever is not joined with its neighbours at once. */
#define LARGE	50000

static struct chunk fake;

/* In the unsorted bin. */
static void *unsorted(size_t size)
{
	void *p = guarded(size);

	free(p);
	return p;
}

/* A request that no free block satisfies puts each into its small or large bin. */
static void sort(void) { hide(malloc(110 * K)); }

static void *sorted(size_t size)
{
	void *p = unsorted(size);

	sort();
	return p;
}

static void search(void) { hide(malloc(LARGE - 10000)); }

static void unsorted_size_small(void) { chunk_of(unsorted(LARGE))->size = 8 | 1; search(); }
static void unsorted_size_large(void) { chunk_of(unsorted(LARGE))->size = 1UL << 40; search(); }
static void unsorted_next_size(void) { behind(unsorted(LARGE))->size = 0; search(); }
static void unsorted_foot(void) { behind(unsorted(LARGE))->prev_size = 32; search(); }
static void unsorted_bk(void) { chunk_of(unsorted(LARGE))->bk = &fake; search(); }
static void unsorted_fd(void) { chunk_of(unsorted(LARGE))->fd = &fake; search(); }
static void unsorted_in_use(void) { behind(unsorted(LARGE))->size |= PREV_INUSE; search(); }

static void unsorted_at_free(void)
{
	void *p = guarded(LARGE - 10000);

	chunk_of(unsorted(LARGE))->bk = &fake;
	free(p);
}

/* A free chunk of that size, in its bin, and the block before it. */
static void *before_small(size_t size)
{
	void *p = guarded(LARGE);

	if (realloc(p, chunksize(chunk_of(p)) - size - SIZE_SZ) != p || chunksize(behind(p)) != size)
		misuse_ends("no small chunk");
	sort();
	return p;
}

/* Aligned requests go to the bins, with more for the alignment than the size: one of these is of that size. */
static void small_bk(void)
{
	for (size_t size = 400; size < 640; size += 16)
		behind(before_small(size))->bk = &fake;
	hide(memalign(64, 400));
}

static void joining_small(void (*harm)(struct chunk *))
{
	void *p = before_small(512);

	harm(behind(p));
	free(p);
}

static void joining(void (*harm)(struct chunk *))
{
	void *p = hide(malloc(LARGE)), *q = guarded(LARGE);

	free(p);
	sort();
	harm(chunk_of(p));
	free(q);
}

static void harm_fd(struct chunk *c) { c->fd = &fake; }
static void harm_bk(struct chunk *c) { c->bk = &fake; }
static void harm_size(struct chunk *c) { c->size += 16; }
static void harm_foot(struct chunk *c) { next_chunk(c)->prev_size -= 16; }
static void harm_fd_nextsize(struct chunk *c) { c->fd_nextsize = &fake; }
static void harm_bk_nextsize(struct chunk *c) { c->bk_nextsize = &fake; }

static void small_fd_joined(void) { joining_small(harm_fd); }
static void small_bk_joined(void) { joining_small(harm_bk); }
static void large_fd_joined(void) { joining(harm_fd); }
static void large_size_joined(void) { joining(harm_size); }
static void large_foot_joined(void) { joining(harm_foot); }
static void large_fd_nextsize_joined(void) { joining(harm_fd_nextsize); }
static void large_bk_nextsize_joined(void) { joining(harm_bk_nextsize); }

static void foot_of_next(void)
{
	void *p = hide(malloc(LARGE)), *q = guarded(LARGE);

	free(q);
	behind(q)->prev_size -= 16;
	free(p);
}

/* Three sizes of one large bin. The one in the middle is put in last. */
static void large_insert(void (*harm)(struct chunk *))
{
	void *middle = guarded(LARGE - 16), *small;

	small = sorted(LARGE - 32);
	harm(chunk_of(small));
	free(middle);
	sort();
}

static void large_nextsize_insert(void) { large_insert(harm_bk_nextsize); }
static void large_bk_insert(void) { large_insert(harm_bk); }

static void large_equal_insert(void)
{
	void *first = guarded(LARGE), *second = guarded(LARGE), *third = guarded(LARGE);

	free(first);
	free(second);
	sort();
	chunk_of(second)->bk = &fake;
	free(third);
	sort();
}

static const struct misuse table[] = {
	{ "unsorted: size too small", unsorted_size_small, "malloc(): invalid size (unsorted)" },
	{ "unsorted: size too large", unsorted_size_large, "malloc(): invalid size (unsorted)" },
	{ "unsorted: next size", unsorted_next_size, "malloc(): invalid next size (unsorted)" },
	{ "unsorted: foot", unsorted_foot, "malloc(): mismatching next->prev_size (unsorted)" },
	{ "unsorted: bk", unsorted_bk, "malloc(): unsorted double linked list corrupted" },
	{ "unsorted: fd", unsorted_fd, "malloc(): unsorted double linked list corrupted" },
	{ "unsorted: in use", unsorted_in_use, "malloc(): invalid next->prev_inuse (unsorted)" },
	{ "unsorted: bk, at free", unsorted_at_free, "free(): corrupted unsorted chunks" },
	{ "small: bk", small_bk, "malloc(): smallbin double linked list corrupted" },
	{ "small: fd, when joined", small_fd_joined, "unlink_chunk(): corrupted double-linked list" },
	{ "small: bk, when joined", small_bk_joined, "unlink_chunk(): corrupted double-linked list" },
	{ "large: fd, when joined", large_fd_joined, "unlink_chunk(): corrupted double-linked list" },
	{ "large: size, when joined", large_size_joined, "free(): corrupted size vs. prev_size while consolidating" },
	{ "large: foot, when joined", large_foot_joined, "free(): corrupted size vs. prev_size while consolidating" },
	{ "large: fd_nextsize, when joined",
	  large_fd_nextsize_joined, "unlink_chunk(): corrupted double-linked list (not small)" },
	{ "large: bk_nextsize, when joined",
	  large_bk_nextsize_joined, "unlink_chunk(): corrupted double-linked list (not small)" },
	{ "foot of the next, when joined", foot_of_next, "unlink_chunk(): corrupted size vs. prev_size" },
	{ "large: nextsize, when another is put in",
	  large_nextsize_insert, "malloc(): largebin double linked list corrupted (nextsize)" },
	{ "large: bk, when another is put in",
	  large_bk_insert, "malloc(): largebin double linked list corrupted (bk)" },
	{ "large: bk, when an equal one is put in",
	  large_equal_insert, "malloc(): largebin double linked list corrupted (bk)" },
};

MISUSE_MAIN("Links and tags of free chunks", table)
