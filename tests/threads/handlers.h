/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * handlers.h - a library with handlers of fork that allocate and free, and that guard a lock under which it
 * allocates too
 *
 * It registers them in its constructor, before the first allocation of all, and again on demand.
 */
#ifndef WEIR_TEST_HANDLERS_H
#define WEIR_TEST_HANDLERS_H

#include <stdbool.h>

extern int handlers_called;
extern bool handlers_waited_in_vain;

void handlers_register(void);
/* Allocate with the lock held. */
void handlers_work(unsigned int seed);
/* From now on handlers wait until another thread has allocated. */
void handlers_start_other(void);
void handlers_stop_other(void);

#endif
