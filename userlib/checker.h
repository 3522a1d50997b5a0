/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * checker.h - what the parts of the validator share
 *
 * The tags say which chunks there are and which are free, runs which of their pieces are; lists,
 * caches and the caller say which blocks they hold. All goes into one set: a walk over the tags and runs must
 * meet every block that somebody holds in use, and what is free must be in one list, once. To check a new
 * list, walk it and call checker_held() for each block: in check_cache() for one that belongs to a
 * thread, beside check_deferred() for one that belongs to an arena.
 */
#ifndef WEIR_CHECKER_H
#define WEIR_CHECKER_H

#include "arena.h"
#include "blockset.h"
#include "check.h"

struct tcache;

struct checker {
	char *why;		/* the first thing that is wrong */
	size_t length;
	struct blockset seen;	/* by the addresses that users have */
	struct heap_sum sum;
};

struct tally {
	size_t count, bytes;
};

/* One arena; its lock is held. */
struct walk {
	struct checker *k;
	struct arena *a;
	size_t bytes;
	struct tally tags, lists;	/* free chunks, the top not included, as found by either */
	size_t empty_bytes;		/* of runs with no piece in use */
	size_t idle;		/* of those in lists: idle.h */
	struct tally runs[CLASS_PIECES];	/* those that have free pieces; all pieces */
};

/* Always false. */
bool checker_fail(const struct checker *k, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* holder, in words, says that the block is in use to its tags or run, and nobody else's. */
bool checker_held(struct checker *k, const void *mem, const char *holder);
/* The walk has come to a block in use. */
void checker_meet(struct checker *k, const void *mem);

/* Holders that are found out: a free chunk in no list yet, in one, and a run. */
extern const char checker_free[], checker_listed[], checker_run[];
/* The block is one of those. */
bool checker_is(struct checker *k, const void *mem, const char *holder);
bool checker_is_new(struct checker *k, const void *mem, const char *holder);

/* check_arena.c */
bool check_arena(struct checker *k, struct arena *a);
/* All of a free chunk but its links; the next one is in the arena's memory. */
bool check_free_tags(struct walk *w, const struct chunk *c);
/* check_bins.c: the lists of free chunks */
bool check_bins(struct walk *w);
/* check_kept.c: the walk has come to a chunk that is a run */
bool check_run(struct walk *w, const struct chunk *c);
/* Rings of runs, fast bins, and blocks that others have left to the arena. */
bool check_runs(struct walk *w);
bool check_fast_bins(struct walk *w);
bool check_deferred(struct walk *w);
bool check_cache(struct checker *k, struct tcache *t);

#endif
