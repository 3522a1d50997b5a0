// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Requests to trim: what goes, what stays, how little at a time, and the answer. The module is played by
 * the test: it has a page and takes the answers.
 */
#include <errno.h>
#include <malloc.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "arena.h"
#include "check.h"
#include "expect.h"
#include "klink.h"
#include "process.h"
#include "request.h"

RUN_WITH_ENVIRONMENT("WEIR_OPTIONS", "policy=auto,mmap_max=0,trim_threshold=-1")

#define DEVICE_FD 1000
#define BLOCK	(60 * K)
#define BLOCKS	1024

int __wrap_ioctl(int fd, unsigned long call, void *arg);
long __wrap_syscall(long number, long a, long b, long c, long d, long e, long f);
long __real_syscall(long number, long a, long b, long c, long d, long e, long f);
int __wrap_fstat(int fd, struct stat *st);
int __real_fstat(int fd, struct stat *st);
int __wrap_madvise(void *start, size_t size, int advice);
int __real_madvise(void *start, size_t size, int advice);
int __wrap_mincore(void *start, size_t size, unsigned char *vec);
int __real_mincore(void *start, size_t size, unsigned char *vec);

static struct weir_ctlpage page = {
	.magic = WEIR_PAGE_MAGIC, .size = sizeof(page), .features = WEIR_FEATURE_TRIM, .state = WEIR_STATE_ATTACHED,
	.generation = 2,
};
static bool no_device;
static unsigned int answers;
static struct weir_trim_done answer;
/* Since the last poll. */
static size_t bytes;
static unsigned int calls;

long __wrap_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	if (number == SYS_openat && strcmp((const char *)b, WEIR_DEVICE) == 0)
		return no_device ? -1 : DEVICE_FD;
	return number == SYS_close && a == DEVICE_FD ? 0 : __real_syscall(number, a, b, c, d, e, f);
}

int __wrap_fstat(int fd, struct stat *st)
{
	if (fd != DEVICE_FD)
		return __real_fstat(fd, st);
	st->st_mode = S_IFCHR;
	return 0;
}

int __wrap_ioctl(int fd, unsigned long call, void *arg)
{
	if (fd == DEVICE_FD && call == WEIR_IOC_TRIM_DONE) {
		answer = *(struct weir_trim_done *)arg;
		answers++;
	}
	return 0;
}

int __wrap_mincore(void *start, size_t size, unsigned char *vec)
{
	calls++;
	return __real_mincore(start, size, vec);
}

int __wrap_madvise(void *start, size_t size, int advice)
{
	unsigned int before = calls;

	if (advice == MADV_DONTNEED)
		bytes += pages_resident(start, size) * PAGE;
	calls = before + 1;
	return __real_madvise(start, size, advice);
}

static void ask(uint64_t keep)
{
	page.generation++;
	page.trim_request++;
	page.trim_keep = keep;
	page.generation++;
}

/* Polls until there is nothing more to do: how many it took, and what came back in all. */
static unsigned int work(struct __test_metadata *_metadata, size_t *gone)
{
	unsigned int polls = 0;

	*gone = 0;
	for (; polls < 10000 && (page.generation != klink_seen || !polls); polls++) {
		bytes = calls = 0;
		klink_poll();
		EXPECT_LE(bytes, REQUEST_STEP_BYTES);
		EXPECT_LE(calls, REQUEST_STEP_CALLS);
		*gone += bytes;
	}
	return polls;
}

static char *block[BLOCKS];

static void fill(void)
{
	for (int i = 0; i < BLOCKS; i++)
		block[i] = memset(malloc(BLOCK), i, BLOCK);
}

/* All but one in @of, which keeps the others from joining all of them. */
static void empty(int of)
{
	for (int i = 0; i < BLOCKS; i++)
		if (i % of) {
			free(block[i]);
			block[i] = NULL;
		}
}

static bool is_intact(void)
{
	for (int i = 0; i < BLOCKS; i++)
		if (block[i] && !is_filled(block[i], i, BLOCK))
			return false;
	return true;
}

static void heap_is_sound(struct __test_metadata *_metadata)
{
	char why[200] = "";

	EXPECT_TRUE(heap_check(why, sizeof(why))) TH_LOG("%s", why);
}

FIXTURE(request) {
};

FIXTURE_SETUP(request)
{
	klink_page = &page;
	klink_poll();
	fill();
}

FIXTURE_TEARDOWN(request)
{
	EXPECT_TRUE(is_intact());
	heap_is_sound(_metadata);
}

TEST_F(request, nothing_happens_without_one)
{
	size_t gone;

	empty(8);
	EXPECT_EQ(1, work(_metadata, &gone));
	EXPECT_EQ(0, gone);
	page.generation += 2;
	EXPECT_GE(2, work(_metadata, &gone));
	EXPECT_EQ(0, gone);
	EXPECT_EQ(0, answers);
}

TEST_F(request, all_that_is_idle_goes_in_small_steps)
{
	size_t gone, idle = BLOCKS / 8 * 7 * BLOCK;
	unsigned int polls;

	empty(8);
	ask(0);
	polls = work(_metadata, &gone);
	EXPECT_LT(idle / REQUEST_STEP_BYTES, polls);
	EXPECT_GT(100, polls);
	/* The pages in which a free chunk begins and ends stay. */
	EXPECT_LT(idle / 10 * 9, gone);
	ASSERT_EQ(1, answers);
	EXPECT_EQ(page.trim_request, answer.request);
	EXPECT_EQ(gone, answer.bytes);
	EXPECT_EQ(0, answer.flags);
	/* And again: there is nothing left. */
	ask(0);
	work(_metadata, &gone);
	EXPECT_EQ(2, answers);
	EXPECT_GT(100 * K, gone);
}

