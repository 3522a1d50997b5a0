// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mapped.h"

#include "die.h"
#include "figures.h"
#include "knobs.h"
#include "os.h"

struct mapped_stats mapped_stats;

static void raise_max(_Atomic size_t *max, size_t value)
{
	size_t seen = atomic_load_explicit(max, memory_order_relaxed);

	while (seen < value && !atomic_compare_exchange_weak_explicit(max, &seen, value, memory_order_relaxed,
								      memory_order_relaxed))
		;
}

static void account(size_t count, size_t bytes)
{
	size_t n = atomic_fetch_add_explicit(&mapped_stats.count, count, memory_order_relaxed) + count;
	size_t b = atomic_fetch_add_explicit(&mapped_stats.bytes, bytes, memory_order_relaxed) + bytes;

	raise_max(&mapped_stats.max_count, n);
	raise_max(&mapped_stats.max_bytes, b);
	figures_update(NULL);
}

static void unaccount(size_t count, size_t bytes)
{
	atomic_fetch_sub_explicit(&mapped_stats.count, count, memory_order_relaxed);
	atomic_fetch_sub_explicit(&mapped_stats.bytes, bytes, memory_order_relaxed);
	figures_update(NULL);
}

bool mapped_wanted(size_t nb)
{
	return nb >= (uint64_t)knobs_mmap_threshold() &&
		atomic_load_explicit(&mapped_stats.count, memory_order_relaxed) < (uint64_t)knob(WEIR_KNOB_MMAP_MAX);
}

/*
 * There is no next chunk whose prev_size could be overlapped, so the chunk needs a word more than
 * its size says. For an alignment beyond MALLOC_ALIGN the start is chosen within a larger mapping
 * and the pages before and behind are unmapped at once.
 */
SELDOM struct chunk *mapped_alloc(size_t nb, size_t align)
{
	size_t page = os_page_size, lead = align > MALLOC_ALIGN ? align : 0;
	size_t total = align_up(nb + SIZE_SZ + lead, page), excess;
	struct chunk *c;
	char *start, *mem;

	if (total < nb || total > PTRDIFF_MAX)
		return NULL;
	start = os_map(total);
	if (!start)
		return NULL;
	mem = (char *)align_up((uintptr_t)start + MEM_OFFSET, align);
	c = mem2chunk(mem);
	excess = align_down((char *)c - start, page);
	if (excess) {
		os_unmap(start, excess);
		start += excess;
		total -= excess;
	}
	excess = total - align_up((char *)c - start + nb + SIZE_SZ, page);
	if (excess) {
		total -= excess;
		os_unmap(start + total, excess);
	}
	c->prev_size = (char *)c - start;
	set_head(c, (total - c->prev_size) | IS_MMAPPED);
	account(1, total);
	return c;
}

/* Start and size of the mapping of c; ends the process if they cannot be right. */
static char *mapping_of(const struct chunk *c, size_t *total, const char *message)
{
	char *start = (char *)c - c->prev_size;

	*total = c->prev_size + chunksize(c);
	if (unlikely(((uintptr_t)start | *total) & (os_page_size - 1)) ||
	    unlikely(c->prev_size >= os_page_size || *total < os_page_size) ||
	    unlikely(*total > atomic_load_explicit(&mapped_stats.bytes, memory_order_relaxed)))
		die(message);
	return start;
}

SELDOM void mapped_free(struct chunk *c)
{
	size_t total;
	char *start = mapping_of(c, &total, "munmap_chunk(): invalid pointer");

	unaccount(1, total);
	knobs_mapped_freed(chunksize(c));
	os_unmap(start, total);
}

SELDOM struct chunk *mapped_resize(struct chunk *c, size_t nb)
{
	size_t offset = c->prev_size, total, new_total;
	char *start = mapping_of(c, &total, "mremap_chunk(): invalid pointer");

	new_total = align_up(offset + nb + SIZE_SZ, os_page_size);
	if (new_total < nb || new_total > PTRDIFF_MAX)
		return NULL;
	if (new_total == total)
		return c;
	start = os_remap(start, total, new_total);
	if (!start)
		return NULL;
	c = (struct chunk *)(start + offset);
	set_head(c, (new_total - offset) | IS_MMAPPED);
	unaccount(0, total);
	account(0, new_total);
	return c;
}
