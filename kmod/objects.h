/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How many objects of a kind are left whose release function is the module's: the module's code is
 * needed until the last one is released, which may be later than whoever held it last knows.
 */
#ifndef _WEIR_OBJECTS_H
#define _WEIR_OBJECTS_H

#include <linux/atomic.h>
#include <linux/completion.h>

struct weir_objects {
	atomic_t count;			/* those not yet released, and one for the module */
	struct completion none;
};

#define WEIR_OBJECTS_INIT(name)					\
	{ .count = ATOMIC_INIT(1), .none = COMPLETION_INITIALIZER((name).none) }

static inline void weir_objects_made(struct weir_objects *objects)
{
	atomic_inc(&objects->count);
}

static inline void weir_objects_released(struct weir_objects *objects)
{
	if (atomic_dec_and_test(&objects->count))
		complete(&objects->none);
}

/* The module goes: nobody makes one any more; wait until the last one is released. */
static inline void weir_objects_wait(struct weir_objects *objects)
{
	if (!atomic_dec_and_test(&objects->count))
		wait_for_completion(&objects->none);
}

#endif /* _WEIR_OBJECTS_H */