TEST_F(request, the_top_goes_and_is_zero_when_it_comes_again)
{
	size_t gone;
	char *p;

	empty(BLOCKS);
	ask(0);
	work(_metadata, &gone);
	EXPECT_LT((BLOCKS - 2) * BLOCK, gone);
	EXPECT_GT(2 * M, mallinfo2().keepcost);
	p = calloc(1, BLOCKS / 2 * BLOCK);
	EXPECT_TRUE(is_filled(p, 0, BLOCKS / 2 * BLOCK));
	free(p);
}

TEST_F(request, so_much_stays_as_may)
{
	size_t gone, before, idle = BLOCKS / 8 * 7 * BLOCK, keep = idle / 3;

	empty(8);
	before = physical_memory() * K;
	ask(keep);
	work(_metadata, &gone);
	EXPECT_LT(idle - keep - idle / 8, gone);
	EXPECT_GT(idle - keep, gone);
	EXPECT_GT(before - gone + M, (size_t)physical_memory() * K);
	/* What stays is enough for the next one, too. */
	ask(keep);
	work(_metadata, &gone);
	EXPECT_GT(M, gone);
	/* More than there is. */
	ask(WEIR_TRIM_KEEP_MAX);
	work(_metadata, &gone);
	EXPECT_EQ(0, gone);
	EXPECT_EQ(3, answers);
	EXPECT_EQ(0, answer.bytes);
}

TEST_F(request, so_much_of_the_top_stays)
{
	size_t gone;

	empty(BLOCKS);
	ask(10 * M);
	work(_metadata, &gone);
	EXPECT_LT((BLOCKS - 2) * BLOCK - 10 * M, gone + 64 * K);
	EXPECT_LE(10 * M, mallinfo2().keepcost);
	EXPECT_GT(11 * M, mallinfo2().keepcost);
}

TEST_F(request, a_later_one_replaces_it)
{
	size_t gone;

	empty(8);
	ask(0);
	bytes = 0;
	klink_poll();
	klink_poll();
	klink_poll();
	EXPECT_LT(0, bytes);
	EXPECT_NE(page.generation, klink_seen);
	ask(WEIR_TRIM_KEEP_MAX);
	gone = bytes;
	bytes = 0;
	while (page.generation != klink_seen)
		klink_poll();
	ASSERT_EQ(1, answers);
	EXPECT_EQ(2, answer.request);
	EXPECT_EQ(gone, answer.bytes);
}

/* Between two steps chunks are taken, split, freed and joined, also those that are next. */
TEST_F(request, the_heap_is_in_use_meanwhile)
{
	unsigned int polls = 0;

	empty(4);
	srand(1);
	for (int round = 0; round < 20; round++) {
		ask(0);
		do {
			int i = rand() % BLOCKS;

			klink_poll();
			if (block[i])
				free(block[i]);
			block[i] = block[i] ? NULL : memset(malloc(BLOCK), i, BLOCK);
			free(malloc(rand() % (100 * K)));
			heap_is_sound(_metadata);
		} while (page.generation != klink_seen && ++polls < 100000);
	}
	EXPECT_EQ(20, answers);
	EXPECT_TRUE(is_intact());
}

/* The very chunk that is next is handed out, and whoever has it writes to where its links were. */
TEST_F(request, the_next_chunk_is_taken_meanwhile)
{
	static struct chunk *taken[BLOCKS];
	struct chunk *next;
	size_t gone, size, dirty;
	int n = 0;

	empty(8);
	ask(0);
	do
		klink_poll();
	while (!main_arena.walk && page.generation != klink_seen);
	next = main_arena.walk;
	ASSERT_NE(NULL, next);
	size = chunksize(next);
	arena_lock(&main_arena);
	do {
		taken[n] = arena_alloc(&main_arena, size, false, &dirty);
		ASSERT_NE(NULL, taken[n]);
		memset(chunk2mem(taken[n]), 'A', size - MEM_OFFSET);
	} while (taken[n++] != next);
	EXPECT_NE(next, main_arena.walk);
	arena_unlock(&main_arena);
	work(_metadata, &gone);
	EXPECT_EQ(1, answers);
	heap_is_sound(_metadata);
	while (n--) {
		EXPECT_TRUE(is_filled(chunk2mem(taken[n]), 'A', size - MEM_OFFSET));
		free(chunk2mem(taken[n]));
	}
}

TEST_F(request, who_cannot_answer_goes_on)
{
	size_t gone;

	no_device = true;
	empty(8);
	ask(0);
	work(_metadata, &gone);
	EXPECT_LT(10 * M, gone);
	EXPECT_EQ(0, answers);
	no_device = false;
	ask(0);
	work(_metadata, &gone);
	EXPECT_EQ(1, answers);
}

TEST_F(request, an_older_module_has_none)
{
	size_t gone;

	page.features = 0;
	empty(8);
	ask(0);
	work(_metadata, &gone);
	EXPECT_EQ(0, gone);
}

TEST_F(request, errno_is_kept)
{
	size_t gone;

	empty(8);
	no_device = true;
	ask(0);
	errno = 4711;
	work(_metadata, &gone);
	EXPECT_EQ(4711, errno);
}

TEST_HARNESS_MAIN
