// SPDX-License-Identifier: GPL-2.0
/*
 * The hugetlb knob, by what the kernel says of the process's memory: 0 never asks for huge pages, 1 asks for
 * all that the allocator takes and that can hold one, where the kernel leaves it to those who ask.
 */
#include <malloc.h>
#include <pthread.h>
#include <sys/resource.h>

#include "weir_test.h"
#include "process.h"

RUN_WITH_ENVIRONMENT("WEIR_OPTIONS", "policy=fixed,arena_max=8")

#define PUT(name, text)	sysfs_put(text, "processes/%d/" name, getpid())
#define GET(name)	sysfs_get("processes/%d/" name, getpid())
#define HUGE		(2 * M)
#define MODE		"/sys/kernel/mm/transparent_hugepage/enabled"

static char maps[1 << 20];

static void read_maps(void)
{
	int fd = open("/proc/self/smaps", O_RDONLY);
	size_t have = 0;
	ssize_t n;

	while ((n = read(fd, maps + have, sizeof(maps) - 1 - have)) > 0)
		have += n;
	close(fd);
	maps[have] = 0;
}

/* Has the mapping that p is in, or any if p is NULL, been marked by MADV_HUGEPAGE? */
static bool asked_for(const void *p)
{
	unsigned long start = 0, end = 0, from, to;

	read_maps();
	for (char *line = strtok(maps, "\n"); line; line = strtok(NULL, "\n")) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2) {
			start = from;
			end = to;
		}
		if (strncmp(line, "VmFlags:", 8) == 0 && strstr(line, " hg") &&
		    (!p || ((unsigned long)p >= start && (unsigned long)p < end)))
			return true;
	}
	return false;
}

/* The kilobytes of huge pages that the process has. */
static long huge_pages(void)
{
	return proc_field("/proc/self/smaps_rollup", "AnonHugePages");
}

static bool set_mode(const char *mode)
{
	int fd = open(MODE, O_WRONLY);
	bool done = write(fd, mode, strlen(mode)) == (ssize_t)strlen(mode);

	close(fd);
	return done;
}

/* Run with another environment, the program says what comes of that. Before it would start itself anew. */
static __attribute__((constructor(102))) void show(void)
{
	if (!getenv("SHOW_HUGETLB"))
		return;
	printf("%s %s\n", GET("source/hugetlb"), asked_for(malloc(8 * M)) ? "asked" : "not");
	fflush(stdout);
	_exit(0);
}

static const char *shown_with(const char *name, const char *value)
{
	static char line[100];
	FILE *f;

	setenv(name, value, 1);
	setenv("SHOW_HUGETLB", "1", 1);
	f = popen("exec /proc/$PPID/exe", "r");
	if (!f || !fgets(line, sizeof(line), f))
		strcpy(line, "nothing\n");
	pclose(f);
	unsetenv(name);
	return line;
}

static void *in_thread(void *size)
{
	cpu_set_t set;

	/* The first CPU's arena is the main one. */
	CPU_ZERO(&set);
	CPU_SET(1, &set);
	sched_setaffinity(0, sizeof(set), &set);
	return malloc((size_t)size);
}

/* Memory of an arena other than the main one, NULL if there is none. */
static void *of_thread(size_t size)
{
	pthread_t thread;
	size_t *p;

	pthread_create(&thread, NULL, in_thread, (void *)size);
	pthread_join(thread, (void **)&p);
	p = hide(p);
	return p && p[-1] & 4 ? p : NULL;
}

FIXTURE(hugetlb) { };
FIXTURE_SETUP(hugetlb)
{
	ASSERT_TRUE(set_mode("madvise"));
}
FIXTURE_TEARDOWN(hugetlb)
{
	sysfs_put("default", "defaults/hugetlb");
	set_mode("always");
}

TEST_F(hugetlb, zero_never_asks)
{
	/* In its own mode the kernel may have given some to what was there before. */
	long before = huge_pages();
	char *p;

	EXPECT_STREQ("0", GET("hugetlb"));
	p = memset(malloc(8 * M), 1, 8 * M);
	p = realloc(p, 16 * M);
	ASSERT_NE(NULL, of_thread(100 * K));
	mallopt(M_MMAP_MAX, 0);
	memset(malloc(8 * M), 1, 8 * M);
	ASSERT_NE(NULL, of_thread(8 * M));
	EXPECT_FALSE(asked_for(NULL));
	EXPECT_GE(before, huge_pages());
}

