// SPDX-License-Identifier: LGPL-2.1-or-later
/* Open addressing, at most half full. */
#include "blockset.h"

#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SLOTS_AT_FIRST	((size_t)4096)

/*
 * Past whoever stands in for the C library's mmap(). But the thread sanitizer must see that memory is new: what
 * another thread did at the address before is no race.
 */
#ifdef __SANITIZE_THREAD__
#define MAP(size) mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
#define UNMAP(start, size) munmap(start, size)
#else
#define MAP(size) (void *)syscall(SYS_mmap, NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
#define UNMAP(start, size) syscall(SYS_munmap, start, size)
#endif

static void *map(size_t size)
{
	void *p = MAP(size);

	return p == MAP_FAILED ? NULL : p;
}

/* A heap whose process may have no more memory is to be checked, too: that limit is lifted for this. */
static struct block_entry *map_slots(size_t slots)
{
	static const int resources[] = { RLIMIT_AS, RLIMIT_DATA };
	struct rlimit saved[2], lifted;
	void *p = map(slots * sizeof(struct block_entry));

	for (int i = 0; !p && i < 2; i++) {
		getrlimit(resources[i], &saved[i]);
		lifted = (struct rlimit){ saved[i].rlim_max, saved[i].rlim_max };
		setrlimit(resources[i], &lifted);
		p = map(slots * sizeof(struct block_entry));
		setrlimit(resources[i], &saved[i]);
	}
	return p;
}

bool blockset_make(struct blockset *s)
{
	s->count = 0;
	s->slots = SLOTS_AT_FIRST;
	s->entry = map_slots(s->slots);
	return s->entry != NULL;
}

void blockset_drop(struct blockset *s)
{
	if (s->entry)
		UNMAP(s->entry, s->slots * sizeof(struct block_entry));
	s->entry = NULL;
}

/* Where the block is, or would be. */
static struct block_entry *place(const struct blockset *s, const void *block)
{
	size_t at = ((uintptr_t)block >> 4) * 0x9e3779b97f4a7c15UL >> 20;

	for (;; at++) {
		struct block_entry *e = &s->entry[at & (s->slots - 1)];

		if (!e->block || e->block == block)
			return e;
	}
}

static bool grow(struct blockset *s)
{
	struct blockset larger = { .count = s->count, .slots = 4 * s->slots };

	larger.entry = map_slots(larger.slots);
	if (!larger.entry)
		return false;
	for (size_t i = 0; i < s->slots; i++)
		if (s->entry[i].block)
			*place(&larger, s->entry[i].block) = s->entry[i];
	blockset_drop(s);
	*s = larger;
	return true;
}

struct block_entry *blockset_find(const struct blockset *s, const void *block)
{
	struct block_entry *e = place(s, block);

	return e->block ? e : NULL;
}

struct block_entry *blockset_add(struct blockset *s, const void *block, const char *holder, bool *is_new)
{
	struct block_entry *e;

	if (2 * s->count >= s->slots && !grow(s))
		return NULL;
	e = place(s, block);
	*is_new = !e->block;
	if (*is_new) {
		*e = (struct block_entry){ block, holder, false };
		s->count++;
	}
	return e;
}
