/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * idle.h - letting go of what an arena does not use
 *
 * Under the auto policy nothing goes back at once. Time is cut into windows of the hold time (policy.h);
 * what has been free for a whole window, at the top or inside of free chunks, is let go at the first
 * free after its end that looks. A large free chunk carries a tag behind its links that says since
 * which window it has been free and how much of it may be resident.
 *
 * An arena that none of its threads looks at is looked at by others (tend.c).
 *
 * The other policies trim at once, as ptmalloc does.
 */
#ifndef WEIR_IDLE_H
#define WEIR_IDLE_H

#include "arena.h"

/* Free chunks of this size or more are tagged, and their whole pages let go in the end. */
#define IDLE_MIN ((size_t)32 << 10)
/* One look lets go of this much inside of chunks, in this many calls; the rest follows soon after. */
#define IDLE_LET_GO_BYTES ((size_t)8 << 20)
#define IDLE_LET_GO_CALLS 64
#define IDLE_SOON_MS 2

struct idle_tag {
	size_t window;		/* the arena's, when the chunk, or most of it, came free */
	size_t resident;	/* bytes at most */
};

static inline struct idle_tag *idle_tag_of(struct chunk *c)
{
	return (struct idle_tag *)(c + 1);
}

/* Of a free chunk; a small one counts as just freed. */
static inline struct idle_tag idle_tag(const struct arena *a, struct chunk *c)
{
	size_t size = chunksize(c);

	return size >= IDLE_MIN ? *idle_tag_of(c) : (struct idle_tag){ a->window, size };
}

/* Two neighbours become one chunk: since when is that of the larger. */
static inline struct idle_tag idle_join(struct idle_tag x, size_t x_size, struct idle_tag y, size_t y_size)
{
	return (struct idle_tag){ x_size >= y_size ? x.window : y.window, x.resident + y.resident };
}

/*
 * c, size bytes long, goes into a bin or what is left of a tagged chunk stays in one. The arena adds up what
 * may be resident in its free chunks; bin_unlink() and whoever else takes one out says idle_forget().
 */
static inline void idle_set_tag(struct arena *a, struct chunk *c, size_t size, struct idle_tag tag)
{
	if (size >= IDLE_MIN) {
		tag.resident = tag.resident < size ? tag.resident : size;
		*idle_tag_of(c) = tag;
		a->idle += tag.resident;
	} else {
		a->idle += size;
	}
}

static inline void idle_forget(struct arena *a, struct chunk *c)
{
	a->idle -= idle_tag(a, c).resident;
}

/* So much of a tagged chunk that stays in its bin may yet be resident. */
static inline void idle_set_resident(struct arena *a, struct chunk *c, size_t resident)
{
	if (chunksize(c) < IDLE_MIN)
		return;
	a->idle -= idle_tag_of(c)->resident - resident;
	idle_tag_of(c)->resident = resident;
}

/* Let go of the whole pages inside of a free chunk, tagged or not; returns bytes. */
size_t idle_let_go_inside(struct chunk *c);
/* A window may be over: see above. The arena's lock is held. */
void idle_look(struct arena *a, uint64_t hold_ms);
/* Has nobody looked for a window and hold_ms on top, though something may be idle? The lock need not be held. */
bool idle_is_left_alone(struct arena *a, uint64_t now, uint64_t hold_ms);
/* A look by somebody whose arena it is not, now; returns bytes let go. */
size_t idle_look_for_others(struct arena *a, uint64_t now, uint64_t hold_ms);
/*
 * The last thread has gone: do not wait for the end of a window, since nobody may come to see it. Says in a->vacated
 * until when not to do so again, that it costs little where threads come and go. The arena has a top.
 */
void idle_vacate(struct arena *a, uint64_t now, uint64_t hold_ms);

#endif
