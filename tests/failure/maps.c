// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * maps: a process that has all the mappings that it may have (max_map_count). The kernel then refuses not
 * only to map, but also to unmap and to protect what would make two mappings of one.
 */
#include <malloc.h>

#include "cases.h"
#include "inject.h"
#include "kselftest.h"
#include "ledger.h"
#include "process.h"
#include "unmap.h"
#include "work.h"

RUN_WITH_ENVIRONMENT("WEIR_OPTIONS", "arena_max=4")

#define FILLER_MAX (8UL << 20)	/* more than anybody sets the limit to: pages */

static char *filler;
static unsigned long filled;	/* pages of it, of alternating protection */

static long max_map_count(void)
{
	char text[32] = "";
	int fd = open("/proc/sys/vm/max_map_count", O_RDONLY);

	MUST(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	return strtol(text, NULL, 10);
}

static void work(struct worker *w)
{
	w->refused = w->answered = 0;
	work_alone(w);
	work_thread(w);
	work_fork(w);
}

/* Map page after page, no two neighbours alike, until the kernel refuses. */
static void fill_up(void)
{
	char *p;

	filler = mmap(NULL, FILLER_MAX * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	MUST(filler != MAP_FAILED && munmap(filler, FILLER_MAX * PAGE) == 0);
	for (filled = 0; filled < FILLER_MAX; filled++) {
		p = mmap(filler + filled * PAGE, PAGE, filled & 1 ? PROT_READ : PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
		if (p == MAP_FAILED)
			break;
	}
	MUST(filled > 1000 && filled < FILLER_MAX);
}

static void leave_room(unsigned long mappings)
{
	filled -= mappings;
	MUST(!mappings || munmap(filler + filled * PAGE, mappings * PAGE) == 0);
}

static void empty(void)
{
	MUST(munmap(filler, filled * PAGE) == 0);
}

struct case_of {
	unsigned long room;
	bool warm;
};

static void try(const void *argument)
{
	const struct case_of *c = argument;
	static struct worker w;
	struct ledger before, after;

	if (c->warm) {
		work(&w);
		ledger_read(&before);
	} else {
		ledger_read_pristine(&before);
	}
	fill_up();
	leave_room(c->room);
	w.refused = w.answered = 0;
	work_alone(&w);
	work_thread(&w);
	report->refused = w.refused;
	report->answered = w.answered;
	empty();
	ledger_read(&after);
	ledger_compare(&before, &after);
	work(&w);
	MUST(w.refused == 0);
	ledger_read(&after);
	ledger_compare(&before, &after);
}

static void try_room(bool warm)
{
	static const unsigned long rooms[] = { 0, 1, 2, 3, 4, 6, 10 };
	size_t n = sizeof(rooms) / sizeof(rooms[0]);
	unsigned int short_of = 0;
	bool ok = true;

	for (size_t i = 0; ok && i < n; i++) {
		struct case_of c = { rooms[i], warm };

		snprintf(work_case, sizeof(work_case), "room for %lu mappings", rooms[i]);
		ok = case_holds(try, &c);
		short_of += report->refused != 0;
	}
	/* A warm process is short of something only without any room: what others have left in its arenas is found. */
	ksft_test_result(ok && short_of > (warm ? 0 : n / 3), "%s process, at most %ld mappings: %u of %zu cases ran short\n",
			 warm ? "warm" : "new", max_map_count(), short_of, n);
}

#define CHUNKS 300

/* They lie one behind the other in one mapping, of which none can be taken out. */
static void free_the_middle(const void *unused)
{
	void *p[CHUNKS];
	struct ledger before, after;
	long with_all;

	mallopt(M_MMAP_THRESHOLD, 128 * K);
	free(hide(malloc(1)));
	ledger_read(&before);
	for (int i = 0; i < CHUNKS; i++) {
		p[i] = hide(malloc(200 * K));
		MUST(p[i]);
		memset(p[i], i, 200 * K);
	}
	fill_up();
	with_all = physical_memory();
	for (int i = 1; i < CHUNKS; i += 2)
		free(p[i]);
	report->answered = unmap_waiting();
	MUST(unmap_waiting() > CHUNKS / 2 * 100 * K);
	/* The addresses stay, the pages do not. */
	MUST(with_all - physical_memory() > (long)(CHUNKS / 2 * 190));
	for (int i = 0; i < CHUNKS; i += 2) {
		MUST(is_filled(p[i], i, 200 * K));
		free(p[i]);
	}
	report->refused = unmap_waiting();
	empty();
	/* Those that wait follow others, some each time. */
	for (int i = 0; i < CHUNKS / 10; i++)
		free(hide(malloc(200 * K)));
	MUST(unmap_waiting() == 0);
	ledger_read(&after);
	ledger_compare(&before, &after);
}

int main(void)
{
	bool ok;

	cases_init();
	ksft_print_header();
	ksft_set_plan(3);
	try_room(false);
	try_room(true);
	ok = case_holds(free_the_middle, NULL);
	ksft_test_result(ok, "%lu bytes could not be unmapped, %lu when the rest was freed\n", report->answered,
			 report->refused);
	return ksft_get_fail_cnt() ? ksft_exit_fail() : ksft_exit_pass();
}
