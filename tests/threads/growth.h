/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* growth.h - does memory pile up while the program's need for it stays the same? */
#ifndef WEIR_TEST_GROWTH_H
#define WEIR_TEST_GROWTH_H

#include <malloc.h>

#include "process.h"

/* Kilobytes; of a level that is the highest of several, each by itself. */
struct level {
	long resident;		/* of the process, without files */
	long held;		/* by the allocator */
	long in_use;		/* by those who allocated */
	long virtual;		/* of the process */
};

static inline struct level level_now(void)
{
	/* Resident first: mallinfo2() may give something back. */
	struct level now = { .resident = physical_memory(), .virtual = virtual_memory() };
	struct mallinfo2 info = mallinfo2();

	now.held = (info.arena + info.hblkhd) / K;
	/* May be below zero: the figures are not of one moment. */
	now.in_use = (long)(info.uordblks + info.hblkhd) / (long)K;
	return now;
}

static inline long larger(long x, long y)
{
	return x > y ? x : y;
}

static inline void level_raise(struct level *highest, struct level now)
{
	highest->resident = larger(highest->resident, now.resident);
	highest->held = larger(highest->held, now.held);
	highest->in_use = larger(highest->in_use, now.in_use);
	highest->virtual = larger(highest->virtual, now.virtual);
}

/* Looks taken at equal distances; the first quarter, in which the heap takes its shape, does not count. */
#define LOOKS 24
struct growth {
	int looks;
	struct level early, late;	/* highest in the second and in the last quarter */
};

static inline void growth_look(struct growth *g)
{
	struct level now = level_now();

	if (getenv("SHOW_LOOKS"))
		fprintf(stderr, "# look %d: resident %ld held %ld in use %ld virtual %ld\n", g->looks,
			now.resident, now.held, now.in_use, now.virtual);
	if (g->looks >= LOOKS / 4 && g->looks < LOOKS / 2)
		level_raise(&g->early, now);
	if (g->looks >= LOOKS * 3 / 4)
		level_raise(&g->late, now);
	g->looks++;
}

/*
 * slack: bytes by which looks differ because some blocks are just under way. Of address space there may be
 * two heaps more.
 */
#define EXPECT_NO_GROWTH(g, slack) do {						\
	EXPECT_EQ(LOOKS, (g).looks);						\
	EXPECT_LE((g).late.resident, (g).early.resident + (long)((slack) / K));	\
	EXPECT_LE((g).late.held, (g).early.held + (long)((slack) / K));		\
	EXPECT_LE((g).late.in_use, (g).early.in_use + (long)((slack) / K));	\
	EXPECT_LE((g).late.virtual, (g).early.virtual + (long)(((slack) + 128 * M) / K)); \
} while (0)

#endif
