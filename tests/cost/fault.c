// SPDX-License-Identifier: GPL-2.0
/*
 * Instructions that the module adds to a page fault.  Needs a machine of `tests/vm/run --icount', where a
 * nanosecond is an instruction, and the module for itself.
 */
#include <sys/utsname.h>
#include <time.h>

#include "weir_test.h"

#define PAGE	4096UL
#define PAGES	256UL
#define TRIES	40		/* of which the least counts: interrupts add to the others */
#define MOST	80.0

static char *memory;
static double base;		/* a fault's cost without the module */

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* Of a fault that maps the zero page: the shortest there is. */
static double fault_cost(void)
{
	uint64_t before, best = UINT64_MAX, took;
	unsigned long i, try;
	volatile char sum;

	for (try = 0; try < TRIES; try++) {
		madvise(memory, PAGES * PAGE, MADV_DONTNEED);
		before = now();
		for (i = 0; i < PAGES; i++)
			sum = memory[i * PAGE];
		took = now() - before;
		best = took < best ? took : best;
	}
	(void)sum;
	return (double)best / PAGES;
}

static void module(bool load)
{
	char path[PATH_MAX];
	struct utsname name;
	int i, fd;

	uname(&name);
	snprintf(path, sizeof(path), "%s/build/%s/weir.ko", getenv("WEIR_TOP") ?: ".", name.release);
	fd = open(path, O_RDONLY);
	if (load && syscall(SYS_finit_module, fd, "", 0))
		dprintf(2, "# cannot load %s: %s\n", path, strerror(errno));
	for (i = 0; !load && i < 1000 && syscall(SYS_delete_module, "weir", O_NONBLOCK); i++)
		usleep(10000);
	close(fd);
}

static void declare(char *start, enum weir_region_kind kind)
{
	struct weir_regions regions = { .size = sizeof(regions), .nr = 1 };

	regions.region[0] = (struct weir_region){ (unsigned long)start, (unsigned long)start + PAGES * PAGE,
						  kind, 0 };
	weir_call_once(WEIR_IOC_SET_REGIONS, &regions);
}

FIXTURE(cost) { };
FIXTURE_SETUP(cost)
{
	if (!getenv("WEIR_GUEST"))
		SKIP(exit(KSFT_SKIP), "nanoseconds are no instructions on this machine");
	memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	madvise(memory, PAGES * PAGE, MADV_NOHUGEPAGE);
	module(false);
	base = fault_cost();
	base = fault_cost();
	module(true);
	dprintf(1, "# a read fault without the module: %.1f instructions\n", base);
}
FIXTURE_TEARDOWN(cost) { }

static double added(const char *who)
{
	double more = fault_cost() - base;

	dprintf(1, "# %s: %+.1f instructions a fault\n", who, more);
	return more;
}

TEST_F(cost, nothing_with_nobody_attached)
{
	EXPECT_GT(1.0, added("nobody attached"));
}

TEST_F(cost, at_most_80_with_somebody_attached)
{
	ctlpage_t *page = weir_attach_self();

	ASSERT_NE(NULL, page);
	EXPECT_GE(MOST, added("attached, no region"));
	declare(memory + PAGES * PAGE, WEIR_REGION_MMAP);
	EXPECT_GE(MOST, added("attached, beside a region"));
	declare(memory, WEIR_REGION_HEAP);
	EXPECT_GE(MOST, added("attached, in a region"));
	EXPECT_LT(1.0, added("attached, in a region"));
	weir_detach(page);
	EXPECT_GE(MOST, added("just detached"));
	sleep(3);
	EXPECT_GT(1.0, added("three seconds later"));
}

TEST_F(cost, at_most_80_while_others_are_attached)
{
	int ready[2];
	pid_t pid;
	char c;

	ASSERT_EQ(0, pipe(ready));
	IN_CHILD(pid) {
		CHECK(weir_attach_self());
		CHECK(write(ready[1], "", 1) == 1);
		pause();
	}
	ASSERT_EQ(1, read(ready[0], &c, 1));
	EXPECT_GE(MOST, added("another process attached"));
	kill(pid, 9);
	child_status(pid);
}

TEST_HARNESS_MAIN
