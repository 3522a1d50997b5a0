// SPDX-License-Identifier: GPL-2.0
/*
 * Every way to go, or to become somebody else: what ends an attachment, what does not.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>

#include "weir_test.h"

static const char *self;

/* Start a child that attaches and then waits; a byte comes when it has. */
static pid_t attached_child(int *ready)
{
	int fds[2];
	pid_t pid;
	char c;

	if (pipe(fds))
		return -1;
	IN_CHILD(pid) {
		CHECK(weir_attach_self());
		CHECK(write(fds[1], "", 1) == 1);
		pause();
	}
	close(fds[1]);
	*ready = read(fds[0], &c, 1) == 1;
	close(fds[0]);
	return pid;
}

TEST(killed)
{
	static const int signals[] = { SIGKILL, SIGTERM, SIGSEGV, SIGABRT };
	size_t i;

	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		int ready;
		pid_t pid = attached_child(&ready);

		ASSERT_TRUE(ready);
		EXPECT_TRUE(record_exists(pid));
		kill(pid, signals[i]);
		EXPECT_EQ(128 + signals[i], child_status(pid));
		EXPECT_TRUE(record_goes(pid)) TH_LOG("signal %d", signals[i]);
	}
}

TEST(exited)
{
	pid_t pid;

	IN_CHILD(pid)
		CHECK(weir_attach_self());
	EXPECT_EQ(0, child_status(pid));
	EXPECT_TRUE(record_goes(pid));
}

TEST(exec_of_another_program)
{
	int fds[2];
	pid_t pid;
	char c;

	ASSERT_EQ(0, pipe2(fds, O_CLOEXEC));
	IN_CHILD(pid) {
		CHECK(weir_attach_self());
		execl("/bin/sleep", "sleep", "30", NULL);
	}
	close(fds[1]);
	EXPECT_EQ(0, read(fds[0], &c, 1));
	EXPECT_TRUE(record_goes(pid));
	EXPECT_EQ(0, kill(pid, 0));
	kill(pid, SIGKILL);
	child_status(pid);
}

/* Run by itself: attach at once in the new image, and once more after each of some execs. */
static int exec_rounds(int left)
{
	char arg[16];

	if (!weir_attach_self())
		return 1 + errno;
	if (!left)
		return !record_exists(getpid());
	snprintf(arg, sizeof(arg), "%d", left - 1);
	execl(self, self, "--exec-rounds", arg, NULL);
	return 255;
}

TEST(exec_and_attach_at_once)
{
	pid_t pid;

	IN_CHILD(pid)
		_exit(exec_rounds(30));
	EXPECT_EQ(0, child_status(pid));
	EXPECT_TRUE(record_goes(pid));
}

static void *read_cmdline(void *arg)
{
	char path[64], text[256];

	snprintf(path, sizeof(path), "/proc/%d/cmdline", *(pid_t *)arg);
	for (;;) {
		int fd = open(path, O_RDONLY);

		while (read(fd, text, sizeof(text)) > 0)
			;
		close(fd);
		pthread_testcancel();
	}
	return NULL;
}

/*
 * A reader of /proc holds the old address space for a moment: the new image attaches all the
 * same.
 */
TEST(exec_and_attach_while_proc_is_read)
{
	pthread_t thread;
	pid_t pid;

	IN_CHILD(pid)
		_exit(exec_rounds(20));
	ASSERT_EQ(0, pthread_create(&thread, NULL, read_cmdline, &pid));
	EXPECT_EQ(0, child_status(pid));
	pthread_cancel(thread);
	pthread_join(thread, NULL);
}

/* A descriptor that lives through exec, attached and never mapped, is no obstacle. */
TEST(exec_with_an_unmapped_attachment)
{
	pid_t pid;

	IN_CHILD(pid) {
		CHECK(weir_attach(open(WEIR_DEVICE, O_RDWR)) == 0);
		execl(self, self, "--exec-rounds", "0", NULL);
	}
	EXPECT_EQ(0, child_status(pid));
}

