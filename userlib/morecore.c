// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * morecore.c - the main arena's memory: brk, and segments from mmap where brk fails
 *
 * brk is shared with the application: whoever else moves it leaves foreign memory between ours,
 * and our next piece starts a new segment behind it.
 */
#include "arena.h"
#include "die.h"
#include "hugepage.h"
#include "knobs.h"
#include "os.h"

/* The least that is mapped at a time when brk fails (ptmalloc's MMAP_AS_MORECORE_SIZE). */
#define SEGMENT_MIN ((size_t)1 << 20)

/* Where the break was when the arena took its first memory from it; NULL: it has not. */
static char *brk_start;

bool main_holds(const struct arena *a, const struct chunk *c, const struct chunk *next)
{
	/* Segments from mmap are anywhere. */
	if (a->top_mapped)
		return next <= a->top || c > a->top;
	return next <= a->top && (char *)c >= brk_start;
}

/* In front of the chunks of every segment but the first, which begins with a chunk as in glibc. */
struct segment {
	struct segment *prev;
	char *end;		/* of all but the newest, whose end is the top's */
	struct chunk *fence;	/* likewise: what top_retire() returned */
	bool mapped;
};

_Static_assert(sizeof(struct segment) % MALLOC_ALIGN == 0, "chunks behind it are aligned");

static struct segment first_segment;
static char *first_start;
static struct segment *newest = &first_segment;

/* The top moves to new memory; what the old one still holds is freed. */
static void start_segment(struct arena *a, char *start, size_t size, bool mapped)
{
	struct chunk *old = a->top;
	size_t old_size = old ? chunksize(old) : 0;
	struct segment *s = (struct segment *)start;

	arena_add_system_mem(a, size);
	if (old) {
		newest->end = (char *)old + old_size;
		s->prev = newest;
		newest = s;
		start += sizeof(*s);
		size -= sizeof(*s);
	} else {
		first_start = start;
	}
	newest->mapped = a->top_mapped = mapped;
	top_set(a, (struct chunk *)start, size);
	a->fresh = start + MEM_OFFSET;
	if (old)
		newest->prev->fence = top_retire(a, old, old_size);
}

/* Where what is free at the end of a segment begins that is not the newest: at its fence, or before that. */
static struct chunk *free_end(const struct segment *s)
{
	return prev_inuse(s->fence) ? s->fence : prev_chunk(s->fence);
}

/* Is nothing in use in s? The first segment has nothing in front by which it could be known, and stays. */
static bool is_empty(const struct arena *a, const struct segment *s)
{
	const struct chunk *first = (const struct chunk *)(s + 1);

	return s->mapped && s != &first_segment && first == (s == newest ? a->top : free_end(s));
}

/* The top goes back to the segment before, unless that is so full that the next request would map one again. */
static bool newest_drop(struct arena *a, size_t pad)
{
	struct segment *s = newest, *prev = s->prev;
	char *end = (char *)a->top + chunksize(a->top);
	struct chunk *top = free_end(prev);

	if ((size_t)(prev->end - (char *)top) < pad + MINSIZE + os_page_size)
		return false;
	if (top != prev->fence)
		bin_unlink(a, top);
	newest = prev;
	a->top_mapped = prev->mapped;
	top_set(a, top, prev->end - (char *)top);
	a->fresh = prev->end;
	arena_sub_system_mem(a, end - (char *)s);
	os_unmap(s, end - (char *)s);
	return true;
}

/* One that is not the newest. *link leads to it. */
static void segment_drop(struct arena *a, struct segment **link)
{
	struct segment *s = *link;
	size_t size = s->end - (char *)s;

	*link = s->prev;
	bin_unlink(a, (struct chunk *)(s + 1));
	arena_sub_system_mem(a, size);
	os_unmap(s, size);
}

SELDOM size_t main_trim_spare(struct arena *a, size_t pad)
{
	size_t had = a->system_mem;
	struct segment **link;

	while (is_empty(a, newest) && newest_drop(a, pad))
		;
	/* Those from brk are all older than those from mmap. */
	for (link = &newest->prev; *link && (*link)->mapped;) {
		if (is_empty(a, *link))
			segment_drop(a, link);
		else
			link = &(*link)->prev;
	}
	return had - a->system_mem;
}

void *main_extent(const struct arena *a, void *segment, struct extent *e)
{
	struct segment *s = segment ? segment : newest;
	bool oldest = s == &first_segment;

	e->start = oldest ? first_start : (char *)s;
	e->first = (struct chunk *)(oldest ? first_start : (char *)(s + 1));
	e->end = s == newest ? (char *)a->top + chunksize(a->top) : s->end;
	return s->prev;
}

