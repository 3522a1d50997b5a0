// SPDX-License-Identifier: GPL-2.0
/*
 * Every way to make a child: one that attaches in its parent's place, one that never runs a
 * handler, one that shares the address space.  None disturbs its parent's attachment.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <linux/sched.h>

#include "weir_test.h"

static ctlpage_t *page;

FIXTURE(fork) { };
FIXTURE_SETUP(fork)
{
	struct weir_knobs knobs = {
		.size = sizeof(knobs),
		.set_mask = 1 << WEIR_KNOB_TOP_PAD | 1 << WEIR_KNOB_POLICY,
		.value = { [WEIR_KNOB_POLICY] = WEIR_POLICY_FIXED, [WEIR_KNOB_TOP_PAD] = 8192 },
	};

	page = weir_attach_self();
	ASSERT_NE(NULL, page);
	ASSERT_EQ(0, weir_call_once(WEIR_IOC_SET_KNOBS, &knobs));
}
FIXTURE_TEARDOWN(fork)
{
	EXPECT_TRUE(record_exists(getpid()));
	EXPECT_EQ(WEIR_STATE_ATTACHED, page->state);
	EXPECT_EQ(8192, page->knob[WEIR_KNOB_TOP_PAD]);
}

/* What a child sees that has not attached: a page that says so, with the system defaults. */
static void check_detached(void)
{
	CHECK(page->magic == WEIR_PAGE_MAGIC);
	CHECK(page->state == WEIR_STATE_DETACHED);
	CHECK(page->generation == 0);
	CHECK(page->faults.minflt == 0);
	CHECK(page->knob[WEIR_KNOB_TOP_PAD] == sysfs_number("defaults/top_pad"));
	CHECK(!record_exists(getpid()));
}

static void check_inherited(void)
{
	CHECK(weir_attach_child(page) == 0);
	CHECK(page->state == WEIR_STATE_ATTACHED);
	CHECK(page->generation && page->generation % 2 == 0);
	CHECK(page->knob[WEIR_KNOB_TOP_PAD] == 8192);
	CHECK(page->knob[WEIR_KNOB_POLICY] == WEIR_POLICY_FIXED);
	CHECK(page->source[WEIR_KNOB_TOP_PAD] == WEIR_SOURCE_SELF);
	CHECK(page->source[WEIR_KNOB_ARENA_MAX] == WEIR_SOURCE_BUILTIN);
	CHECK(record_exists(getpid()));
}

TEST_F(fork, child_that_attaches)
{
	pid_t pid;

	IN_CHILD(pid) {
		check_detached();
		check_inherited();
	}
	EXPECT_EQ(0, child_status(pid));
	EXPECT_TRUE(record_goes(pid));
}

TEST_F(fork, child_counts_from_its_own_zero)
{
	pid_t pid;

	IN_CHILD(pid) {
		struct rusage usage;

		check_inherited();
		getrusage(RUSAGE_SELF, &usage);
		CHECK(page->faults.heap_minflt < 20);
		CHECK(page->faults.minflt - usage.ru_minflt <= 1);
	}
	EXPECT_EQ(0, child_status(pid));
}

TEST_F(fork, child_whose_parent_wrote_after_the_fork)
{
	int go[2];
	pid_t pid;
	char c;

	ASSERT_EQ(0, pipe(go));
	IN_CHILD(pid) {
		CHECK(read(go[0], &c, 1) == 1);
		check_detached();
		CHECK(weir_attach_child(page) == 0);
		CHECK(page->knob[WEIR_KNOB_MMAP_MAX] == 17);
		CHECK(page->source[WEIR_KNOB_MMAP_MAX] == WEIR_SOURCE_SYSFS);
	}
	EXPECT_EQ(0, sysfs_put("17", "processes/%d/mmap_max", getpid()));
	ASSERT_EQ(1, write(go[1], "", 1));
	EXPECT_EQ(0, child_status(pid));
}

TEST_F(fork, child_and_grandchild_that_never_attach)
{
	pid_t pid, grandchild;

	IN_CHILD(pid) {
		check_detached();
		IN_CHILD(grandchild) {
			check_detached();
			check_inherited();
		}
		CHECK(child_status(grandchild) == 0);
	}
	EXPECT_EQ(0, child_status(pid));
}

TEST_F(fork, child_that_follows_the_defaults_unattached)
{
	pid_t pid;

	IN_CHILD(pid) {
		check_detached();
		CHECK(sysfs_put("64K", "defaults/top_pad") == 0);
		CHECK(page->knob[WEIR_KNOB_TOP_PAD] == 65536);
		CHECK(sysfs_put("default", "defaults/top_pad") == 0);
		check_detached();
	}
	EXPECT_EQ(0, child_status(pid));
}

