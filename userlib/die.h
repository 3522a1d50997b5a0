/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* die.h - end the process over a corrupted heap */
#ifndef WEIR_DIE_H
#define WEIR_DIE_H

/*
 * Write one line, "<message>\n", to standard error and abort(). Allocates nothing, takes no lock,
 * so it may be called with an arena locked. The messages are glibc's where glibc has one, since
 * people search for them.
 */
_Noreturn void die(const char *message);

#endif
