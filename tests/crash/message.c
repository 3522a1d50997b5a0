// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a misuse ends with: one line, written at once, with nothing else asked of the system; then abort(). */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"
#include "process.h"

#define ALLOW(call)						\
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),	\
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

/* From now on any other system call than those that write, raise a signal or end the process is the end. */
static void allow_nothing_else(void)
{
	static struct sock_filter only[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		ALLOW(SYS_writev),
		ALLOW(SYS_rt_sigprocmask),
		ALLOW(SYS_rt_sigaction),
		ALLOW(SYS_rt_sigreturn),
		ALLOW(SYS_getpid),
		ALLOW(SYS_gettid),
		ALLOW(SYS_tgkill),
		ALLOW(SYS_exit_group),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	const struct sock_fprog program = { sizeof(only) / sizeof(only[0]), only };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		_exit(1);
}

struct end {
	int status;
	int packets;	/* how often it wrote */
	char text[4096];
};

/* Run the misuse in a child whose standard error keeps apart what is written by one call and by the next. */
static void watch(void (*misuse)(void *), void *block, struct end *end)
{
	int pipes[2];
	ssize_t n;
	pid_t child;

	memset(end, 0, sizeof(*end));
	if (pipe2(pipes, O_DIRECT) != 0)
		return;
	child = fork();
	if (child == 0) {
		prctl(PR_SET_DUMPABLE, 0);
		dup2(pipes[1], STDERR_FILENO);
		misuse(block);
		_exit(0);
	}
	close(pipes[1]);
	while ((n = read(pipes[0], end->text, sizeof(end->text) - 1)) > 0)
		end->packets++;
	close(pipes[0]);
	end->status = wait_for(child, 60000);
}

static void free_twice(void *block)
{
	free(block);
	allow_nothing_else();
	free(hide(block));
}

static void free_misaligned(void *block)
{
	allow_nothing_else();
	free((char *)hide(block) + 8);
}

static void free_mapped(void *block)
{
	((size_t *)block)[-2] = 16;
	allow_nothing_else();
	free(hide(block));
}

static void realloc_misaligned(void *block)
{
	allow_nothing_else();
	hide(realloc((char *)hide(block) + 8, 1000));
}

static void break_top(void *block)
{
	memset((char *)block + 50000, 0xff, 64);
	allow_nothing_else();
	hide(malloc(60000));
}

static void ignore_and_block(void *block)
{
	sigset_t all;

	free(block);
	signal(SIGABRT, SIG_IGN);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	free(hide(block));
}

static void return_from_handler(int unused) { (void)unused; }

static void handle(void *block)
{
	free(block);
	signal(SIGABRT, return_from_handler);
	free(hide(block));
}

static void without_stderr(void *block)
{
	free(block);
	close(STDERR_FILENO);
	free(hide(block));
}

static void without_files(void *block)
{
	const struct rlimit none = { 0, 0 };

	free(block);
	setrlimit(RLIMIT_NOFILE, &none);
	setrlimit(RLIMIT_FSIZE, &none);
	setrlimit(RLIMIT_AS, &none);
	free(hide(block));
}

#define EXPECT_LINE(end, message) do {					\
	EXPECT_TRUE(WIFSIGNALED((end).status));				\
	EXPECT_EQ(SIGABRT, WTERMSIG((end).status));			\
	EXPECT_EQ(1, (end).packets);					\
	EXPECT_STREQ(message "\n", (end).text);				\
} while (0)

TEST(small_freed_twice)
{
	struct end end;

	watch(free_twice, hide(malloc(40)), &end);
	EXPECT_LINE(end, "free(): double free detected in tcache 2");
}

TEST(large_freed_twice)
{
	void *p = hide(malloc(50000)), *behind = hide(malloc(50000));
	struct end end;

	watch(free_twice, p, &end);
	EXPECT_LINE(end, "free(): double free or corruption (!prev)");
	free(behind);
}

TEST(misaligned)
{
	struct end end;

	watch(free_misaligned, hide(calloc(1, 200)), &end);
	EXPECT_LINE(end, "free(): invalid pointer");
	watch(realloc_misaligned, hide(calloc(1, 200)), &end);
	EXPECT_LINE(end, "realloc(): invalid pointer");
}

TEST(mapped)
{
	struct end end;

	watch(free_mapped, hide(malloc(300 * K)), &end);
	EXPECT_LINE(end, "munmap_chunk(): invalid pointer");
}

TEST(top)
{
	struct end end;

	watch(break_top, hide(malloc(50000)), &end);
	EXPECT_LINE(end, "malloc(): corrupted top size");
}

TEST(abort_ignored_and_blocked)
{
	struct end end;

	watch(ignore_and_block, hide(malloc(40)), &end);
	EXPECT_LINE(end, "free(): double free detected in tcache 2");
}

TEST(abort_handled)
{
	struct end end;

	watch(handle, hide(malloc(40)), &end);
	EXPECT_LINE(end, "free(): double free detected in tcache 2");
}

TEST(no_standard_error)
{
	struct end end;

	watch(without_stderr, hide(malloc(40)), &end);
	EXPECT_EQ(SIGABRT, WTERMSIG(end.status));
	EXPECT_EQ(0, end.packets);
}

TEST(no_limits_left)
{
	struct end end;

	watch(without_files, hide(malloc(40)), &end);
	EXPECT_LINE(end, "free(): double free detected in tcache 2");
}

TEST_HARNESS_MAIN
