// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * libc_names.c - the other names under which glibc exports its allocation functions
 *
 * No header declares them, but programs have been using them, mostly those that put functions of their
 * own in malloc's place. Who gets memory by one name must be able to free it by another: so all of them lead
 * here. cfree is for programs linked before glibc 2.26.
 */
#include <malloc.h>
#include <stdlib.h>

#include "internal.h"

WEIR_EXPORT void *__libc_malloc(size_t bytes) { return malloc(bytes); }
WEIR_EXPORT void *__libc_calloc(size_t count, size_t size) { return calloc(count, size); }
WEIR_EXPORT void *__libc_realloc(void *mem, size_t bytes) { return realloc(mem, bytes); }
WEIR_EXPORT void *__libc_memalign(size_t align, size_t bytes) { return memalign(align, bytes); }
WEIR_EXPORT void *__libc_valloc(size_t bytes) { return valloc(bytes); }
WEIR_EXPORT void *__libc_pvalloc(size_t bytes) { return pvalloc(bytes); }
WEIR_EXPORT void __libc_free(void *mem) { free(mem); }
WEIR_EXPORT void cfree(void *mem) { free(mem); }
WEIR_EXPORT int __libc_mallopt(int param, int value) { return mallopt(param, value); }

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
WEIR_EXPORT struct mallinfo __libc_mallinfo(void) { return mallinfo(); }
