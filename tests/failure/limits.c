// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * limits: a workload under RLIMIT_AS, RLIMIT_DATA and RLIMIT_MEMLOCK with more and more room; then nothing
 * is lost, and with the limit lifted everything can be had.
 */
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "cases.h"
#include "kselftest.h"
#include "ledger.h"
#include "process.h"
#include "work.h"

RUN_WITH_ENVIRONMENT("WEIR_OPTIONS", "arena_max=4")

static const struct kind {
	const char *name;
	int resource;
	const char *now;	/* in /proc/self/status: what of it is used; NULL: nothing */
} kinds[] = {
	{ "RLIMIT_AS", RLIMIT_AS, "VmSize" },
	{ "RLIMIT_DATA", RLIMIT_DATA, "VmData" },
	/* All new memory is locked: mmap says EAGAIN, and madvise cannot let pages go. */
	{ "RLIMIT_MEMLOCK", RLIMIT_MEMLOCK, NULL },
};

struct case_of {
	const struct kind *kind;
	size_t room;
	bool warm;
};

static void work(struct worker *w)
{
	w->refused = w->answered = 0;
	work_alone(w);
	work_thread(w);
	work_fork(w);
}

/* Whoever has this capability may lock what he likes. */
static void drop_ipc_lock(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];

	MUST(syscall(SYS_capget, &header, data) == 0);
	data[0].effective &= ~(1U << CAP_IPC_LOCK);
	MUST(syscall(SYS_capset, &header, data) == 0);
}

static void set_limit(const struct kind *k, size_t room)
{
	struct rlimit limit;

	MUST(getrlimit(k->resource, &limit) == 0);
	limit.rlim_cur = room;
	if (k->now)
		limit.rlim_cur += proc_field("/proc/self/status", k->now) * K;
	if (limit.rlim_cur > limit.rlim_max)
		limit.rlim_cur = limit.rlim_max;
	/* Not with a limit of 0. */
	if (k->resource == RLIMIT_MEMLOCK)
		MUST(mlockall(MCL_FUTURE) == 0);
	drop_ipc_lock();
	MUST(setrlimit(k->resource, &limit) == 0);
}

static void lift_limit(const struct kind *k)
{
	struct rlimit limit;

	MUST(munlockall() == 0);
	MUST(getrlimit(k->resource, &limit) == 0);
	limit.rlim_cur = limit.rlim_max;
	MUST(setrlimit(k->resource, &limit) == 0);
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
	set_limit(c->kind, c->room);
	work(&w);
	report->refused = w.refused;
	report->answered = w.answered;
	lift_limit(c->kind);
	ledger_read(&after);
	ledger_compare(&before, &after);
	work(&w);
	MUST(w.refused == 0);
	ledger_read(&after);
	ledger_compare(&before, &after);
}

static void try_rooms(const struct kind *k, bool warm)
{
	struct case_of c = { k, 0, warm };
	unsigned int short_of = 0, n = 0;
	bool ok = true;

	for (; ok && c.room < 300 * M; c.room += c.room < 32 * K ? 4 * K : c.room / 8, n++) {
		snprintf(work_case, sizeof(work_case), "%s, room for %zu bytes", k->name, c.room);
		ok = case_holds(try, &c);
		short_of += report->refused != 0;
		if (!warm && !c.room && report->answered) {
			ksft_print_msg("%lu blocks from nowhere\n", report->answered);
			ok = false;
		}
	}
	ksft_test_result(ok && short_of > n / 3, "%s process, %s: %u of %u cases ran short\n", warm ? "warm" : "new",
			 k->name, short_of, n);
}

int main(void)
{
	cases_init();
	ksft_print_header();
	ksft_set_plan(6);
	for (int i = 0; i < 3; i++) {
		try_rooms(&kinds[i], false);
		try_rooms(&kinds[i], true);
	}
	return ksft_get_fail_cnt() ? ksft_exit_fail() : ksft_exit_pass();
}
