// SPDX-License-Identifier: GPL-2.0
/* Every way in which a process that uses the library makes another. */
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>

#include "weir_test.h"
#include "process.h"

RUN_WITH_ENVIRONMENT("WEIR_OPTIONS", "policy=fixed")

extern char **environ;

static int status_of(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* In a child: 0, or the number of what is wrong. */
static int check_child(void)
{
	void *p[25];

	for (int i = 0; i < 25; i++)
		p[i] = memset(malloc(i * 16000), 1, i * 16000);
	for (int i = 0; i < 25; i++)
		free(p[i]);
	if (!record_exists(getpid()))
		return 1;
	if (strcmp(sysfs_get("processes/%d/mmap_threshold", getpid()), "1048576"))
		return 2;
	if (strcmp(sysfs_get("processes/%d/source/mmap_threshold", getpid()), "sysfs"))
		return 3;
	/* Blocks of up to 400 KB are in the heap, as the parent's knob says. */
	if (sysfs_number("processes/%d/mmap_minflt", getpid()) != 0)
		return 4;
	if (sysfs_number("processes/%d/minflt", getpid()) > 10000)
		return 5;
	return 0;
}

FIXTURE(forks) { int unused; };

FIXTURE_SETUP(forks)
{
	char *p = malloc(100 * M);

	/* Faults that a child must not have. */
	for (size_t i = 0; i < 100 * M; i += PAGE)
		p[i] = 1;
	free(p);
	ASSERT_EQ(0, sysfs_put("1M", "processes/%d/mmap_threshold", getpid()));
}

FIXTURE_TEARDOWN(forks) { (void)self; }

TEST_F(forks, fork)
{
	pid_t pid = fork();

	if (!pid)
		_exit(check_child());
	EXPECT_EQ(0, status_of(pid));
	EXPECT_TRUE(record_exists(getpid()));
	EXPECT_TRUE(record_goes(pid));
}

TEST_F(forks, raw_clone_runs_no_handler)
{
	pid_t pid = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0);

	if (!pid)
		_exit(check_child());
	EXPECT_EQ(0, status_of(pid));
}

/* It shares the address space: one record, the parent's. */
static int shares_memory(void *arg)
{
	(void)arg;
	free(hide(malloc(M / 2)));
	_exit(record_exists(getpid()) ? 1 : 0);
}

TEST_F(forks, clone_with_shared_memory)
{
	static char stack[1 << 20] __attribute__((aligned(16)));
	pid_t pid = clone(shares_memory, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL);

	EXPECT_EQ(0, status_of(pid));
	EXPECT_TRUE(record_exists(getpid()));
}

TEST_F(forks, vfork_and_exec)
{
	pid_t pid = vfork();

	if (!pid) {
		execl("/bin/true", "true", NULL);
		_exit(127);
	}
	EXPECT_EQ(0, status_of(pid));
	EXPECT_TRUE(record_exists(getpid()));
}

TEST_F(forks, posix_spawn)
{
	char *argv[] = { "true", NULL };
	pid_t pid;

	ASSERT_EQ(0, posix_spawn(&pid, "/bin/true", NULL, NULL, argv, environ));
	EXPECT_EQ(0, status_of(pid));
	EXPECT_TRUE(record_exists(getpid()));
}

static _Atomic bool stop;

static void *busy(void *arg)
{
	for (size_t i = 0; !stop; i++)
		free(hide(malloc(i % 3000 + (i % 97 ? 0 : 300000))));
	return arg;
}

TEST_F(forks, fork_of_a_busy_process)
{
	pthread_t thread[3];
	pid_t pid;

	for (int i = 0; i < 3; i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, busy, NULL));
	for (int i = 0; i < 15; i++) {
		pid = fork();
		if (!pid)
			_exit(check_child());
		ASSERT_EQ(0, status_of(pid));
	}
	stop = true;
	for (int i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
}

TEST_F(forks, grandchildren_whose_parent_is_gone)
{
	int end[2], status = -1;
	pid_t pid;

	ASSERT_EQ(0, pipe(end));
	pid = fork();
	if (!pid) {
		if (fork())
			_exit(0);
		usleep(100000);
		status = check_child();
		_exit(write(end[1], &status, sizeof(status)) != sizeof(status));
	}
	EXPECT_EQ(0, status_of(pid));
	ASSERT_EQ(sizeof(status), read(end[0], &status, sizeof(status)));
	EXPECT_EQ(0, status);
}

/* No /dev/weir in there: the child keeps its parent's knobs and has no record. */
TEST_F(forks, fork_in_a_chroot)
{
	size_t mapped;
	pid_t pid;

	pid = fork();
	if (!pid) {
		ASSERT_EQ(0, chroot("/proc/self/fdinfo"));
		pid = fork();
		if (pid)
			_exit(status_of(pid));
		mapped = mallinfo2().hblks;
		free(hide(malloc(M / 2)));
		if (!hide(malloc(M / 2)) || mallinfo2().hblks != mapped)
			_exit(1);
		_exit(!hide(malloc(2 * M)) || mallinfo2().hblks != mapped + 1);
	}
	EXPECT_EQ(0, status_of(pid));
}

TEST_F(forks, setuid_keeps_the_attachment)
{
	pid_t pid = fork();

	if (!pid) {
		int owner = getpid();

		if (setgid(NOBODY) || setuid(NOBODY))
			_exit(1);
		free(hide(malloc(2 * M)));
		if (mallopt(M_TRIM_THRESHOLD, M) != 1 || !record_exists(owner))
			_exit(2);
		pid = fork();
		if (!pid)	/* whose record is the new user's */
			_exit(strcmp(sysfs_get("processes/%d/trim_threshold", getpid()), "1048576") ? 3 : 0);
		_exit(status_of(pid));
	}
	EXPECT_EQ(0, status_of(pid));
}

TEST_F(forks, closing_all_descriptors)
{
	pid_t pid = fork();

	if (!pid) {
		for (int i = 0; i < 1024; i++)
			close(i);
		_exit(check_child());
	}
	EXPECT_EQ(0, status_of(pid));
}

TEST_HARNESS_MAIN
