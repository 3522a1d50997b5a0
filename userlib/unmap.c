// SPDX-License-Identifier: LGPL-2.1-or-later
#include "unmap.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "fork.h"
#include "lock.h"

/* Inaccessible ranges, which cannot hold their own record, are few: reservations half made. */
#define SPARES 16
/* Tried again each time that something is unmapped: more would make free() slow where many wait. */
#define FOLLOW 64
#define FOLLOW_REFUSED 8

struct refused {
	struct refused *next;
	void *start;
	size_t size;
};

static struct lock refused_lock = LOCK_INIT;
static struct refused *oldest, **newest = &oldest;
static struct refused spare[SPARES];	/* size 0: not in use */
static _Atomic size_t count;

static void lock(void)
{
	if (!fork_holds_locks())
		lock_take(&refused_lock);
}

static void unlock(void)
{
	if (!fork_holds_locks())
		lock_drop(&refused_lock);
}

static struct refused *find_record(void *start, bool accessible)
{
	if (accessible)
		return start;
	for (int i = 0; i < SPARES; i++)
		if (!spare[i].size)
			return &spare[i];
	return NULL;
}

static void append(struct refused *r)
{
	r->next = NULL;
	*newest = r;
	newest = &r->next;
	atomic_fetch_add_explicit(&count, 1, memory_order_relaxed);
}

static struct refused *remove_oldest(void)
{
	struct refused *r = oldest;

	oldest = r->next;
	if (!oldest)
		newest = &oldest;
	atomic_fetch_sub_explicit(&count, 1, memory_order_relaxed);
	return r;
}

/* Behind the others if it is refused again, so that one does not keep the rest waiting. */
static bool retry_oldest(void)
{
	struct refused *r = remove_oldest();

	if (munmap(r->start, r->size) != 0) {
		append(r);
		return false;
	}
	if (r >= spare && r < spare + SPARES)
		r->size = 0;
	return true;
}

static size_t waiting(void)
{
	return atomic_load_explicit(&count, memory_order_relaxed);
}

/* At most so many, until so many of them have been refused again. Returns how many went. */
static size_t retry(size_t most, size_t refused)
{
	size_t gone = 0;
	int saved = errno;

	if (!waiting())
		return 0;
	lock();
	if (most > waiting())
		most = waiting();
	for (; most && refused; most--) {
		if (retry_oldest())
			gone++;
		else
			refused--;
	}
	unlock();
	errno = saved;
	return gone;
}

bool unmap_refused(size_t most)
{
	return retry(most, most) != 0;
}

static void keep(void *start, size_t size, bool accessible)
{
	struct refused *r;

	lock();
	r = find_record(start, accessible);
	if (r) {
		r->start = start;
		r->size = size;
		append(r);
	}
	unlock();
}

bool unmap(void *start, size_t size, bool accessible)
{
	bool gone = munmap(start, size) == 0;

	retry(FOLLOW, FOLLOW_REFUSED);
	if (gone)
		return true;
	if (accessible)
		madvise(start, size, MADV_DONTNEED);
	keep(start, size, accessible);
	return false;
}

size_t unmap_waiting(void)
{
	size_t bytes = 0;

	lock();
	for (const struct refused *r = oldest; r; r = r->next)
		bytes += r->size;
	unlock();
	return bytes;
}

void unmap_fork_prepare(void) { lock_take(&refused_lock); }
void unmap_fork_parent(void) { lock_drop(&refused_lock); }
void unmap_fork_child(void) { lock_reset(&refused_lock); }