TEST_F(hugetlb, chunks_mapped_alone)
{
	char *p;

	ASSERT_EQ(0, PUT("hugetlb", "1"));
	p = malloc(1 * M);
	EXPECT_FALSE(asked_for(p));		/* holds none */
	p = realloc(p, 8 * M);
	EXPECT_TRUE(asked_for(p));
	EXPECT_TRUE(asked_for(malloc(HUGE)));
	EXPECT_TRUE(asked_for(calloc(5, 1 * M)));
	EXPECT_TRUE(asked_for(aligned_alloc(1 * M, 5 * M)));
	/* They do come. */
	memset(malloc(8 * M), 1, 8 * M);
	EXPECT_LE(6 * 1024, huge_pages());
}

TEST_F(hugetlb, brk_memory)
{
	void *p;

	ASSERT_EQ(1, mallopt(M_MMAP_MAX, 0));
	ASSERT_EQ(0, PUT("hugetlb", "1"));
	/* Each less than a huge page, but the break moves from one's start to another's. */
	for (int i = 0; i < 100; i++) {
		p = memset(malloc(200 * K), 1, 200 * K);
		ASSERT_EQ(0, (uintptr_t)sbrk(0) % HUGE);
	}
	EXPECT_TRUE(asked_for(p));
	EXPECT_LE(16 * 1024, huge_pages());
}

TEST_F(hugetlb, brk_memory_is_trimmed_by_huge_pages)
{
	char *end;
	void *p;

	ASSERT_EQ(1, mallopt(M_MMAP_MAX, 0));
	ASSERT_EQ(0, PUT("hugetlb", "1"));
	p = malloc(500 * K);
	end = sbrk(0);
	free(malloc(20 * M));
	EXPECT_EQ(0, (uintptr_t)sbrk(0) % HUGE);
	EXPECT_GE(end + HUGE, (char *)sbrk(0));
	free(p);
}

TEST_F(hugetlb, arenas_of_threads)
{
	void *p;

	ASSERT_EQ(1, mallopt(M_MMAP_MAX, 0));
	ASSERT_EQ(0, PUT("hugetlb", "1"));
	/* The arena's first heap, of which 100 KiB are used, and one that it grows by. */
	p = of_thread(100 * K);
	ASSERT_NE(NULL, p);
	EXPECT_TRUE(asked_for(p));
	p = of_thread(20 * M);
	ASSERT_NE(NULL, p);
	EXPECT_TRUE(asked_for(p));
	EXPECT_TRUE(asked_for((char *)p + 20 * M - 1));
	memset(p, 1, 20 * M);
	EXPECT_LE(16 * 1024, huge_pages());
}

