// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * preinit.c - the allocator in the program itself, from the archive: made ready before the constructors of
 * its shared libraries run (init.c says why). Not in the shared library, which may not have this section.
 */
#include "internal.h"

static __attribute__((section(".preinit_array"), used)) void (*const before_constructors)(void) = ensure_ready;
