/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* meta.h - memory for the allocator's own structures, apart from anybody's chunks */
#ifndef WEIR_META_H
#define WEIR_META_H

#include <stddef.h>

/*
 * Zeroed, aligned to a cache line, never freed: who is done with a structure keeps it for the
 * next of its kind. NULL without memory. Thread-safe.
 */
void *meta_alloc(size_t size);
void meta_fork_child(void);
extern size_t meta_mapped;	/* bytes, for check.c */

#endif
