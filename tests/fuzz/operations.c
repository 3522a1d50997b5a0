// SPDX-License-Identifier: LGPL-2.1-or-later
/* operations.c - what the bytes of an input mean */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "check.h"
#include "fuzz.h"
#include "klink.h"
#include "process.h"
#include "weir.h"

#define LARGEST		((size_t)8 << 20)
#define BURST		40
#define OF_AN_ARENA	((size_t)8 << 10)	/* what an arena on heaps has for itself, at most */

_Noreturn void fail(const struct worker *w, const char *what, const void *mem)
{
	fprintf(stderr, "FAILED: %s, %p, in table %u after %lu operations\n", what, mem, w->number, w->done);
	abort();
}

/* Small ones to the byte, then twelve bits at any power of two; or any size at all. */
static size_t take_size(struct input *in)
{
	unsigned int word = take16(in), shift = word >> 12;

	if (shift < 4)
		return word & 0x3ff;
	if (shift == 15)
		return (word & 0xfff) << 11 | (take16(in) & 0x7ff);
	return (size_t)(word & 0xfff) << (shift - 4);
}

static size_t take_align(struct input *in)
{
	unsigned int byte = take8(in);

	return (size_t)1 << (byte < 250 ? byte % 14 : byte % 22);
}

static struct slot *take_slot(struct table *t, struct input *in)
{
	return &t->slot[take8(in) % SLOTS];
}

/* The call gave the slot a block; all of it is the caller's, by the usable size if it likes. */
static void got(struct table *t, struct slot *s, size_t align, bool whole)
{
	struct block *b = &s->block;

	if (!b->mem)
		fail(&t->worker, "no memory", NULL);
	if (!is_aligned_to(b->mem, align < 16 ? 16 : align))
		fail(&t->worker, "not aligned", b->mem);
	if (malloc_usable_size(b->mem) < s->asked)
		fail(&t->worker, "usable size too small", b->mem);
	s->align = align;
	b->size = whole ? malloc_usable_size(b->mem) : s->asked;
	b->salt = next_random(&t->worker);
	t->bytes += s->asked;
	fill(b);
}

static void look(struct table *t, struct slot *s)
{
	expect_contents(&t->worker, &s->block, s->block.mem, s->block.size);
}

enum how { ALIGNED_ALLOC, MEMALIGN, POSIX_MEMALIGN, VALLOC, PVALLOC, HOWS };

static void allocate_aligned(struct table *t, struct slot *s, struct input *in)
{
	unsigned int how = take8(in) % HOWS;
	size_t align = take_align(in);
	void *mem = NULL;

	s->asked = take_size(in);
	switch (how) {
	case ALIGNED_ALLOC: s->block.mem = aligned_alloc(align, s->asked); break;
	case MEMALIGN: s->block.mem = memalign(align, s->asked); break;
	case POSIX_MEMALIGN:
		if (posix_memalign(&mem, align < 8 ? 8 : align, s->asked))
			mem = NULL;
		s->block.mem = mem;
		break;
	case VALLOC: s->block.mem = valloc(s->asked); align = PAGE; break;
	case PVALLOC: s->block.mem = pvalloc(s->asked); align = PAGE; break;
	}
	got(t, s, align, false);
}

static void free_slot(struct table *t, struct slot *s, unsigned int how)
{
	look(t, s);
	t->bytes -= s->asked;
	if (how & 1 && !s->align)
		free_sized(s->block.mem, s->asked);
	else if (how & 1)
		free_aligned_sized(s->block.mem, s->align, s->asked);
	else
		free(s->block.mem);
	s->block.mem = NULL;
}

/* Into an empty slot; of one that is full the block goes first. */
static struct slot *empty_slot(struct table *t, struct input *in)
{
	struct slot *s = take_slot(t, in);

	if (s->block.mem)
		free_slot(t, s, 0);
	if (t->bytes > MEMORY_MAX)
		fuzz_free_all(t);
	return s;
}

static void allocate(struct table *t, struct input *in, bool whole)
{
	struct slot *s = empty_slot(t, in);

	s->asked = take_size(in);
	s->block.mem = malloc(s->asked);
	got(t, s, 0, whole);
}

static void allocate_zeroed(struct table *t, struct input *in)
{
	struct slot *s = empty_slot(t, in);
	size_t count = 1 + take8(in) % 8;

	s->asked = take_size(in) / count * count;
	s->block.mem = calloc(count, s->asked / count);
	s->block.size = s->asked;
	if (s->block.mem)
		expect_zero(&t->worker, &s->block);
	got(t, s, 0, false);
}

static void resize(struct table *t, struct input *in, bool array)
{
	struct slot *s = take_slot(t, in);
	size_t size = take_size(in);
	unsigned char *mem;

	if (t->bytes > MEMORY_MAX)
		fuzz_free_all(t);
	mem = array ? reallocarray(s->block.mem, 1, size) : realloc(s->block.mem, size);
	if (s->block.mem)
		t->bytes -= s->asked;
	if (s->block.mem && !size) {
		if (mem)
			fail(&t->worker, "realloc to 0 gave a block", mem);
		s->block.mem = NULL;
		return;
	}
	if (s->block.mem && mem)
		expect_contents(&t->worker, &s->block, mem, size);
	s->block.mem = mem;
	s->asked = size;
	got(t, s, 0, false);
}

