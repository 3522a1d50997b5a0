// SPDX-License-Identifier: LGPL-2.1-or-later
#include "figures.h"

#include "arena.h"
#include "klink.h"
#include "mapped.h"

struct weir_figures *_Atomic figures_page;

static _Atomic size_t trims;

/*
 * In the child of a raw clone the pointer is its parent's and nothing is mapped there: it is looked at the
 * control page first, which says that this process is not attached. It says so before any other
 * code runs, as the child never has its parent's page.
 */
static bool is_attached(void)
{
	const struct weir_ctlpage *page = atomic_load_explicit(&klink_page, memory_order_acquire);

	return __atomic_load_n(&page->state, __ATOMIC_RELAXED) == WEIR_STATE_ATTACHED;
}

static void put(__u64 *to, size_t value)
{
	__atomic_store_n(to, value, __ATOMIC_RELAXED);
}

/* What is free in it and as far as known resident; its lock is held. */
static size_t idle_of(const struct arena *a)
{
	size_t top = 0;

	if (a->top && a->fresh > (const char *)a->top)
		top = a->fresh - (const char *)a->top;
	return a->idle + a->fast_bytes + top;
}

static size_t load(const size_t *from)
{
	return __atomic_load_n(from, __ATOMIC_RELAXED);
}

/* Two threads may both write: each value is then one or the other's. */
static void write_sums(struct weir_figures *f)
{
	size_t bytes = 0, idle = 0, arenas = 0, idle_here, bytes_here;

	for (unsigned int i = 0; i < arena_count(); i++) {
		const struct arena *a = arena_at(i);

		if (!a || !(bytes_here = load(&a->system_mem)))
			continue;
		idle_here = load(&a->idle_said);
		bytes += bytes_here;
		idle += idle_here < bytes_here ? idle_here : bytes_here;
		arenas++;
	}
	__atomic_store_n(&f->arenas, arenas, __ATOMIC_RELAXED);
	put(&f->arena_bytes, bytes);
	put(&f->in_use_bytes, bytes - idle);
	put(&f->idle_bytes, idle);
	put(&f->mapped_bytes, atomic_load_explicit(&mapped_stats.bytes, memory_order_relaxed));
	put(&f->trims, atomic_load_explicit(&trims, memory_order_relaxed));
	if (!__atomic_load_n(&f->size, __ATOMIC_RELAXED))
		__atomic_store_n(&f->size, sizeof(*f), __ATOMIC_RELEASE);
}

SELDOM void figures_write(struct arena *a)
{
	struct weir_figures *f = atomic_load_explicit(&figures_page, memory_order_acquire);

	if (a)
		__atomic_store_n(&a->idle_said, idle_of(a), __ATOMIC_RELAXED);
	if (f && is_attached())
		write_sums(f);
}

SELDOM void figures_trimmed(struct arena *a)
{
	atomic_fetch_add_explicit(&trims, 1, memory_order_relaxed);
	figures_update(a);
}

void figures_set_page(struct weir_figures *page)
{
	atomic_store_explicit(&figures_page, page, memory_order_release);
}
