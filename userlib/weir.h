/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * <weir.h> - functions of libweir that the C library's headers may not declare
 *
 * They are C23's, and glibc's from 2.43 on. A program that also runs without libweir needs a C library
 * that has them, too: they are there in no older glibc.
 */
#ifndef _WEIR_H
#define _WEIR_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#if __cplusplus >= 201103L
#define WEIR_NOTHROW noexcept
#else
#define WEIR_NOTHROW throw()
#endif
#elif defined __GNUC__
#define WEIR_NOTHROW __attribute__((__nothrow__))
#else
#define WEIR_NOTHROW
#endif

/*
 * void free_sized(void *ptr, size_t size);
 *
 * free(ptr), for a block of which the caller knows the size: ptr comes from malloc(size),
 * calloc(n, m) with n * m == size, or realloc(..., size), and not from a function that takes an alignment; or
 * it is NULL, and then nothing happens, whatever size is. Anything else is undefined (C23, 7.24.3.4).
 *
 * A size that cannot be right ends the process, with one line on standard error: "free_sized(): invalid size". That
 * is one beyond the end of the block, which may be a little longer than what was asked for, and one of much less
 * than half of a block that is shorter than a page.
 * errno is kept. Thread-safe, as free().
 */
extern void free_sized(void *__ptr, size_t __size) WEIR_NOTHROW;

/*
 * void free_aligned_sized(void *ptr, size_t alignment, size_t size);
 *
 * The same for a block from aligned_alloc(alignment, size), with these very arguments (C23, 7.24.3.5).
 *
 * Ends the process for a size as above, and for an alignment that is no power of two or that ptr
 * does not have: "free_aligned_sized(): invalid size" or "... invalid alignment".
 */
extern void free_aligned_sized(void *__ptr, size_t __alignment, size_t __size) WEIR_NOTHROW;

#undef WEIR_NOTHROW
#ifdef __cplusplus
}
#endif

#endif