static void burst(struct table *t, struct input *in)
{
	unsigned int n = 1 + take8(in) % BURST, order = take8(in);
	size_t size = take_size(in) % 40000;
	struct slot s[BURST];

	for (unsigned int i = 0; i < n; i++) {
		s[i].asked = size;
		s[i].block.mem = malloc(size);
		got(t, &s[i], 0, false);
	}
	for (unsigned int i = 0; i < n; i++)
		free_slot(t, &s[order & 1 ? i : n - 1 - i], order >> 1);
}

static void turn_mallopt(struct input *in)
{
	static const int params[] = { M_MXFAST, M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD, M_MMAP_MAX, M_ARENA_MAX,
				      M_PERTURB, M_ARENA_TEST };
	int param = params[take8(in) % (sizeof(params) / sizeof(params[0]))], value = take_size(in);

	/* Anything may be said; -1 means something. */
	mallopt(param, value == 1023 ? -1 : value);
}

/* As an admin would: all knobs, the policy among them, also those that mallopt does not know. */
static void turn_knob(struct input *in)
{
	enum weir_knob k = take8(in) % WEIR_KNOB_NR;
	int64_t value = take_size(in);

	if (k == WEIR_KNOB_POLICY)
		value %= WEIR_POLICY_NR;
	if (k == WEIR_KNOB_TRIM_THRESHOLD && value == 1023)
		value = -1;
	if (knob_in_range(k, value))
		klink_say(k, value);
}

static void must_fail(struct table *t, struct input *in)
{
	struct slot *s = take_slot(t, in);
	size_t large = (size_t)PTRDIFF_MAX - take16(in) + take16(in);
	void *p = t;

	errno = 0;
	if (malloc(large) || calloc(large / 4, 8) || memalign(64, large) || pvalloc(large) || errno != ENOMEM ||
	    posix_memalign(&p, 24, 8) != EINVAL || posix_memalign(&p, 64, large) != ENOMEM || p != t)
		fail(&t->worker, "what cannot be had was had", NULL);
	if (s->block.mem && (realloc(s->block.mem, large) || reallocarray(s->block.mem, large, 2)))
		fail(&t->worker, "what cannot be had was had again", s->block.mem);
	if (s->block.mem)
		look(t, s);
}

static void statistics(struct table *t)
{
	struct mallinfo2 info = mallinfo2();

	if (info.arena != info.uordblks + info.fordblks)
		fail(&t->worker, "mallinfo2 does not add up", NULL);
}

static void seldom(struct table *t, struct input *in)
{
	switch (take8(in) % 8) {
	case 0: malloc_trim(take_size(in)); break;
	case 1: turn_mallopt(in); break;
	case 2: turn_knob(in); break;
	case 3: must_fail(t, in); break;
	case 4: statistics(t); break;
	case 5: fuzz_clock += take8(in); break;
	default: burst(t, in);
	}
}

void fuzz_operate(struct table *t, struct input *in)
{
	unsigned int kind = take8(in) % 32;
	struct slot *s;

	t->worker.done++;
	if (kind < 9) {
		allocate(t, in, kind == 0);
	} else if (kind < 11) {
		allocate_zeroed(t, in);
	} else if (kind < 13) {
		allocate_aligned(t, empty_slot(t, in), in);
	} else if (kind < 17) {
		resize(t, in, kind == 13);
	} else if (kind < 28) {
		s = take_slot(t, in);
		if (s->block.mem)
			free_slot(t, s, kind);
	} else {
		seldom(t, in);
	}
}

void fuzz_free_all(struct table *t)
{
	for (unsigned int i = 0; i < SLOTS; i++)
		if (t->slot[i].block.mem)
			free_slot(t, &t->slot[i], i);
}

void fuzz_check(struct table *t, unsigned int n)
{
	void *used[TABLES_MAX * SLOTS];
	size_t count = 0;
	char why[200];

	for (unsigned int i = 0; i < n * SLOTS; i++) {
		struct slot *s = &t[i / SLOTS].slot[i % SLOTS];

		if (!s->block.mem)
			continue;
		look(&t[i / SLOTS], s);
		used[count++] = s->block.mem;
	}
	if (!heap_check_quiet(why, sizeof(why), used, count))
		fail(&t->worker, why, NULL);
}

/* What caches of threads keep is in use to the tags and free to mallinfo2(). */
void fuzz_check_nothing_left(void)
{
	static const struct worker nobody;
	struct mallinfo2 info;
	char why[200];

	malloc_trim(0);
	if (!heap_check_quiet(why, sizeof(why), NULL, 0))
		fail(&nobody, why, NULL);
	info = mallinfo2();
	if (info.uordblks > (arena_count() - 1) * OF_AN_ARENA || info.hblks || info.hblkhd) {
		snprintf(why, sizeof(why), "%zu bytes, %zu mapped blocks in use, and all was freed", info.uordblks,
			 info.hblks);
		fail(&nobody, why, NULL);
	}
}
