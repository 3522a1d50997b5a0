// SPDX-License-Identifier: GPL-2.0
/* What the library says of itself, and what comes of it when memory is short. */
#include <malloc.h>
#include <sys/stat.h>

#include "weir_test.h"
#include "process.h"

RUN_WITH_ENVIRONMENT("WEIR_OPTIONS", "policy=fixed,mmap_threshold=1M,trim_threshold=-1")

#define GET(name)	sysfs_number("processes/%d/" name, getpid())
#define BLOCK		(60 * K)
#define BLOCKS		512

static char *block[BLOCKS];

static void fill(void)
{
	for (int i = 0; i < BLOCKS; i++)
		block[i] = memset(malloc(BLOCK), i, BLOCK);
}

static void empty(int of)
{
	for (int i = 0; i < BLOCKS; i++)
		if (i % of) {
			free(block[i]);
			block[i] = NULL;
		}
}

TEST(what_there_is)
{
	long long idle;

	fill();
	EXPECT_EQ(1, GET("arenas"));
	EXPECT_EQ((long long)mallinfo2().arena, GET("arena_bytes"));
	EXPECT_LT((long long)(BLOCKS * BLOCK), GET("in_use_bytes"));
	EXPECT_GT((long long)M, GET("idle_bytes"));
	EXPECT_EQ(GET("arena_bytes"), GET("in_use_bytes") + GET("idle_bytes"));
	EXPECT_EQ(0, GET("mapped_bytes"));
	empty(8);
	idle = GET("idle_bytes");
	EXPECT_LT((long long)(BLOCKS / 8 * 7 * BLOCK / 10 * 9), idle);
	EXPECT_GT((long long)(BLOCKS / 8 * 7 * BLOCK / 10 * 11), idle);
	EXPECT_EQ(GET("arena_bytes"), GET("in_use_bytes") + idle);
}

TEST(a_trim_brings_what_was_said)
{
	long long idle, trims;

	fill();
	empty(8);
	idle = GET("idle_bytes");
	trims = GET("trims");
	ASSERT_EQ(0, sysfs_put("0", "processes/%d/trim", getpid()));
	for (int n = 0; n < 1000 && strcmp(sysfs_get("processes/%d/trim", getpid()), "none"); n++)
		free(hide(malloc(BLOCK)));
	EXPECT_LT(idle / 10 * 9, GET("trimmed_bytes"));
	EXPECT_GT(idle / 10 * 11, GET("trimmed_bytes"));
	EXPECT_GT(idle / 10, GET("idle_bytes"));
	EXPECT_LT(trims, GET("trims"));
}

TEST(chunks_mapped_alone)
{
	void *p = hide(malloc(4 * M));

	EXPECT_EQ((long long)mallinfo2().hblkhd, GET("mapped_bytes"));
	EXPECT_LT((long long)(4 * M), GET("mapped_bytes"));
	free(p);
	EXPECT_EQ(0, GET("mapped_bytes"));
}

TEST(a_child_has_its_own)
{
	pid_t pid;

	fill();
	IN_CHILD(pid) {
		empty(8);
		CHECK(GET("arena_bytes") > (long long)(BLOCKS * BLOCK));
		CHECK(GET("idle_bytes") > (long long)(BLOCKS / 2 * BLOCK));
	}
	EXPECT_EQ(0, child_status(pid));
	EXPECT_GT((long long)M, GET("idle_bytes"));
}

/* A child without handlers of fork has no such page, and notices before it writes. */
TEST(a_raw_child)
{
	pid_t pid;

	fill();
	pid = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
	if (!pid) {
		empty(8);
		fill();
		empty(1000);
		syscall(SYS_exit_group, 0);
	}
	EXPECT_EQ(0, child_status(pid));
}

static int cgroup_put(const char *file, const char *text)
{
	char path[PATH_MAX];
	int fd, ret = 0;

	snprintf(path, sizeof(path), "/sys/fs/cgroup/%s", file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

/* In a cgroup of 64 MiB a process has 26 idle, and another one wants 48. */
TEST(memory_goes_before_somebody_is_killed)
{
	char self[16];
	pid_t hog, idle;
	int *go = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	cgroup_put("cgroup.subtree_control", "+memory");
	mkdir("/sys/fs/cgroup/weir-lib", 0755);
	ASSERT_EQ(0, cgroup_put("weir-lib/memory.max", "64M"));
	cgroup_put("weir-lib/memory.swap.max", "0");
	/* A process is told of the cgroup in which it attached: children of one that is in there already. */
	snprintf(self, sizeof(self), "%d", getpid());
	ASSERT_EQ(0, cgroup_put("weir-lib/cgroup.procs", self));
	IN_CHILD(idle) {
		fill();
		empty(8);
		__atomic_store_n(go, 1, __ATOMIC_RELEASE);
		while (__atomic_load_n(go, __ATOMIC_ACQUIRE) == 1) {
			free(hide(malloc(BLOCK)));
			usleep(1000);
		}
		CHECK(GET("trimmed_bytes") > (long long)(20 * M));
	}
	while (!__atomic_load_n(go, __ATOMIC_ACQUIRE))
		usleep(1000);
	IN_CHILD(hog) {
		for (int i = 0; i < 48; i++) {
			CHECK(memset(mmap(NULL, M, PROT_READ | PROT_WRITE,
					  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 1, M));
			usleep(1000);
		}
	}
	EXPECT_EQ(0, cgroup_put("cgroup.procs", self));
	EXPECT_EQ(0, child_status(hog));
	__atomic_store_n(go, 2, __ATOMIC_RELEASE);
	EXPECT_EQ(0, child_status(idle));
	rmdir("/sys/fs/cgroup/weir-lib");
}

TEST_HARNESS_MAIN
