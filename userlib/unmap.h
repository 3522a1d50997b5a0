/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * unmap.h - munmap, which may fail
 *
 * Taking the middle out of a mapping makes two of it. A process that has all the mappings it may have
 * (max_map_count) is refused that, and free() cannot fail. Such a range gives up its pages at once and
 * waits with its addresses: it is tried again when other memory is unmapped, when mmap fails, and by
 * malloc_trim(). Thread-safe.
 */
#ifndef WEIR_UNMAP_H
#define WEIR_UNMAP_H

#include <stdbool.h>
#include <stddef.h>

/* False: later. Of an accessible range the first bytes are used until then. */
bool unmap(void *start, size_t size, bool accessible);
/* Try at most so many of those that wait, those that have waited longest; true if one went. */
bool unmap_refused(size_t most);
/* Bytes of address space that wait; for check.c. */
size_t unmap_waiting(void);

void unmap_fork_prepare(void);
void unmap_fork_parent(void);
void unmap_fork_child(void);

#endif
