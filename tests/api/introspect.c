// SPDX-License-Identifier: LGPL-2.1-or-later
/* mallinfo, mallinfo2, malloc_stats and malloc_info agree with what was allocated and each other. */
#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "process.h"

RUN_WITH_ENVIRONMENT("WEIR_OPTIONS", "policy=fixed")

static void allocate(void)
{
	for (int i = 0; i < 100; i++)
		hide(malloc(i * 50));
	for (int i = 0; i < 100; i++)
		free(hide(malloc(i * 100)));
	hide(malloc(300 * K));
	hide(malloc(500 * K));
}

/* Text that the function wrote to the descriptor. */
static char text[1 << 20];
static void capture(int fd, void (*print)(void))
{
	FILE *tmp = tmpfile();
	int saved = dup(fd);
	ssize_t n;

	dup2(fileno(tmp), fd);
	print();
	fflush(NULL);
	dup2(saved, fd);
	close(saved);
	n = pread(fileno(tmp), text, sizeof(text) - 1, 0);
	text[n < 0 ? 0 : n] = 0;
	fclose(tmp);
}

static void print_info(void)
{
	malloc_info(0, stdout);
}

/* The number behind the last `name' in text and the sign that follows. */
static size_t number_behind(const char *name, char sign)
{
	char *at = text, *found = NULL;

	while ((at = strstr(at, name)))
		found = at++;
	if (!found)
		return -1;
	found = strchr(found, sign);
	return found ? strtoul(found + 1, NULL, 10) : (size_t)-1;
}

TEST(mallinfo2_adds_up)
{
	struct mallinfo2 info;

	allocate();
	info = mallinfo2();
	EXPECT_EQ(info.arena, info.uordblks + info.fordblks);
	EXPECT_EQ(2, info.hblks);
	EXPECT_EQ((300 + 4 + 500 + 4) * K, info.hblkhd);
	EXPECT_LE(info.fsmblks + info.keepcost, info.fordblks);
	EXPECT_LE(1, info.ordblks);
	EXPECT_LE(1, info.smblks);
	EXPECT_LE(info.smblks * 32, info.fsmblks);
	EXPECT_EQ(0, info.usmblks);
}

TEST(mallinfo_is_mallinfo2_in_int)
{
	struct mallinfo2 large;
	struct mallinfo small;

	allocate();
	large = mallinfo2();
	small = mallinfo();
#define SAME(field) EXPECT_EQ(large.field, (size_t)small.field)
	SAME(arena);
	SAME(ordblks);
	SAME(smblks);
	SAME(hblks);
	SAME(hblkhd);
	SAME(usmblks);
	SAME(fsmblks);
	SAME(uordblks);
	SAME(fordblks);
	SAME(keepcost);
	hide(malloc((size_t)3 << 30));
	EXPECT_EQ(INT_MAX, mallinfo().hblkhd);
	EXPECT_LT((size_t)3 << 30, mallinfo2().hblkhd);
}

static struct mallinfo2 info_then;

static void print_stats(void)
{
	info_then = mallinfo2();
	malloc_stats();
}

TEST(malloc_stats_to_stderr)
{
	struct mallinfo2 info;

	allocate();
	capture(STDERR_FILENO, print_stats);
	info = info_then;
	EXPECT_NE(NULL, strstr(text, "Arena 0:\nsystem bytes     = "));
	EXPECT_EQ(info.arena + info.hblkhd, number_behind("system bytes", '='));
	EXPECT_EQ(info.uordblks + info.hblkhd, number_behind("in use bytes", '='));
	EXPECT_EQ(2, number_behind("max mmap regions", '='));
	EXPECT_EQ(info.hblkhd, number_behind("max mmap bytes", '='));
}

TEST(malloc_info_figures)
{
	struct mallinfo2 info;

	allocate();
	capture(STDOUT_FILENO, print_info);
	info = mallinfo2();
	EXPECT_EQ(0, strncmp(text, "<malloc version=\"1\">\n", 21));
	EXPECT_NE(NULL, strstr(text, "</malloc>\n"));
	EXPECT_NE(NULL, strstr(text, "<total type=\"mmap\" count=\"2\" size=\"827392\"/>"));
	EXPECT_EQ(info.hblkhd, 827392);
}

TEST(malloc_info_refuses_options)
{
	static const int bad[] = { 1, -1, 2, INT_MAX };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		errno = 0;
		/* malloc_info(3) says -1 with errno, glibc returns the error. */
		EXPECT_NE(0, malloc_info(bad[i], stdout));
	}
}

TEST(malloc_info_says_when_it_cannot_write)
{
	FILE *full = fopen("/dev/full", "w");

	ASSERT_NE(NULL, full);
	setvbuf(full, NULL, _IONBF, 0);
	EXPECT_EQ(-1, malloc_info(0, full));
	EXPECT_EQ(ENOSPC, errno);
}

/* A parser of its own judges. */
TEST(malloc_info_is_well_formed)
{
	FILE *parser = popen("python3 -c '\n"
		"import sys, xml.etree.ElementTree as e\n"
		"m = e.parse(sys.stdin).getroot()\n"
		"assert m.tag == \"malloc\" and m.get(\"version\") == \"1\"\n"
		"heaps = m.findall(\"heap\")\n"
		"assert len(heaps) >= 1 and heaps[0].get(\"nr\") == \"0\"\n"
		"for h in heaps:\n"
		"    n = sum(int(s.get(\"count\")) for s in h.find(\"sizes\"))\n"
		"    size = sum(int(s.get(\"total\")) for s in h.find(\"sizes\"))\n"
		"    rest = [t for t in h.findall(\"total\") if t.get(\"type\") == \"rest\"][0]\n"
		"    assert int(rest.get(\"count\")) == n + 1\n"
		"    assert int(rest.get(\"size\")) >= size\n"
		"    for s in h.find(\"sizes\"):\n"
		"        assert int(s.get(\"from\")) <= int(s.get(\"to\"))\n"
		"current = sum(int(h.find(\"system\").get(\"size\")) for h in heaps)\n"
		"assert int(m.find(\"system\").get(\"size\")) == current\n"
		"'", "w");
	pthread_t thread;

	ASSERT_NE(NULL, parser);
	allocate();
	pthread_create(&thread, NULL, (void *(*)(void *))allocate, NULL);
	pthread_join(thread, NULL);
	EXPECT_EQ(0, malloc_info(0, parser));
	EXPECT_EQ(0, pclose(parser));
}

static void *measure(void *unused)
{
	(void)unused;
	mallinfo2();
	malloc_info(0, fopen("/dev/null", "w"));
	return NULL;
}

/* They must do with the smallest stack that a thread can have. */
TEST(on_a_small_stack)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	ASSERT_EQ(0, pthread_attr_setstacksize(&attr, PTHREAD_STACK_MIN));
	ASSERT_EQ(0, pthread_create(&thread, &attr, measure, NULL));
	pthread_join(thread, NULL);
}

TEST_HARNESS_MAIN
