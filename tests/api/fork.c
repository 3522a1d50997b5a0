// SPDX-License-Identifier: LGPL-2.1-or-later
/* fork in every form, while other threads are inside the allocator. */
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "process.h"

static _Atomic bool done;
static char *pattern;

static void *churn(void *seed)
{
	unsigned int random = (uintptr_t)seed;
	void *p[32] = { 0 };

	while (!done) {
		random = random * 1103515245 + 12345;
		free(p[random / 65536 % 32]);
		p[random / 65536 % 32] = hide(malloc(random % (random % 64 ? 3000 : 300000)));
	}
	for (int i = 0; i < 32; i++)
		free(p[i]);
	return NULL;
}

static pthread_t thread[4];

static void start_threads(void)
{
	pattern = hide(malloc(10000));
	memset(pattern, 5, 10000);
	for (long i = 0; i < 4; i++)
		pthread_create(&thread[i], NULL, churn, (void *)(i + 1));
	usleep(10000);
}

static void stop_threads(void)
{
	done = true;
	for (int i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
}

/* What a child does: everything. Returns its exit status. */
static int work(void)
{
	void *p[100];

	if (!is_filled(pattern, 5, 10000))
		return 2;
	for (int i = 0; i < 100; i++) {
		p[i] = hide(calloc(1, i * i * 3));
		if (!p[i] || !is_filled(p[i], 0, i * i * 3))
			return 3;
		memset(p[i], 6, i * i * 3);
	}
	for (int i = 0; i < 100; i++)
		free(p[i]);
	malloc_trim(0);
	mallinfo2();
	free(pattern);
	return 0;
}

static void *work_in_thread(void *unused)
{
	(void)unused;
	return (void *)(long)work();
}

TEST(while_threads_allocate)
{
	start_threads();
	for (int i = 0; i < 200; i++) {
		pid_t child = fork();

		if (child == 0)
			_exit(work());
		ASSERT_EQ(0, wait_for(child, 20000));
	}
	stop_threads();
}

TEST(child_with_threads)
{
	start_threads();
	for (int i = 0; i < 100; i++) {
		pid_t child = fork();

		if (child == 0) {
			pthread_t t;
			void *status;

			pthread_create(&t, NULL, work_in_thread, NULL);
			pthread_join(t, &status);
			exit((int)(long)status);
		}
		ASSERT_EQ(0, wait_for(child, 20000));
	}
	stop_threads();
}

static void *fork_in_thread(void *unused)
{
	(void)unused;
	for (int i = 0; i < 100; i++) {
		pid_t child = fork();

		if (child == 0) {
			/* A child of a child. */
			child = fork();
			if (child == 0)
				_exit(work());
			_exit(wait_for(child, 20000) ? 1 : work());
		}
		if (wait_for(child, 20000) != 0)
			return "child failed";
	}
	return NULL;
}

TEST(from_threads)
{
	pthread_t forker[2];
	void *wrong;

	start_threads();
	for (int i = 0; i < 2; i++)
		pthread_create(&forker[i], NULL, fork_in_thread, NULL);
	for (int i = 0; i < 2; i++) {
		pthread_join(forker[i], &wrong);
		EXPECT_EQ(NULL, wrong);
	}
	stop_threads();
}

/* Another library's handlers, which allocate. */
static void *from_prepare;
static int handlers;

static void prepare(void)
{
	from_prepare = hide(malloc(500));
	free(hide(malloc(5000)));
	free(hide(malloc(500000)));
	handlers++;
}

static void after(void)
{
	free(from_prepare);
	free(hide(calloc(1, 5000)));
	free(hide(malloc(40)));
	mallinfo2();
	handlers++;
}

TEST(handlers_that_allocate)
{
	pthread_atfork(prepare, after, after);
	start_threads();
	for (int i = 0; i < 200; i++) {
		pid_t child = fork();

		if (child == 0)
			_exit(handlers == i * 2 + 2 ? work() : 9);
		ASSERT_EQ(0, wait_for(child, 20000));
	}
	stop_threads();
	EXPECT_EQ(400, handlers);
}

static void *handlers_in_fresh_thread(void *unused)
{
	pid_t child;

	(void)unused;
	/* This thread has no cache yet: the handlers' allocations are its first. */
	child = fork();
	if (child == 0)
		_exit(work());
	return (void *)(long)wait_for(child, 20000);
}

TEST(handlers_in_a_thread_without_cache)
{
	pthread_t t;
	void *status;

	pthread_atfork(prepare, after, after);
	start_threads();
	for (int i = 0; i < 50; i++) {
		pthread_create(&t, NULL, handlers_in_fresh_thread, NULL);
		pthread_join(t, &status);
		ASSERT_EQ(NULL, status);
	}
	stop_threads();
}

/* No handler runs; locks of other threads stay as they are, so there are none here. */
TEST(raw_clone)
{
	pattern = hide(malloc(10000));
	memset(pattern, 5, 10000);
	for (int i = 0; i < 100; i++) {
		pid_t child = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

		if (child == 0)
			_exit(work());
		ASSERT_EQ(0, wait_for(child, 20000));
	}
	EXPECT_EQ(0, work());
}

TEST(vfork_and_spawn)
{
	start_threads();
	for (int i = 0; i < 50; i++) {
		char *argv[] = { "true", NULL }, *envp[] = { NULL };
		pid_t child;

		ASSERT_EQ(0, posix_spawnp(&child, "true", NULL, NULL, argv, envp));
		ASSERT_EQ(0, wait_for(child, 20000));
		child = vfork();
		if (child == 0) {
			free(hide(malloc(1000)));	/* shares our memory */
			_exit(0);
		}
		ASSERT_EQ(0, wait_for(child, 20000));
		ASSERT_EQ(0, system("true"));
	}
	stop_threads();
}

TEST_HARNESS_MAIN
