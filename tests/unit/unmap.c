// SPDX-License-Identifier: LGPL-2.1-or-later
/* Ranges that the kernel refuses to unmap wait, without their pages, and go when it allows. */
#include <errno.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"
#include "process.h"
#include "unmap.h"

#define SIZE (16 * PAGE)

static bool refuse;
static int calls;

/* Stands before the C library's: the library calls this one. */
int munmap(void *start, size_t size)
{
	calls++;
	if (!refuse)
		return syscall(SYS_munmap, start, size);
	errno = ENOMEM;
	return -1;
}

static char *map(int prot)
{
	return mmap(NULL, SIZE, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static char *map_written(void)
{
	return memset(map(PROT_READ | PROT_WRITE), 1, SIZE);
}

static bool is_mapped(void *p)
{
	return pages_resident(p, SIZE) >= 0;
}

static bool unmap_refusing(void *p, bool accessible)
{
	bool gone;

	refuse = true;
	gone = unmap(p, SIZE, accessible);
	refuse = false;
	return gone;
}

TEST(goes_at_once)
{
	char *p = map_written();

	EXPECT_TRUE(unmap(p, SIZE, true));
	EXPECT_FALSE(is_mapped(p));
	EXPECT_EQ(0, unmap_waiting());
	EXPECT_EQ(1, calls);
}

TEST(waits_without_its_pages)
{
	char *p = map_written();

	EXPECT_FALSE(unmap_refusing(p, true));
	EXPECT_EQ(SIZE, unmap_waiting());
	/* One holds the record. */
	EXPECT_EQ(1, pages_resident(p, SIZE));
	EXPECT_TRUE(unmap_refused(1));
	EXPECT_FALSE(is_mapped(p));
	EXPECT_EQ(0, unmap_waiting());
}

TEST(follows_the_next)
{
	char *p = map_written(), *q = map_written();

	EXPECT_FALSE(unmap_refusing(p, true));
	EXPECT_TRUE(unmap(q, SIZE, true));
	EXPECT_FALSE(is_mapped(p));
	EXPECT_FALSE(is_mapped(q));
	EXPECT_EQ(0, unmap_waiting());
}

TEST(inaccessible_ranges_wait_too)
{
	char *p[20];

	for (int i = 0; i < 20; i++) {
		p[i] = map(PROT_NONE);
		EXPECT_FALSE(unmap_refusing(p[i], false));
	}
	/* A few; more never come up. */
	EXPECT_EQ(16 * SIZE, unmap_waiting());
	EXPECT_TRUE(unmap_refused(SIZE_MAX));
	EXPECT_EQ(0, unmap_waiting());
	EXPECT_FALSE(is_mapped(p[0]));
	/* Their records are free again. */
	for (int i = 16; i < 20; i++)
		EXPECT_FALSE(unmap_refusing(p[i], false));
	EXPECT_EQ(4 * SIZE, unmap_waiting());
}

/* However many wait, a call makes a few tries and each has its turn. */
TEST(takes_turns)
{
	char *p[100];
	int before;

	for (int i = 0; i < 100; i++)
		EXPECT_FALSE(unmap_refusing(p[i] = map_written(), true));
	before = calls;
	EXPECT_FALSE(unmap_refusing(map_written(), true));
	EXPECT_GE(before + 10, calls);
	EXPECT_TRUE(unmap_refused(1));
	EXPECT_TRUE(is_mapped(p[0]));
	EXPECT_TRUE(is_mapped(p[99]));
	EXPECT_EQ(100 * SIZE, unmap_waiting());
	EXPECT_TRUE(unmap_refused(92));
	EXPECT_TRUE(unmap(map_written(), SIZE, true));
	EXPECT_EQ(0, unmap_waiting());
	for (int i = 0; i < 100; i++)
		EXPECT_FALSE(is_mapped(p[i]));
}

TEST(refused_again)
{
	char *p = map_written();

	EXPECT_FALSE(unmap_refusing(p, true));
	errno = 99;
	refuse = true;
	EXPECT_FALSE(unmap_refused(SIZE_MAX));
	refuse = false;
	EXPECT_EQ(99, errno);
	EXPECT_EQ(SIZE, unmap_waiting());
	EXPECT_TRUE(unmap_refused(SIZE_MAX));
	EXPECT_FALSE(unmap_refused(SIZE_MAX));
	EXPECT_FALSE(is_mapped(p));
}

TEST(in_a_forked_child)
{
	char *p = map_written();
	pid_t child;

	EXPECT_FALSE(unmap_refusing(p, true));
	child = fork();
	if (child == 0)
		_exit(unmap_refused(1) && !is_mapped(p) && unmap_waiting() == 0 ? 0 : 1);
	EXPECT_EQ(0, wait_for(child, 10000));
	EXPECT_EQ(SIZE, unmap_waiting());
}

/* Where mmap fails for want of mappings, what waits is in the way. */
TEST(makes_room)
{
	char *p = map_written();

	EXPECT_FALSE(unmap_refusing(p, true));
	EXPECT_EQ(NULL, hide(malloc((size_t)1 << 46)));
	EXPECT_EQ(0, unmap_waiting());
}

TEST_HARNESS_MAIN