TEST_F(fork, child_that_outlives_its_parent)
{
	pid_t pid, grandchild;
	int result[2];
	char ok = 0;

	ASSERT_EQ(0, pipe(result));
	IN_CHILD(pid) {
		pid_t parent = getpid();

		check_inherited();
		IN_CHILD(grandchild) {
			while (getppid() == parent)
				usleep(1000);
			CHECK(record_goes(parent));
			check_inherited();
			CHECK(write(result[1], "y", 1) == 1);
		}
		CHECK(grandchild > 0);
	}
	EXPECT_EQ(0, child_status(pid));
	close(result[1]);
	EXPECT_EQ(1, read(result[0], &ok, 1));
	EXPECT_EQ('y', ok);
}

/*
 * The address of a dead parent's mm comes back for somebody else: nobody is taken for the
 * parent.
 */
TEST_F(fork, orphans_of_a_dead_parent_fork_on)
{
	pid_t pid, child, later;
	int i;

	IN_CHILD(pid) {
		pid_t middle;

		IN_CHILD(middle) {
			check_inherited();
			IN_CHILD(child) {
				while (getppid() == middle)
					usleep(100);
				usleep(100000);
				for (i = 0; i < 20; i++) {
					IN_CHILD(later)
						check_detached();
					CHECK(child_status(later) == 0);
				}
			}
		}
		CHECK(child_status(middle) == 0);
		usleep(400000);
	}
	EXPECT_EQ(0, child_status(pid));
}

TEST_F(fork, raw_clone_without_handlers)
{
	pid_t pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (!pid) {
		check_detached();
		CHECK(munmap((void *)page, 4096) == 0);
		_exit(0);
	}
	EXPECT_EQ(0, child_status(pid));
}

TEST_F(fork, clone3_without_handlers)
{
	struct clone_args args = { .exit_signal = SIGCHLD };
	pid_t pid = syscall(SYS_clone3, &args, sizeof(args));

	if (!pid) {
		check_detached();
		check_inherited();
		_exit(0);
	}
	EXPECT_EQ(0, child_status(pid));
}

TEST_F(fork, vfork_and_exec)
{
	pid_t pid = vfork();

	if (!pid) {
		execl("/bin/true", "true", NULL);
		_exit(127);
	}
	EXPECT_EQ(0, child_status(pid));
}

TEST_F(fork, vfork_and_exit)
{
	volatile uint32_t state = 99;
	pid_t pid = vfork();

	if (!pid) {
		state = page->state;
		_exit(0);
	}
	EXPECT_EQ(0, child_status(pid));
	EXPECT_EQ(WEIR_STATE_ATTACHED, state);
}

static int shares_the_address_space(void *arg)
{
	int *ret = arg;

	ret[0] = weir_attach(weir_open());
	ret[1] = page->state;
	return 0;
}

TEST_F(fork, clone_that_shares_the_address_space)
{
	static char stack[65536] __attribute__((aligned(16)));
	int ret[2] = { 0, 0 };
	pid_t pid = clone(shares_the_address_space, stack + sizeof(stack), CLONE_VM | SIGCHLD, ret);

	EXPECT_EQ(0, child_status(pid));
	EXPECT_EQ(-EEXIST, ret[0]);
	EXPECT_EQ(WEIR_STATE_ATTACHED, ret[1]);
}

static atomic_bool stop;

static void *faults(void *arg)
{
	char *p = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	while (!stop) {
		memset(p, 1, 65536);
		madvise(p, 65536, MADV_DONTNEED);
	}
	return arg;
}

TEST_F(fork, from_a_process_with_threads)
{
	pthread_t threads[4];
	pid_t pid;
	int i;

	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, faults, NULL));
	for (i = 0; i < 20; i++) {
		IN_CHILD(pid) {
			check_detached();
			if (i % 2)
				check_inherited();
		}
		EXPECT_EQ(0, child_status(pid));
	}
	stop = true;
	for (i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
}

static int handler_result;

static void child_handler(void)
{
	handler_result = weir_attach_child(page);
}

TEST_F(fork, handler_run_by_fork)
{
	pid_t pid;

	ASSERT_EQ(0, pthread_atfork(NULL, NULL, child_handler));
	IN_CHILD(pid) {
		CHECK(handler_result == 0);
		CHECK(page->state == WEIR_STATE_ATTACHED);
		CHECK(page->knob[WEIR_KNOB_TOP_PAD] == 8192);
	}
	EXPECT_EQ(0, child_status(pid));
}

TEST_HARNESS_MAIN
