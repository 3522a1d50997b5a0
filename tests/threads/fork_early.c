// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Handlers of fork that run while the allocator holds all its locks, and allocate. There should be none, as
 * the allocator's are registered first; but this program is earlier.
 */
#include <malloc.h>
#include <pthread.h>

#include "fork.h"
#include "handlers.h"
#include "kselftest_harness.h"
#include "process.h"

static _Atomic bool done;
static bool locks_held;

static void look(void)
{
	locks_held = fork_holds_locks();
}

static void register_early(void)
{
	handlers_register();
	pthread_atfork(look, NULL, NULL);
}
static __attribute__((section(".preinit_array"), used)) void (*const early)(void) = register_early;

static int work(void)
{
	for (int i = 0; i < 300; i++)
		free(hide(calloc(i, i)));
	return mallopt(M_TOP_PAD, 1) == 1 && mallinfo2().arena ? 0 : 1;
}

static void *fork_once(void *unused)
{
	pid_t child = fork();

	(void)unused;
	if (child == 0)
		_exit(work());
	return (void *)(long)(wait_for(child, 10000) || work());
}

static void *churn(void *unused)
{
	(void)unused;
	for (unsigned int i = 0; !done; i++)
		free(hide(malloc(i * 7919 % 200000)));
	return NULL;
}

TEST(in_the_first_thread)
{
	for (int i = 0; i < 20; i++)
		ASSERT_EQ(NULL, fork_once(NULL));
	EXPECT_TRUE(locks_held);
	EXPECT_LE(40, handlers_called);
}

/* The handlers' allocations are the first of their thread. */
TEST(in_threads_without_a_cache)
{
	pthread_t thread[3];
	void *failed;

	for (int i = 0; i < 2; i++)
		pthread_create(&thread[i], NULL, churn, NULL);
	for (int i = 0; i < 50; i++) {
		pthread_create(&thread[2], NULL, fork_once, NULL);
		pthread_join(thread[2], &failed);
		ASSERT_EQ(NULL, failed);
	}
	done = true;
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
}

TEST_HARNESS_MAIN
