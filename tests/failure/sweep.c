// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * sweep: every memory system call of a workload fails in its turn, alone and with those behind it, in a
 * process of its own each time. What cannot be had is refused as it should be, and afterwards nothing
 * is lost and everything can be had.
 *
 * New processes have not allocated when the failures begin, warm ones have done the work before.
 */
#include <errno.h>

#include "cases.h"
#include "inject.h"
#include "kselftest.h"
#include "ledger.h"
#include "process.h"
#include "work.h"

/* Threads have arenas of their own, on however few CPUs. */
RUN_WITH_ENVIRONMENT("WEIR_OPTIONS", "arena_max=4")

static const struct {
	unsigned int call;
	const char *name;
} calls[] = {
	{ 0, "nothing" }, { MMAP, "mmap" }, { MUNMAP, "munmap" }, { MREMAP, "mremap" }, { MADVISE, "madvise" },
	{ MPROTECT, "mprotect" }, { SBRK, "sbrk" }, { EVERY_CALL, "every call" },
};

struct case_of {
	struct injection injection;
	bool warm;
};

static long resident_usually;

static const char *name_of(unsigned int call)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i].call == call)
			return calls[i].name;
	return "?";
}

static const char *how_often(unsigned long length)
{
	return length == 1 ? "once" : length == FOR_EVER ? "for ever" : "a few times";
}

static void describe(const struct injection *i, bool warm)
{
	int n = snprintf(work_case, sizeof(work_case), "%s process, %s fails", warm ? "warm" : "new",
			 name_of(i->calls));

	if (i->one_in)
		n += snprintf(work_case + n, sizeof(work_case) - n, " one time in %lu, seed %lu, errno %d",
			      i->one_in, i->seed, i->error);
	else
		n += snprintf(work_case + n, sizeof(work_case) - n, " %s from number %lu on",
			      how_often(i->length), i->first);
	if (i->always)
		snprintf(work_case + n, sizeof(work_case) - n, ", %s always", name_of(i->always));
}

static void work(struct worker *w)
{
	w->refused = w->answered = 0;
	work_alone(w);
	work_thread(w);
	work_fork(w);
}

static void try(const void *argument)
{
	const struct case_of *c = argument;
	static struct worker w;
	struct ledger before, after;

	if (c->warm) {
		work(&w);
		MUST(w.refused == 0);
		ledger_read(&before);
	} else {
		ledger_read_pristine(&before);
	}
	inject(&c->injection);
	work(&w);
	report->injected = injected();
	inject(NULL);
	report->refused = w.refused;
	report->answered = w.answered;
	ledger_read(&after);
	ledger_compare(&before, &after);
	report->resident = after.resident;
	report->pieces = after.pieces;
	work(&w);
	MUST(w.refused == 0);
	ledger_read(&after);
	ledger_compare(&before, &after);
}

/* Can memory be had neither from brk nor from mmap, at least for a while? */
static bool both_fail(unsigned int failing)
{
	return (failing & (MMAP | SBRK)) == (MMAP | SBRK);
}

static bool look_at_report(const struct case_of *c)
{
	const struct injection *i = &c->injection;
	unsigned int never = (i->length == FOR_EVER && i->first == 1 ? i->calls : 0) | i->always;

	if (!both_fail(i->calls | i->always) && report->refused)
		ksft_print_msg("%lu requests refused\n", report->refused);
	else if (!c->warm && both_fail(never) && report->answered)
		ksft_print_msg("%lu blocks from nowhere\n", report->answered);
	/* Of a segment that failures have brought about a page at both ends stays, and of what maps it. */
	else if (resident_usually && report->resident > resident_usually + 16 * report->pieces)
		ksft_print_msg("%ld KiB resident in %ld pieces, %ld usually\n", report->resident,
			       report->pieces, resident_usually);
	else
		return true;
	ksft_print_msg("%s\n", work_case);
	return false;
}

static bool holds(const struct case_of *c)
{
	describe(&c->injection, c->warm);
	return case_holds(try, c) && look_at_report(c);
}

/* Number 1, 2, ... of these calls fails first, until the work is done before it comes to that. */
static void sweep(unsigned int call, unsigned long length, unsigned int always, bool warm)
{
	struct case_of c = { { .calls = call, .length = length, .always = always }, warm };
	unsigned long refused = 0;
	bool ok;

	do {
		c.injection.first++;
		ok = holds(&c);
		refused += report->refused;
	} while (ok && report->injected);
	/* The calls are made, and where there is no memory it shows. */
	if (c.injection.first < 4 || (length == FOR_EVER && both_fail(call | always) && !refused)) {
		ksft_print_msg("%lu cases, %lu requests refused\n", c.injection.first, refused);
		ok = false;
	}
	ksft_test_result(ok, "%s process, %s fails %s from each of %lu on%s%s\n", warm ? "warm" : "new",
			 name_of(call), how_often(length), c.injection.first - 1, always ? "; always: " : "",
			 always ? name_of(always) : "");
}

static void at_random(unsigned long one_in, bool warm)
{
	static const int errors[] = { ENOMEM, EAGAIN, EPERM, EEXIST };
	struct case_of c = { { .calls = EVERY_CALL, .one_in = one_in }, warm };
	struct injection *i = &c.injection;
	bool ok = true;

	while (ok && i->seed++ < 24) {
		i->error = errors[i->seed % 4];
		ok = holds(&c);
	}
	ksft_test_result(ok, "%s process, one call in %lu fails, %lu seeds\n", warm ? "warm" : "new", one_in,
			 i->seed - 1);
}

#define RATES 4

int main(void)
{
	const struct case_of nothing = { 0 };

	cases_init();
	ksft_print_header();
	ksft_set_plan(1 + 2 * (6 + 3 + 3 + RATES));
	ksft_test_result(holds(&nothing), "nothing fails\n");
	resident_usually = report->resident;
	for (int warm = 0; warm < 2; warm++) {
		for (size_t k = 1; k <= 6; k++)
			sweep(calls[k].call, FOR_EVER, 0, warm);
		sweep(EVERY_CALL, 1, 0, warm);
		sweep(EVERY_CALL, 4, 0, warm);
		sweep(EVERY_CALL, FOR_EVER, 0, warm);
		sweep(MMAP, 4, SBRK, warm);
		sweep(MMAP, FOR_EVER, SBRK, warm);
		sweep(SBRK, FOR_EVER, MMAP, warm);
		for (int k = 0; k < RATES; k++)
			at_random(2UL << 2 * k, warm);
	}
	return ksft_get_fail_cnt() ? ksft_exit_fail() : ksft_exit_pass();
}
