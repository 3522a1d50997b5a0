// SPDX-License-Identifier: LGPL-2.1-or-later
/* fork in every form and from every place, while other threads are inside the allocator. */
#include <limits.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <sys/syscall.h>

#include "busy.h"
#include "kselftest_harness.h"

/* Milliseconds for a child; it takes a few. */
#define HANGS 20000

static char *pattern;

static void start_threads(void)
{
	pattern = hide(malloc(10000));
	memset(pattern, 5, 10000);
	busy_start();
	usleep(10000);
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
	/* Where threads are busy. */
	busy_free_table();
	return busy_wrong ? 4 : 0;
}

static void *work_in_thread(void *unused)
{
	(void)unused;
	return (void *)(long)work();
}

/* The status of a child that does that. */
static int fork_and_work(void)
{
	pid_t child = fork();

	if (child == 0)
		_exit(work());
	return wait_for(child, HANGS);
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
		ASSERT_EQ(0, wait_for(child, HANGS));
	}
	EXPECT_EQ(NULL, busy_end());
}

static void *fork_in_thread(void *unused)
{
	(void)unused;
	for (int i = 0; i < 100; i++)
		if (fork_and_work() != 0)
			return "child failed";
	return NULL;
}

TEST(from_several_threads)
{
	pthread_t forker[3];
	void *wrong;

	start_threads();
	for (int i = 0; i < 3; i++)
		pthread_create(&forker[i], NULL, fork_in_thread, NULL);
	for (int i = 0; i < 3; i++) {
		pthread_join(forker[i], &wrong);
		EXPECT_EQ(NULL, wrong);
	}
	EXPECT_EQ(NULL, busy_end());
}

/* Each frees blocks of all its ancestors and has threads of its own while it forks. */
static int generation(int left)
{
	void *block = block_make(1000 + left);
	pthread_t thread;
	int status = 0;
	pid_t child;

	if (left == 0)
		return work();
	if (pthread_create(&thread, NULL, busy_moment, (void *)(long)left) != 0)
		return 8;
	child = fork();
	if (child == 0) {
		block_free(block);
		_exit(generation(left - 1));
	}
	pthread_join(thread, NULL);
	status = wait_for(child, HANGS);
	block_free(block);
	return busy_wrong ? 4 : status ? 9 : work();
}

TEST(child_of_a_child_of_a_child)
{
	start_threads();
	for (int i = 0; i < 10; i++) {
		pid_t child = fork();

		if (child == 0)
			_exit(generation(15));
		ASSERT_EQ(0, wait_for(child, HANGS));
	}
	EXPECT_EQ(NULL, busy_end());
}

/* Threads that are being made or are on their way out at any moment; joined or detached. */
static _Atomic int coming_and_going;

static void *live_shortly(void *seed)
{
	unsigned int state = (uintptr_t)seed;

	block_free(block_make(random_block_size(&state)));
	coming_and_going--;
	return NULL;
}

static void *make_short_lives(void *seed)
{
	pthread_attr_t detached;
	pthread_t thread;

	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	for (uintptr_t i = (uintptr_t)seed; !busy_stop; i++) {
		bool join = i % 2;

		if (coming_and_going > 20) {
			sched_yield();
			continue;
		}
		coming_and_going++;
		if (pthread_create(&thread, join ? NULL : &detached, live_shortly, (void *)i) != 0)
			return "no thread";
		if (join)
			pthread_join(thread, NULL);
	}
	while (coming_and_going)
		sched_yield();
	pthread_attr_destroy(&detached);
	return NULL;
}

static int make_threads_in_child(void)
{
	pthread_t thread[4];

	for (long i = 0; i < 4; i++)
		if (pthread_create(&thread[i], NULL, live_shortly, (void *)i) != 0)
			return 7;
	for (int i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	return work();
}

TEST(while_threads_come_and_go)
{
	pthread_t maker[3];
	void *wrong;

	pattern = memset(hide(malloc(10000)), 5, 10000);
	for (long i = 0; i < 3; i++)
		ASSERT_EQ(0, pthread_create(&maker[i], NULL, make_short_lives, (void *)(i * 1001)));
	for (int i = 0; i < 1000; i++) {
		pid_t child = fork();

		if (child == 0)
			_exit(i % 4 ? work() : make_threads_in_child());
		ASSERT_EQ(0, wait_for(child, HANGS));
	}
	busy_stop = true;
	for (int i = 0; i < 3; i++) {
		pthread_join(maker[i], &wrong);
		EXPECT_EQ(NULL, wrong);
	}
	EXPECT_EQ(NULL, atomic_load(&busy_wrong));
}

/* At a thread's end: before and after its cache is given back. */
static pthread_key_t key;

static void fork_in_destructor(void *round)
{
	if (fork_and_work() != 0)
		busy_fail("a child of a thread that ends");
	free(hide(malloc(100)));
	if ((long)round < PTHREAD_DESTRUCTOR_ITERATIONS)
		pthread_setspecific(key, (char *)round + 1);
}

static void *with_destructor(void *unused)
{
	(void)unused;
	free(hide(malloc(100)));
	pthread_setspecific(key, (void *)1);
	return NULL;
}

TEST(in_destructors_of_threads)
{
	pthread_t thread;

	ASSERT_EQ(0, pthread_key_create(&key, fork_in_destructor));
	start_threads();
	for (int i = 0; i < 20; i++) {
		ASSERT_EQ(0, pthread_create(&thread, NULL, with_destructor, NULL));
		pthread_join(thread, NULL);
	}
	EXPECT_EQ(NULL, busy_end());
}

/* No handler runs; locks of other threads stay as they are, so there are none here. */
TEST(raw_clone)
{
	pattern = memset(hide(malloc(10000)), 5, 10000);
	for (int i = 0; i < 200; i++) {
		pid_t child = i % 2 ? syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) : _Fork();

		if (child == 0)
			/* And a fork with handlers in there. */
			_exit(i % 10 ? work() : fork_and_work() != 0);
		ASSERT_EQ(0, wait_for(child, HANGS));
	}
	EXPECT_EQ(0, work());
}

/* They share our memory, and we wait for them. */
static int allocate_in_clone(void *unused)
{
	(void)unused;
	free(hide(malloc(1000)));
	free(hide(malloc(300000)));
	_exit(0);
}

TEST(vfork_and_clone_with_shared_memory)
{
	static char stack[1 << 16] __attribute__((aligned(16)));

	start_threads();
	for (int i = 0; i < 200; i++) {
		pid_t child = vfork();

		if (child == 0)
			allocate_in_clone(NULL);
		ASSERT_EQ(0, wait_for(child, HANGS));
		child = clone(allocate_in_clone, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
		ASSERT_EQ(0, wait_for(child, HANGS));
	}
	EXPECT_EQ(NULL, busy_end());
}

TEST(spawn)
{
	start_threads();
	for (int i = 0; i < 50; i++) {
		char *argv[] = { "true", NULL }, *envp[] = { NULL };
		FILE *echo;
		pid_t child;

		ASSERT_EQ(0, posix_spawnp(&child, "true", NULL, NULL, argv, envp));
		ASSERT_EQ(0, wait_for(child, HANGS));
		ASSERT_EQ(0, system("true"));
		echo = popen("echo 5", "r");
		ASSERT_NE(NULL, echo);
		EXPECT_EQ('5', fgetc(echo));
		EXPECT_EQ(0, pclose(echo));
	}
	EXPECT_EQ(NULL, busy_end());
}

TEST_HARNESS_MAIN
