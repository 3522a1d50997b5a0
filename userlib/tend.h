/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tend.h - looking after arenas that nobody is in
 *
 * What an arena does not use is let go by the threads that use it (idle.h), and what others have freed of
 * it is taken in by them. Threads sleep, and end. So whoever passes one of the slow paths below spends a
 * moment on the arenas of others that have been left alone for the hold time; all threads together once in
 * the hold time. No lock is waited for: an arena whose lock is taken is not alone.
 */
#ifndef WEIR_TEND_H
#define WEIR_TEND_H

#include "arena.h"

/* No lock is held. */
void tend_others(void);
/*
 * The calling thread ends, or gives its cache back; a, or NULL, was its arena. An arena that nobody uses any
 * more gives back what is free at once.
 */
void tend_leave(struct arena *a);

#endif
