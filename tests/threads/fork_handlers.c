// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Other libraries' handlers of fork, registered before and after the first allocation: they may take locks
 * under which other threads allocate. So the allocator's own locks are the last that fork takes
 * and the first that it drops, however the allocator came into the program.
 */
#include <malloc.h>
#include <pthread.h>

#include "handlers.h"
#include "kselftest_harness.h"
#include "process.h"

#ifdef PRELOAD
RUN_WITH_ENVIRONMENT("LD_PRELOAD", PRELOAD)
#endif

#define HANGS 20000
static _Atomic bool done;

static void *work_with_lock(void *seed)
{
	for (unsigned int i = (uintptr_t)seed; !done; i += 7919) {
		handlers_work(i);
		/* Who forks wants the lock too. */
		for (unsigned int j = 0; j < 20; j++)
			free(hide(malloc((i + j) % 3000)));
		usleep(10);
	}
	return NULL;
}

static pthread_t thread[3];

static void start_threads(void)
{
	for (uintptr_t i = 0; i < 3; i++)
		pthread_create(&thread[i], NULL, work_with_lock, (void *)i);
}

static void stop_threads(void)
{
	done = true;
	for (int i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
}

/* The exit status. */
static int work(int called)
{
	if (handlers_called != called)
		return 1;
	for (int i = 0; i < 50; i++)
		free(hide(calloc(i, i)));
	handlers_work(getpid());
	return mallinfo2().arena ? 0 : 2;
}

/* registered: how many times the handlers are. */
static int fork_once(int registered)
{
	int called = handlers_called;
	pid_t child = fork();

	if (child == 0)
		_exit(work(called + 2 * registered));
	if (handlers_called != called + 2 * registered)
		return -1;
	return wait_for(child, HANGS);
}

TEST(the_allocator_is_the_one_under_test)
{
	/* glibc's says 1 to what it does not know. */
	EXPECT_EQ(0, mallopt(42, 1));
}

TEST(handlers_that_take_a_lock_of_others)
{
	start_threads();
	for (int i = 0; i < 200; i++)
		ASSERT_EQ(0, fork_once(1));
	handlers_register();
	for (int i = 0; i < 200; i++)
		ASSERT_EQ(0, fork_once(2));
	stop_threads();
}

TEST(handlers_that_wait_for_others_to_allocate)
{
	handlers_register();
	handlers_start_other();
	for (int i = 0; i < 100; i++) {
		ASSERT_EQ(0, fork_once(2));
		ASSERT_FALSE(handlers_waited_in_vain);
	}
	handlers_stop_other();
}

static void *fork_in_thread(void *unused)
{
	(void)unused;
	return (void *)(long)fork_once(2);
}

/* The handlers' allocations are the first of their thread. */
TEST(in_threads_without_a_cache)
{
	pthread_t forker;
	void *status;

	handlers_register();
	start_threads();
	for (int i = 0; i < 100; i++) {
		ASSERT_EQ(0, pthread_create(&forker, NULL, fork_in_thread, NULL));
		pthread_join(forker, &status);
		ASSERT_EQ(NULL, status);
	}
	stop_threads();
}

TEST_HARNESS_MAIN
