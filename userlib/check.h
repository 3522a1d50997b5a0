/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* check.h - is the heap what it should be? For tests: slow, and nothing else calls it. */
#ifndef WEIR_CHECK_H
#define WEIR_CHECK_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Look at every chunk, list and count of every arena, one arena locked at a time, and at the
 * calling thread's cache. True if all agree; else the first thing that does not is put into words.
 *
 * The main arena is walked from where brk began. Where others have moved brk or brk has failed, the
 * arena is in pieces that begin nowhere in particular: of those only the free chunks are seen, and
 * the totals are not compared.
 */
bool heap_check(char *why, size_t length);

#endif
