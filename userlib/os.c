// SPDX-License-Identifier: LGPL-2.1-or-later
#include "os.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "chunk.h"
#include "hugepage.h"
#include "lock.h"
#include "unmap.h"
#include "window.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

/*
 * The windows lie between 32 and 80 TiB: above the shadow memory of the address sanitizer, below
 * position-independent executables (85 TiB) and the kernel's own choice for mmap (127 TiB). The thread
 * sanitizer allows less; a build for that says so.
 */
#ifndef WINDOWS_START
#define WINDOWS_START	((uintptr_t)32 << 40)
#define WINDOWS_SPREAD	((uintptr_t)16 << 40)
#define WINDOW_SIZE	((size_t)16 << 40)
#endif
/* Places tried before the kernel may choose one. */
#define PLACE_TRIES	8
/* Where the kernel has no more for us, so many ranges that it would not take back are offered again. */
#define OFFER_AGAIN	64

/* The callers of malloc see errno as it was, whatever was tried on the way. */
#define KEEP_ERRNO const int saved __attribute__((cleanup(restore_errno), unused)) = errno

static void restore_errno(const int *saved)
{
	errno = *saved;
}

size_t os_page_size = 4096;

static struct window map_window, heap_window;
/* The main arena's segments share the heap region but not the heaps' 64 MiB grid. */
static struct window segment_window;

uint64_t os_random(unsigned int i)
{
	const void *bytes = (const void *)getauxval(AT_RANDOM);
	uint64_t random[2] = { 0x9e3779b97f4a7c15ULL, 0xbf58476d1ce4e5b9ULL };

	if (bytes)
		memcpy(random, bytes, sizeof(random));
	/* The C library's stack protector and pointer guard use the same bytes: do not show them. */
	return (random[i] ^ random[1 - i] >> 17) * 0xff51afd7ed558ccdULL;
}

bool os_affinity(void *set, size_t size)
{
	/* Not by its own function, for which another 64 KiB of the C library would become resident. */
	return syscall(SYS_sched_getaffinity, 0, size, set) > 0;
}

void os_init(void)
{
	uint64_t random = os_random(0);
	uintptr_t base = WINDOWS_START + align_down(random % WINDOWS_SPREAD, (size_t)1 << 30);

	/* Not by sysconf(), for the same reason. */
	os_page_size = getauxval(AT_PAGESZ);
	window_init(&map_window, base, WINDOW_SIZE, os_page_size, os_random(1));
	base += WINDOW_SIZE;
	window_init(&heap_window, base, WINDOW_SIZE / 2, HEAP_SIZE, os_random(1) >> 7);
	base += WINDOW_SIZE / 2;
	window_init(&segment_window, base, WINDOW_SIZE / 2, os_page_size, os_random(1) >> 14);
}

unsigned int os_regions(struct weir_region region[2])
{
	region[0] = (struct weir_region){ map_window.start, map_window.end, WEIR_REGION_MMAP, 0 };
	region[1] = (struct weir_region){ heap_window.start, segment_window.end, WEIR_REGION_HEAP, 0 };
	return 2;
}

/* Of memory that has just become ours: a hint, whose failure nobody needs to know of. */
static void ask_for_huge_pages(void *start, size_t size)
{
	size_t huge = hugepage_wanted(), lead = (uintptr_t)start & (os_page_size - 1);

	if (huge && size >= huge)
		madvise((char *)start - lead, size + lead, MADV_HUGEPAGE);
}

char *os_sbrk(intptr_t increment)
{
	KEEP_ERRNO;
	void *old_end = sbrk(increment);

	if (old_end == (void *)-1)
		return NULL;
	if (increment > 0)
		ask_for_huge_pages(old_end, increment);
	return old_end;
}

