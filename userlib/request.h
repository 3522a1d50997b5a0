/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * request.h - answering the module's requests to let go of idle memory
 *
 * A request comes with a control page's generation (klink.c) and says how many idle bytes may stay. It is
 * worked off in steps, one at each poll of the link: a step lets go of REQUEST_STEP_BYTES of resident
 * memory at most, by REQUEST_STEP_CALLS system calls at most, and looks at REQUEST_STEP_VISITS free
 * blocks at most, so that no malloc pays more than about a millisecond. One thread at a time takes a
 * step; the others go on.
 *
 * What goes: the calling thread's cache; then of each arena what coalesces in fast bins and runs, the whole
 * pages inside of free chunks, and the top. Of memory that is idle, `keep' bytes stay: the tops first.
 */
#ifndef WEIR_REQUEST_H
#define WEIR_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REQUEST_STEP_BYTES	((size_t)4 << 20)
#define REQUEST_STEP_CALLS	64
#define REQUEST_STEP_VISITS	1024

struct request {
	uint32_t number;	/* 0: there was none */
	uint64_t keep;
};

/* What stands in the page now; the klink lock is held. */
void request_see(struct request r);
/* Is there one that is not answered? */
bool request_is_pending(void);
/*
 * No lock is held. True: the latest request is worked off, its number and the bytes that went are in
 * *number and *bytes, and it is no longer pending.
 */
bool request_step(uint32_t *number, size_t *bytes);
/* Another page, or none: a new attachment has no request yet; the klink lock is held. */
void request_forget(void);
void request_fork_child(void);

#endif
