// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * fork_busy [FORKS]: fork over and over while other threads are inside the allocator; every child allocates
 * at once and frees what its parent had, some look at the whole heap, make threads or fork again.
 */
#include "busy.h"
#include "check.h"
#include "kselftest.h"

/* A child that hangs is ended by SIGALRM after so many seconds; it takes some milliseconds. */
#define HANGS 20
#define PARTS 4

#define MINE 8
static void *mine[MINE];	/* of the thread that forks */
static const size_t size_at_once[] = { 8, 24, 100, 1000, 1033, 5000, 40000, 140000, 1000000, 3000000 };
#define AT_ONCE ARRAY_SIZE(size_at_once)

static bool heap_is_right(void)
{
	char why[200];

	if (heap_check(why, sizeof(why)))
		return true;
	ksft_print_msg("%d: %s\n", getpid(), why);
	return false;
}

static void free_mine(void)
{
	for (int i = 0; i < MINE; i++) {
		block_free(mine[i]);
		mine[i] = NULL;
	}
}

static bool allocate_at_once(void)
{
	void *block[AT_ONCE];

	for (size_t i = 0; i < AT_ONCE; i++)
		block[i] = block_make(size_at_once[i]);
	for (size_t i = 0; i < AT_ONCE; i++)
		block_free(block[i]);
	return !busy_wrong;
}

static bool make_threads(void)
{
	pthread_t thread[2];

	for (uintptr_t i = 0; i < 2; i++)
		if (pthread_create(&thread[i], NULL, busy_moment, (void *)i) != 0)
			return false;
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	return !busy_wrong;
}

static int work_in_child(unsigned int number);

/* 0 if the child ends well. */
static int fork_once(unsigned int number)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		alarm(HANGS);
		_exit(work_in_child(number));
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		return -1;
	return status;
}

/* The exit status: 0, or which of these went wrong. */
static int work_in_child(unsigned int number)
{
	if (!allocate_at_once())
		return 1;
	free_mine();
	busy_free_table();
	if (busy_wrong)
		return 2;
	if (number % 4 == 1 && !heap_is_right())
		return 3;
	if (number % 16 == 2 && !make_threads())
		return 4;
	/* In its child everything is as in any other. */
	if (number % 32 == 3 && fork_once(1) != 0)
		return 5;
	if (number % 8 == 4)
		malloc_trim(0);
	return number % 2 ? 0 : heap_is_right() && allocate_at_once() ? 0 : 6;
}

static bool fork_many(unsigned int from, unsigned int to)
{
	int status;

	for (unsigned int i = from; i < to; i++) {
		free_mine();
		for (int j = 0; j < MINE; j++)
			mine[j] = block_make(size_at_once[j] + i % 100);
		status = fork_once(i);
		if (status) {
			ksft_print_msg("child %u: status %#x\n", i, status);
			return false;
		}
	}
	return true;
}

/* The parent is no worse off than after the first of so many forks. */
static void report_parent(size_t first_held, long first_resident)
{
	struct mallinfo2 info = mallinfo2();
	long resident = physical_memory();
	const char *wrong;

	ksft_test_result(info.arena + info.hblkhd <= first_held + 8 * M, "parent holds %zu K, first %zu K\n",
			 (info.arena + info.hblkhd) / K, first_held / K);
	ksft_test_result(resident <= first_resident + 8192, "parent has %ld K resident, first %ld K\n",
			 resident, first_resident);
	wrong = busy_end();
	ksft_test_result(!wrong, "parent's threads%s%s\n", wrong ? ": " : "", wrong ? wrong : "");
	free_mine();
	malloc_trim(0);
	ksft_test_result(heap_is_right(), "parent's heap at the end\n");
}

int main(int argc, char **argv)
{
	unsigned int forks = argc > 1 ? strtoul(argv[1], NULL, 0) : 10000;
	struct mallinfo2 info;
	size_t held = 0;
	long resident = 0;

	if (forks < PARTS) {
		fprintf(stderr, "usage: fork_busy [FORKS, at least %d]\n", PARTS);
		return 2;
	}
	setvbuf(stdout, NULL, _IONBF, 0);
	ksft_print_header();
	ksft_set_plan(PARTS + 4);
	busy_start();
	for (unsigned int part = 0; part < PARTS; part++) {
		ksft_test_result(fork_many(forks / PARTS * part, forks / PARTS * (part + 1)) && heap_is_right(),
				 "%u forks of a busy process\n", forks / PARTS);
		if (part == 0) {
			info = mallinfo2();
			held = info.arena + info.hblkhd;
			resident = physical_memory();
		}
	}
	report_parent(held, resident);
	ksft_finished();
}