/* What a segment that begins now has in front of its first chunk. */
static size_t segment_head(const struct arena *a)
{
	return a->top ? sizeof(struct segment) : 0;
}

/*
 * [start, start + size) came from brk and does not continue the top. Ask for what the request still
 * misses: the old top's credit, the alignment of the start and what stands there, and a page-aligned end.
 */
static bool start_brk_segment(struct arena *a, char *start, size_t size, size_t credit, size_t need)
{
	size_t align = align_up((uintptr_t)start, MALLOC_ALIGN) - (uintptr_t)start, head = segment_head(a);
	char *end = start + size;
	size_t missing = align_up((uintptr_t)end + align + head + credit, os_page_size) - (uintptr_t)end;

	if (missing) {
		if (os_sbrk(missing) == end)
			end += missing;
		else	/* Somebody moved the break meanwhile: use what we have. */
			end = (char *)align_down((uintptr_t)end, os_page_size);
	}
	start += align;
	if (end < start + head + MINSIZE)
		return false;
	if (!brk_start)
		brk_start = start;
	start_segment(a, start, end - start, false);
	/* Without the missing part it may not be enough. */
	return (size_t)(end - start) >= head + need;
}

/* The break ends where huge pages do, if those are wanted. */
static size_t brk_growth(size_t missing, size_t huge)
{
	uintptr_t now = huge ? (uintptr_t)os_sbrk(0) : 0;

	missing = align_up(missing, os_page_size);
	return huge ? align_up(now + missing, huge) - now : missing;
}

static bool grow_by_brk(struct arena *a, size_t need, size_t huge)
{
	size_t old_size = a->top && !a->top_mapped ? chunksize(a->top) : 0;
	char *old_end = old_size ? (char *)a->top + old_size : NULL;
	size_t want = brk_growth(need - old_size, huge);
	char *start;

	/* A try before this one, for more, got this much. */
	if (old_size >= need)
		return true;
	if (want > PTRDIFF_MAX)
		return false;
	start = os_sbrk(want);
	if (!start)
		return false;
	if (start == old_end) {
		arena_add_system_mem(a, want);
		top_set(a, a->top, old_size + want);
		return true;
	}
	if (old_end && start < old_end)
		die("malloc(): break adjusted to free malloc space");
	return start_brk_segment(a, start, want, old_size, need);
}

static bool grow_by_mmap(struct arena *a, size_t need, size_t huge)
{
	size_t old_size, want, step = huge ? huge : os_page_size;
	char *start;

	if (a->top && a->top_mapped) {
		old_size = chunksize(a->top);
		want = align_up(need - old_size, step);
		if (os_segment_extend((char *)a->top + old_size, want)) {
			arena_add_system_mem(a, want);
			top_set(a, a->top, old_size + want);
			return true;
		}
	}
	need = align_up(segment_head(a) + need, os_page_size);
	want = align_up(need < SEGMENT_MIN ? SEGMENT_MIN : need, step);
	start = os_segment_map(want);
	if (!start && want != need) {
		want = need;
		start = os_segment_map(want);
	}
	if (!start)
		return false;
	start_segment(a, start, want, true);
	return true;
}

/* Called when the top holds less than nb + MINSIZE. top_pad and huge pages are wishes: without them before failing. */
bool main_grow(struct arena *a, size_t nb)
{
	size_t need = nb + MINSIZE, pad = knob(WEIR_KNOB_TOP_PAD), huge = hugepage_wanted();
	bool wish = pad || huge;

	if (!a->top_mapped && (grow_by_brk(a, need + pad, huge) || (wish && grow_by_brk(a, need, 0))))
		return true;
	return grow_by_mmap(a, need + pad, huge) || (wish && grow_by_mmap(a, need, 0));
}

size_t main_trim(struct arena *a, size_t pad)
{
	size_t spare = main_trim_spare(a, pad), size = chunksize(a->top), excess = top_excess(a, pad);
	char *end = (char *)a->top + size, *new_end, *old_end;

	if (!excess)
		return spare;
	if (a->top_mapped) {
		os_unmap(end - excess, excess);
		new_end = end - excess;
	} else {
		/* Memory of others above ours cannot be given back for them. */
		if (os_sbrk(0) != end || !(old_end = os_sbrk(-(intptr_t)excess)))
			return spare;
		/* Not by asking again: that may fail, and the memory is gone. */
		new_end = old_end - excess;
		if (new_end >= end)
			return spare;
	}
	arena_sub_system_mem(a, end - new_end);
	top_set(a, a->top, size - (end - new_end));
	if (a->fresh > new_end)
		a->fresh = new_end;
	return spare + (end - new_end);
}