static void *map_at(void *at, size_t size, int prot, int flags)
{
	void *p;

	do {
		p = mmap(at, size, prot, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
	} while (p == MAP_FAILED && errno != EEXIST && unmap_refused(OFFER_AGAIN));
	return p == MAP_FAILED ? NULL : p;
}

/*
 * Exactly at a place that is free, or NULL. A kernel before 4.17 takes the address as a hint.
 */
static void *map_exactly(void *at, size_t size, int prot, int flags)
{
	void *p = map_at(at, size, prot, MAP_FIXED_NOREPLACE | flags);

	if (p && p != at) {
		unmap(p, size, prot != PROT_NONE);
		errno = EEXIST;
		return NULL;
	}
	return p;
}

static void *map_in(struct window *w, size_t size, int prot, int flags)
{
	void *at, *p;

	for (int i = 0; i < PLACE_TRIES && (at = window_place(w, size)) != NULL; i++) {
		p = map_exactly(at, size, prot, flags);
		if (p)
			return p;
		window_retreat(w, at, size);
		if (errno != EEXIST)
			return NULL;
		window_jump(w);
	}
	return NULL;
}

void *os_map(size_t size)
{
	KEEP_ERRNO;
	void *p = map_in(&map_window, size, PROT_READ | PROT_WRITE, 0);

	if (!p)
		p = map_at(NULL, size, PROT_READ | PROT_WRITE, 0);
	if (p)
		ask_for_huge_pages(p, size);
	return p;
}

void os_unmap(void *start, size_t size)
{
	KEEP_ERRNO;

	if (unmap(start, size, true))
		window_retreat(&map_window, start, size);
}

bool os_unmap_refused(void)
{
	KEEP_ERRNO;

	return unmap_refused(SIZE_MAX);
}

void *os_remap(void *start, size_t size, size_t new_size)
{
	KEEP_ERRNO;
	void *p = mremap(start, size, new_size, 0), *at;

	if (p != MAP_FAILED) {
		if (new_size > size)
			window_advance(&map_window, start, new_size);
		ask_for_huge_pages(p, new_size);
		return p;
	}
	/* MREMAP_FIXED would replace what is there: take the place first. */
	at = map_in(&map_window, new_size, PROT_NONE, MAP_NORESERVE);
	if (at) {
		p = mremap(start, size, new_size, MREMAP_MAYMOVE | MREMAP_FIXED, at);
		if (p == MAP_FAILED)
			unmap(at, new_size, false);
	} else {
		p = mremap(start, size, new_size, MREMAP_MAYMOVE);
	}
	if (p == MAP_FAILED)
		return NULL;
	window_retreat(&map_window, start, size);
	ask_for_huge_pages(p, new_size);
	return p;
}

/* Twice the size holds an aligned heap wherever it lies; the rest goes back. */
static void *reserve_anywhere(void)
{
	char *p = map_at(NULL, 2 * HEAP_SIZE, PROT_NONE, MAP_NORESERVE), *heap;

	if (!p)
		return NULL;
	heap = (char *)align_up((uintptr_t)p, HEAP_SIZE);
	if (heap > p)
		unmap(p, heap - p, false);
	unmap(heap + HEAP_SIZE, p + HEAP_SIZE - heap, false);
	return heap;
}

void *os_heap_reserve(void)
{
	KEEP_ERRNO;
	void *p = map_in(&heap_window, HEAP_SIZE, PROT_NONE, MAP_NORESERVE);

	return p ? p : reserve_anywhere();
}

void os_heap_unreserve(void *start)
{
	KEEP_ERRNO;

	if (unmap(start, HEAP_SIZE, false))
		window_retreat(&heap_window, start, HEAP_SIZE);
}

void os_heap_unmap(void *start)
{
	KEEP_ERRNO;

	if (unmap(start, HEAP_SIZE, true))
		window_retreat(&heap_window, start, HEAP_SIZE);
}

/* A huge page comes only where all of it may be accessed: up to the next one's start, if that is granted. */
static bool commit_huge(char *start, size_t size, size_t huge)
{
	char *first = (char *)align_down((uintptr_t)start, huge);

	size = align_up((uintptr_t)start + size, huge) - (uintptr_t)start;
	if (mprotect(start, size, PROT_READ | PROT_WRITE) != 0)
		return false;
	ask_for_huge_pages(first, start + size - first);
	return true;
}

bool os_heap_commit(void *start, size_t size)
{
	KEEP_ERRNO;
	size_t huge = hugepage_wanted();

	return (huge && commit_huge(start, size, huge)) || mprotect(start, size, PROT_READ | PROT_WRITE) == 0;
}

bool os_let_go(void *start, size_t size)
{
	KEEP_ERRNO;

	return madvise(start, size, MADV_DONTNEED) == 0;
}

size_t os_resident(void *start, size_t size)
{
	KEEP_ERRNO;
	unsigned char vec[256];
	size_t pages = 0, n;

	for (size_t done = 0; done < size; done += n * os_page_size) {
		n = (size - done) / os_page_size;
		n = n < sizeof(vec) ? n : sizeof(vec);
		if (mincore((char *)start + done, n * os_page_size, vec) != 0)
			return size;
		for (size_t i = 0; i < n; i++)
			pages += vec[i] & 1;
	}
	return pages * os_page_size;
}

uint64_t os_clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void *os_segment_map(size_t size)
{
	KEEP_ERRNO;
	void *p = map_in(&segment_window, size, PROT_READ | PROT_WRITE, 0);

	if (!p)
		p = map_at(NULL, size, PROT_READ | PROT_WRITE, 0);
	if (p)
		ask_for_huge_pages(p, size);
	return p;
}

bool os_segment_extend(void *start, size_t size)
{
	KEEP_ERRNO;

	if (!map_exactly(start, size, PROT_READ | PROT_WRITE, 0))
		return false;
	window_advance(&segment_window, start, size);
	ask_for_huge_pages(start, size);
	return true;
}

static inline void cpu_relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield" ::: "memory");
#endif
}

SELDOM void lock_take_contended(struct lock *l)
{
	KEEP_ERRNO;

	for (int spin = 0; spin < 30; spin++) {
		cpu_relax();
		if (!atomic_load_explicit(&l->state, memory_order_relaxed) && lock_try(l))
			return;
	}
	while (atomic_exchange_explicit(&l->state, 2, memory_order_acquire) != 0)
		syscall(SYS_futex, &l->state, FUTEX_WAIT_PRIVATE, 2, NULL);
}

SELDOM void lock_wake(struct lock *l)
{
	KEEP_ERRNO;

	syscall(SYS_futex, &l->state, FUTEX_WAKE_PRIVATE, 1);
}