/* Somebody's page behind the break: the main arena goes on in mapped segments. */
TEST_F(hugetlb, segments)
{
	char *end = sbrk(0), *p;

	ASSERT_EQ(1, mallopt(M_MMAP_MAX, 0));
	ASSERT_EQ(0, PUT("hugetlb", "1"));
	ASSERT_NE(MAP_FAILED, mmap((char *)((uintptr_t)end + PAGE * 16), PAGE, PROT_NONE,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
	p = malloc(500 * K);
	EXPECT_TRUE(p < end - 64 * M || p > end + 64 * M);
	EXPECT_TRUE(asked_for(p));
	/* By which the segment grows. */
	p = malloc(8 * M);
	EXPECT_TRUE(asked_for(p));
	EXPECT_TRUE(asked_for(p + 8 * M - 1));
}

/* So much more than the process has now. */
static bool limit_data(long kilobytes)
{
	struct rlimit limit;

	limit.rlim_cur = limit.rlim_max = (proc_field("/proc/self/status", "VmData") + kilobytes) * K;
	return setrlimit(RLIMIT_DATA, &limit) == 0;
}

/* Huge pages are a wish: where whole ones may not be had less is taken, and from the same place. */
TEST_F(hugetlb, near_a_limit)
{
	char *p, *end;

	ASSERT_EQ(1, mallopt(M_MMAP_MAX, 0));
	ASSERT_EQ(0, PUT("hugetlb", "1"));
	malloc(500 * K);
	end = sbrk(0);
	ASSERT_EQ(0, (uintptr_t)end % HUGE);
	ASSERT_TRUE(limit_data(1024));
	do {
		p = malloc(200 * K);
		ASSERT_NE(NULL, p);
		memset(p, 1, 200 * K);
	} while (p < end && sbrk(0) == end);
	EXPECT_LT(end, (char *)sbrk(0));
	EXPECT_LT(p, (char *)sbrk(0));
	EXPECT_EQ(NULL, malloc(2 * M));
}

static void *in_thread_near_a_limit(void *unused)
{
	void *p = in_thread((void *)1000);

	(void)unused;
	return p && PUT("hugetlb", "1") == 0 && limit_data(1024) ? malloc(400 * K) : NULL;
}

TEST_F(hugetlb, arena_near_a_limit)
{
	pthread_t thread;
	size_t *p;

	ASSERT_EQ(1, mallopt(M_MMAP_MAX, 0));
	pthread_create(&thread, NULL, in_thread_near_a_limit, NULL);
	pthread_join(thread, (void **)&p);
	p = hide(p);
	ASSERT_NE(NULL, p);
	EXPECT_NE(0, p[-1] & 4);
	memset(p, 1, 400 * K);
}

TEST_F(hugetlb, only_in_the_mode_that_leaves_it_to_us)
{
	static const char * const modes[] = { "always", "never" };

	for (int i = 0; i < 2; i++) {
		ASSERT_TRUE(set_mode(modes[i]));
		ASSERT_EQ(0, PUT("hugetlb", "1"));
		EXPECT_FALSE(asked_for(malloc(8 * M)));
		ASSERT_EQ(1, mallopt(M_MMAP_MAX, 0));
		EXPECT_FALSE(asked_for(malloc(8 * M)));
		EXPECT_FALSE(asked_for(NULL));
		ASSERT_EQ(0, PUT("mmap_max", "default"));
		EXPECT_FALSE(asked_for(malloc(20 * M)));
	}
	/* The mode is looked at again when a knob is turned. */
	ASSERT_TRUE(set_mode("madvise"));
	EXPECT_FALSE(asked_for(malloc(8 * M)));
	ASSERT_EQ(0, PUT("top_pad", "64K"));
	EXPECT_TRUE(asked_for(malloc(8 * M)));
}

TEST_F(hugetlb, turned_while_running)
{
	void *before = malloc(8 * M), *p;

	ASSERT_EQ(0, PUT("hugetlb", "1"));
	p = malloc(8 * M);
	EXPECT_TRUE(asked_for(p));
	EXPECT_STREQ("sysfs", GET("source/hugetlb"));
	ASSERT_EQ(0, PUT("hugetlb", "0"));
	EXPECT_FALSE(asked_for(malloc(12 * M)));
	EXPECT_FALSE(asked_for(before));
	ASSERT_EQ(0, PUT("hugetlb", "default"));
	ASSERT_EQ(0, sysfs_put("1", "defaults/hugetlb"));
	EXPECT_TRUE(asked_for(malloc(12 * M)));
	EXPECT_STREQ("default", GET("source/hugetlb"));
}

TEST_F(hugetlb, from_the_environment)
{
	unsetenv("WEIR_OPTIONS");
	EXPECT_STREQ("builtin not\n", shown_with("NOTHING", ""));
	EXPECT_STREQ("environment asked\n", shown_with("WEIR_OPTIONS", "hugetlb=1"));
	EXPECT_STREQ("environment not\n", shown_with("WEIR_OPTIONS", "hugetlb=0"));
	EXPECT_STREQ("environment asked\n", shown_with("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1"));
	EXPECT_STREQ("environment not\n", shown_with("GLIBC_TUNABLES", "glibc.malloc.hugetlb=0"));
	EXPECT_STREQ("builtin not\n", shown_with("GLIBC_TUNABLES", "glibc.malloc.hugetlb=2"));
}

TEST_F(hugetlb, errno_is_kept)
{
	ASSERT_EQ(0, PUT("hugetlb", "1"));
	errno = 4711;
	free(malloc(8 * M));
	EXPECT_EQ(4711, errno);
}

TEST_HARNESS_MAIN
