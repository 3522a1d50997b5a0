// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Borders of the address space: runs that lie across a multiple of 4 GiB, from which pieces are counted, and addresses that
 * the map of pieces does not tell apart. The break is a place of the test's choice.
 */
#include <malloc.h>

#include "run.h"
#include "expect.h"
#include "tcache.h"

RUN_WITH_ENVIRONMENT("WEIR_OPTIONS", "policy=auto,top_pad=0")

#define SPAN ((uintptr_t)1 << 32)
#define BELOW (8 * M)
static char *border, *at;

/* Stands before the C library's. */
void *sbrk(intptr_t increment)
{
	char *old;

	for (uintptr_t number = 0x1234; !border; number++) {
		char *wanted = (char *)(number * SPAN - BELOW);

		at = mmap(wanted, 2 * BELOW, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
		if (at == wanted)
			border = wanted + BELOW;
	}
	old = at;
	if (at + increment > border + BELOW)
		return (void *)-1;
	at += increment;
	return old;
}

/* What comes from the top next begins so many bytes before the border. */
static void go_near(size_t distance)
{
	size_t dirty, size = border - distance - (char *)main_arena.top;

	arena_lock(&main_arena);
	if (!arena_alloc(&main_arena, size & -MALLOC_ALIGN, true, &dirty))
		abort();
	arena_unlock(&main_arena);
}

static unsigned int take(size_t class, unsigned int n, void **pieces)
{
	arena_lock(&main_arena);
	n = run_take(&main_arena, class, n, pieces);
	arena_unlock(&main_arena);
	return n;
}

static bool lies_across(const struct run *r)
{
	return (char *)r < border && (char *)r + chunksize(run_chunk(r)) > border;
}

static bool piece_is_right(const struct run *r, size_t class, char *p)
{
	char *end = (char *)next_chunk(run_chunk(r)) + SIZE_SZ, *lowest = (char *)(r + 1);
	size_t size = class_size(class);

	return p >= lowest && p + size <= end && (p >= border || p + size <= border) &&
		(uintptr_t)p % SPAN % size == 0 && run_of(p, class, "no piece") == r &&
		piece_at(r, class, piece_ordinal(p, class) - r->first) == p;
}

static const char NOT_ACROSS[] = "no run lies across";

/* All pieces of all runs up to the first one behind the border; NULL, or what is wrong. */
static const char *go_across(size_t class, size_t distance)
{
	static unsigned char *pieces[10000];
	bool across = false;
	size_t n = 0;
	char why[200];

	go_near(distance);
	do {
		unsigned int got = take(class, RUN_PIECES, (void **)pieces + n);
		struct run *r = run_of(pieces[n], class, "no piece");

		across = across || lies_across(r);
		for (unsigned int i = 0; i < got; i++, n++) {
			if (!piece_is_right(r, class, (char *)pieces[n]))
				return "a piece is not in its place";
			memset(pieces[n], n, class_size(class));
		}
	} while ((char *)pieces[n - 1] < border && n < 9000);
	if (!across)
		return NOT_ACROSS;
	for (size_t i = 0; i < n; i++)
		if (!is_filled(pieces[i], i, class_size(class)))
			return "pieces overlap";
	if (!heap_check(why, sizeof(why)))
		return "the heap is not right";
	for (size_t i = 0; i < n; i++)
		free(hide(pieces[i]));
	malloc_trim(0);
	if (piece_class(border) || piece_class(border - 16))
		return "the run does not go back";
	return heap_check(why, sizeof(why)) ? NULL : "the heap is not right in the end";
}

FIXTURE(border) { };
FIXTURE_SETUP(border) { hide(malloc(100)); }
FIXTURE_TEARDOWN(border) { }

/* In a process of its own, since a border can be crossed once. True if it was; false if runs happen to end there. */
static bool crossed(struct __test_metadata *_metadata, size_t class, size_t distance)
{
	const char *wrong;
	pid_t child = fork();
	int status;

	if (!child) {
		wrong = go_across(class, distance);
		if (wrong && wrong != NOT_ACROSS)
			fprintf(stderr, "# class %zu, %zu before: %s\n", class, distance, wrong);
		_exit(!wrong ? 0 : wrong == NOT_ACROSS ? 2 : 1);
	}
	status = wait_for(child, 20000);
	EXPECT_TRUE(status == 0 || status == 2 << 8) TH_LOG("class %zu, %zu before", class, distance);
	return status == 0;
}

/* Nearer to the one end of the run or to the other, and with pieces cut by the border or not. */
TEST_F_TIMEOUT(border, runs_lie_across, 60)
{
	for (size_t class = 1; class < CLASS_PIECES; class++) {
		int times = 0;

		for (size_t distance = 2 * GRANULE; distance < 50 * GRANULE; distance = distance * 9 / 8 + 304)
			times += crossed(_metadata, class, distance);
		EXPECT_LE(class < 3 ? 1 : 3, times) TH_LOG("class %zu", class);
	}
}

/* Of an address 47 bits are looked at. No other memory has the same, unless asked for: to write there ends the process. */
TEST_F(border, addresses_beyond_the_map)
{
	char *piece = hide(malloc(40));

	for (int bit = 47; bit < 64; bit++) {
		pid_t child = fork();
		int status;

		if (!child) {
			free(hide((void *)((uintptr_t)piece ^ (uintptr_t)1 << bit)));
			_exit(0);
		}
		status = wait_for(child, 20000);
		EXPECT_TRUE(WIFSIGNALED(status)) TH_LOG("bit %d", bit);
	}
}

TEST_HARNESS_MAIN
