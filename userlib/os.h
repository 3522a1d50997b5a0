/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * os.h - every memory system call that the allocator makes
 *
 * All sizes and addresses are multiples of the page size unless said otherwise. Failure is NULL or
 * false; nothing has changed then. None allocates or touches errno.
 */
#ifndef WEIR_OS_H
#define WEIR_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/weir.h>

extern size_t os_page_size;

void os_init(void);
/* One of two numbers that are random from process to process, and show nothing of the C library's own secrets. */
uint64_t os_random(unsigned int i);
/* The CPUs on which the caller may run, as sched_getaffinity(2): the set is so many bytes. False: not known. */
bool os_affinity(void *set, size_t size);

/* brk memory: sbrk(2) with its old end returned, NULL where that fails. increment is in bytes. */
char *os_sbrk(intptr_t increment);

/* Chunks mapped alone. Readable, writable, zero. */
void *os_map(size_t size);
/* Cannot fail: what the kernel refuses to unmap is unmapped later (unmap.h). */
void os_unmap(void *start, size_t size);
/* Now, if the kernel will; true if some was. */
bool os_unmap_refused(void);
/* Make a mapping from os_map() longer or shorter; it may move. */
void *os_remap(void *start, size_t size, size_t new_size);

/* Heap memory: HEAP_SIZE bytes of address space, aligned to HEAP_SIZE, inaccessible. */
#define HEAP_SIZE ((size_t)64 << 20)
void *os_heap_reserve(void);
void os_heap_unreserve(void *start);
/* A heap of which a part was made usable. */
void os_heap_unmap(void *start);
/*
 * Make part of a heap usable; it is zero the first time. With huge pages wanted more of the heap may become
 * so, which does not matter.
 */
bool os_heap_commit(void *start, size_t size);
/*
 * Give the pages back; the range stays usable and reads as zero. False: the process's memory is
 * locked, all is as it was.
 */
bool os_let_go(void *start, size_t size);

/* How many bytes of it are in physical memory; all of them if that cannot be told. */
size_t os_resident(void *start, size_t size);

/* Memory for the main arena where brk fails: anywhere, or exactly at start. */
void *os_segment_map(size_t size);
bool os_segment_extend(void *start, size_t size);

/* Milliseconds of a clock that never goes back, as of the last timer interrupt. */
uint64_t os_clock_ms(void);

/* The ranges in which os_heap_*, os_segment_* and os_map() place memory; returns how many. */
unsigned int os_regions(struct weir_region region[2]);

#endif
