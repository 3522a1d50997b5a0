/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hugepage.h - transparent huge pages, where the hugetlb knob asks for them
 *
 * As glibc.malloc.hugetlb=1: only where the kernel gives them to those who ask (its mode is
 * "madvise"), since in the other modes asking changes nothing. Acts on memory taken from then on.
 */
#ifndef WEIR_HUGEPAGE_H
#define WEIR_HUGEPAGE_H

#include "knobs.h"

/* The kernel's huge page in bytes, 0 where asking is of no use. Keeps errno. */
size_t hugepage_of_kernel(void);

/* The same, and 0 while the knob does not ask. */
static inline size_t hugepage_wanted(void)
{
	return knob(WEIR_KNOB_HUGETLB) ? hugepage_of_kernel() : 0;
}

#endif
