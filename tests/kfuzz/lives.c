// SPDX-License-Identifier: GPL-2.0
/*
 * Processes that come and go: fork, vfork, exec, kill, other users.
 */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include "kfuzz.h"

/* Until the child has ended, by itself or by force. */
static void end(struct actor *a, pid_t pid)
{
	int status;

	pids_enter(a, pid);
	if (below(a, 2)) {
		usleep(below(a, 3000));
		kill(pid, SIGKILL);
	}
	while (waitpid(pid, &status, __WALL) < 0 && errno == EINTR)
		;
}

/* A call that blocks ends it after half a second, also what it executes. */
static void child(struct actor *a)
{
	struct itimerval once = { { 0, 0 }, { 0, 500000 } };
	char seed[32];
	int i, n = 1 + below(a, 30);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setitimer(ITIMER_REAL, &once, NULL);
	a->depth++;
	a->random ^= (uint64_t)getpid() << 20 | 1;
	if (!below(a, 8) && setresuid(1000 + below(a, 3), -1, -1))
		a->depth++;
	for (i = 0; i < n && !over(); i++)
		act(a);
	if (!below(a, 3)) {
		snprintf(seed, sizeof(seed), "%llu", (unsigned long long)random64(a));
		execl("/proc/self/exe", "fuzz", "--child", seed, NULL);
	}
	_exit(0);
}

void life_call(struct actor *a)
{
	pid_t pid;

	if (a->depth > 1)
		return;
	if (!below(a, 16)) {
		pid = vfork();
		if (!pid)
			_exit(0);
	} else {
		/* Without the handlers that a library may have, at times. */
		pid = below(a, 2) ? fork() : (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
		if (!pid)
			child(a);
	}
	called(pid);
	if (pid > 0)
		end(a, pid);
}