static int shared_then_exec(void *arg)
{
	if (!weir_attach_self())
		return 1;
	execl(self, self, "--attach-expecting-busy", NULL);
	return arg ? 2 : 3;
}

/* The address space that a process left by exec is in use by another one: its record stays. */
TEST(exec_away_from_a_shared_address_space)
{
	static char stack[65536] __attribute__((aligned(16)));
	pid_t pid = clone(shared_then_exec, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL);

	EXPECT_EQ(0, child_status(pid));
	EXPECT_EQ(1, sysfs_number("stats/attached"));
}

TEST(another_user)
{
	ctlpage_t *page;
	pid_t pid;

	IN_CHILD(pid) {
		page = weir_attach_self();
		CHECK(page);
		CHECK(!setgid(NOBODY) && !setuid(NOBODY));
		CHECK(page->state == WEIR_STATE_ATTACHED);
		CHECK(record_exists(getpid()));
	}
	EXPECT_EQ(0, child_status(pid));
}

TEST(chroot_and_all_descriptors_closed)
{
	struct weir_counters counters = { .size = sizeof(counters) };
	ctlpage_t *page;
	pid_t pid;
	int fd;

	IN_CHILD(pid) {
		page = weir_attach_self();
		fd = weir_open();
		CHECK(page && fd >= 0);
		CHECK(!chroot("/proc") && !chdir("/"));
		CHECK(page->state == WEIR_STATE_ATTACHED);
		CHECK(weir_call(fd, WEIR_IOC_GET_COUNTERS, &counters) == 0);
		CHECK(!syscall(SYS_close_range, 0, ~0u, 0));
		CHECK(page->state == WEIR_STATE_ATTACHED);
	}
	EXPECT_EQ(0, child_status(pid));
}

TEST(named_as_it_is_called)
{
	int ready;
	pid_t pid = attached_child(&ready);

	ASSERT_TRUE(ready);
	EXPECT_EQ(0, strcmp("exit", sysfs_get("processes/%d/comm", pid)));
	kill(pid, SIGKILL);
	child_status(pid);
}

/* In a pid namespace a process is 1 to itself; its directory has its global number. */
TEST(pid_namespace)
{
	int fds[2], inside = 0;
	pid_t pid, child;

	ASSERT_EQ(0, pipe(fds));
	IN_CHILD(pid) {
		CHECK(!unshare(CLONE_NEWPID));
		IN_CHILD(child) {
			CHECK(getpid() == 1);
			CHECK(weir_attach_self());
			inside = sysfs_number("stats/attached");
			CHECK(write(fds[1], &inside, sizeof(inside)) == sizeof(inside));
			pause();
		}
		CHECK(read(fds[0], &inside, sizeof(inside)) == sizeof(inside));
		CHECK(record_exists(child));
		kill(child, SIGKILL);
		CHECK(child_status(child) == 128 + SIGKILL);
		CHECK(record_goes(child));
	}
	EXPECT_EQ(0, child_status(pid));
}

TEST(user_namespace)
{
	pid_t pid;

	IN_CHILD(pid) {
		CHECK(!setgid(NOBODY) && !setuid(NOBODY));
		CHECK(!unshare(CLONE_NEWUSER));
		CHECK(weir_attach_self());
		CHECK(sysfs_put("1M", "processes/%d/top_pad", getpid()) == 0);
		CHECK(sysfs_put("1M", "defaults/top_pad") == -EACCES);
	}
	EXPECT_EQ(0, child_status(pid));
}

int main(int argc, char **argv)
{
	self = "/proc/self/exe";
	if (argc == 3 && !strcmp(argv[1], "--exec-rounds"))
		return exec_rounds(atoi(argv[2]));
	if (argc == 2 && !strcmp(argv[1], "--attach-expecting-busy"))
		return weir_attach(weir_open()) != -EBUSY;
	return test_harness_run(argc, argv);
}
