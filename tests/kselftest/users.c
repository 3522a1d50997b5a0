// SPDX-License-Identifier: GPL-2.0
/*
 * Users and namespaces: how many attachments a user may have, what a container sees and may, and
 * that nothing comes out which nobody put in.
 */
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "weir_test.h"

#define SOMEBODY	1234

static bool become(uid_t uid)
{
	return !setresgid(uid, uid, uid) && !setresuid(uid, uid, uid);
}

/* A process of @uid which attaches, tells the errno of that, and stays until it is killed. */
static pid_t attached_as(uid_t uid, int *error)
{
	int tell[2];
	pid_t pid;

	*error = -1;
	if (pipe(tell))
		return -1;
	IN_CHILD(pid) {
		int result;

		CHECK(getuid() == uid || become(uid));
		errno = 0;
		result = weir_attach_self() ? 0 : errno;
		CHECK(write(tell[1], &result, sizeof(result)) == sizeof(result));
		pause();
	}
	close(tell[1]);
	if (read(tell[0], error, sizeof(*error)) != sizeof(*error))
		*error = -1;
	close(tell[0]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	child_status(pid);
}

static bool drop_cap_sys_resource(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data))
		return false;
	data[0].effective &= ~(1u << CAP_SYS_RESOURCE);
	return !syscall(SYS_capset, &head, data);
}

FIXTURE(users) { };
FIXTURE_SETUP(users)
{
	ASSERT_EQ(0, sysfs_put("2", "limits/processes_per_uid"));
}
FIXTURE_TEARDOWN(users)
{
	EXPECT_EQ(0, sysfs_put("default", "limits/processes_per_uid"));
	EXPECT_STREQ("4096", sysfs_get("limits/processes_per_uid"));
}

TEST_F(users, so_many_and_no_more)
{
	pid_t pid[3], other;
	int error, i;

	for (i = 0; i < 3; i++) {
		pid[i] = attached_as(NOBODY, &error);
		EXPECT_EQ(i < 2 ? 0 : EDQUOT, error);
		EXPECT_EQ(i < 2, record_exists(pid[i]));
	}
	other = attached_as(SOMEBODY, &error);
	EXPECT_EQ(0, error);
	end(other);
	for (i = 0; i < 3; i++)
		end(pid[i]);
}

/* A process that has ended counts no longer, however fast the next one is. */
TEST_F(users, the_place_of_one_that_ends_is_free_at_once)
{
	pid_t stays, pid;
	int error, i;

	stays = attached_as(NOBODY, &error);
	ASSERT_EQ(0, error);
	for (i = 0; i < 50; i++) {
		pid = attached_as(NOBODY, &error);
		EXPECT_EQ(0, error);
		end(pid);
	}
	end(stays);
}

/* munmap gives the place back, a refused attach takes none. */
TEST_F(users, attach_and_detach)
{
	pid_t pid;
	int i;

	IN_CHILD(pid) {
		CHECK(become(NOBODY));
		for (i = 0; i < 20; i++) {
			ctlpage_t *page = weir_attach_self();
			int fd = weir_open();

			CHECK(page);
			CHECK(weir_attach(fd) == -EEXIST);
			close(fd);
			weir_detach(page);
		}
	}
	EXPECT_EQ(0, child_status(pid));
}

TEST_F(users, root_is_held_by_it_without_cap_sys_resource_alone)
{
	pid_t pid[4], last;
	int error, i;

	for (i = 0; i < 4; i++) {
		pid[i] = attached_as(0, &error);
		EXPECT_EQ(0, error);
	}
	IN_CHILD(last) {
		CHECK(drop_cap_sys_resource());
		CHECK(!weir_attach_self() && errno == EDQUOT);
	}
	EXPECT_EQ(0, child_status(last));
	for (i = 0; i < 4; i++)
		end(pid[i]);
}

/* It is the real user who counts: a setuid program's attachments are its caller's. */
TEST_F(users, the_real_user_counts)
{
	pid_t pid[2], last;
	int error, i;

	for (i = 0; i < 2; i++)
		pid[i] = attached_as(NOBODY, &error);
	IN_CHILD(last) {
		CHECK(!setresuid(NOBODY, SOMEBODY, SOMEBODY));
		CHECK(!weir_attach_self() && errno == EDQUOT);
	}
	EXPECT_EQ(0, child_status(last));
	for (i = 0; i < 2; i++)
		end(pid[i]);
}

TEST_F(users, a_lower_limit_ends_nobody)
{
	pid_t pid[2], next;
	int error, i;

	for (i = 0; i < 2; i++)
		pid[i] = attached_as(NOBODY, &error);
	ASSERT_EQ(0, sysfs_put("0\n", "limits/processes_per_uid"));
	EXPECT_TRUE(record_exists(pid[0]) && record_exists(pid[1]));
	next = attached_as(SOMEBODY, &error);
	EXPECT_EQ(EDQUOT, error);
	end(next);
	for (i = 0; i < 2; i++)
		end(pid[i]);
}

TEST_F(users, what_is_refused_changes_nothing)
{
	static const struct { const char *text; int error; } bad[] = {
		{ "-1", ERANGE }, { "4194305", ERANGE }, { "99999999999999999999", ERANGE },
		{ "1K", EINVAL }, { "1x", EINVAL }, { " 1", EINVAL }, { "1 ", EINVAL }, { "\n", EINVAL },
		{ "1\n\n", EINVAL }, { "-0", EINVAL }, { "none", EINVAL },
		{ "000000000000000000000000000000001", EINVAL },
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		EXPECT_EQ(-bad[i].error, sysfs_put(bad[i].text, "limits/processes_per_uid"))
			TH_LOG("'%s'", bad[i].text);
		EXPECT_STREQ("2", sysfs_get("limits/processes_per_uid"));
	}
	EXPECT_EQ(-EINVAL, sysfs_write("1\0", 2, "limits/processes_per_uid"));
	EXPECT_EQ(0, sysfs_put("4194304", "limits/processes_per_uid"));
}

/* A container's first process: 1 inside, its global pid outside; the device is its own there. */
TEST(pid_namespace)
{
	char path[64];
	pid_t pid;
	int ready[2], stop[2];
	char c;

	ASSERT_EQ(0, pipe(ready));
	ASSERT_EQ(0, pipe(stop));
	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	IN_CHILD(pid) {
		struct weir_knobs knobs = {
			.size = sizeof(knobs), .set_mask = 1 << WEIR_KNOB_TOP_PAD,
			.value = { [WEIR_KNOB_TOP_PAD] = 4096 },
		};
		ctlpage_t *page = weir_attach_self();
		pid_t inner;

		CHECK(getpid() == 1);
		CHECK(page);
		CHECK(!record_exists(1));
		CHECK(weir_call_once(WEIR_IOC_SET_KNOBS, &knobs) == 0);
		CHECK(page->knob[WEIR_KNOB_TOP_PAD] == 4096);
		IN_CHILD(inner) {
			CHECK(weir_attach_child(page) == 0);
			CHECK(page->knob[WEIR_KNOB_TOP_PAD] == 4096);
		}
		CHECK(child_status(inner) == 0);
		CHECK(write(ready[1], "", 1) == 1);
		CHECK(read(stop[0], &c, 1) == 1);
		CHECK(page->knob[WEIR_KNOB_TOP_PAD] == 8192);
	}
	ASSERT_EQ(1, read(ready[0], &c, 1));
	snprintf(path, sizeof(path), "processes/%d", pid);
	EXPECT_EQ(4096, sysfs_number("%s/top_pad", path));
	EXPECT_STREQ("users", sysfs_get("%s/comm", path));
	EXPECT_EQ(0, sysfs_put("8192", "%s/top_pad", path));
	EXPECT_EQ(1, write(stop[1], "", 1));
	EXPECT_EQ(0, child_status(pid));
}

static bool map_to_root(uid_t uid)
{
	char map[32];
	int fd = open("/proc/self/uid_map", O_WRONLY), n;

	n = snprintf(map, sizeof(map), "0 %d 1", uid);
	n = fd >= 0 && write(fd, map, n) == n;
	close(fd);
	return n;
}

/* Root of a container is nobody outside: it has its own record and no more. */
TEST_F(users, user_namespace)
{
	int other_error;
	pid_t pid, other = attached_as(SOMEBODY, &other_error), parent = getpid();
	ctlpage_t *page = weir_attach_self();

	ASSERT_EQ(0, other_error);
	ASSERT_NE(NULL, page);
	IN_CHILD(pid) {
		char path[PATH_MAX];
		struct stat st;
		pid_t inner;
		int error;

		CHECK(become(NOBODY));
		/* Or else /proc/self is root's after the change of user. */
		CHECK(!prctl(PR_SET_DUMPABLE, 1));
		CHECK(!unshare(CLONE_NEWUSER));
		CHECK(map_to_root(NOBODY));
		CHECK(getuid() == 0);
		CHECK(weir_attach_child(page) == 0);
		snprintf(path, sizeof(path), "%s/processes/%d/top_pad", WEIR_SYSFS, getpid());
		CHECK(!stat(path, &st) && st.st_uid == 0);
		CHECK(sysfs_put("4096", "processes/%d/top_pad", getpid()) == 0);
		CHECK(sysfs_put("4096", "processes/%d/top_pad", other) == -EACCES);
		CHECK(sysfs_put("4096", "processes/%d/top_pad", parent) == -EACCES);
		CHECK(!*sysfs_get("processes/%d/minflt", parent));
		CHECK(sysfs_put("4096", "defaults/top_pad") == -EACCES);
		CHECK(sysfs_put("4096", "limits/top_pad_max") == -EACCES);
		CHECK(sysfs_put("99", "limits/processes_per_uid") == -EACCES);
		CHECK(sysfs_put("x", "profiles/create") == -EACCES);
		/* All that it has in its namespace lifts no limit: the user outside counts. */
		inner = attached_as(0, &error);
		CHECK(error == 0);
		other = attached_as(0, &error);
		CHECK(error == EDQUOT);
		end(inner);
		end(other);
	}
	EXPECT_EQ(0, child_status(pid));
	end(other);
}

#define CGROUP	"/sys/fs/cgroup"
#define CHARGED	200

/* The kernel's memory that is charged to a cgroup, once the kernel has summed it up. */
static long charged(void)
{
	char text[4096], *line;
	ssize_t n;
	int fd;

	sleep(3);	/* it does so every two seconds */
	fd = open(CGROUP "/weir-users/memory.stat", O_RDONLY);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n < 0 ? 0 : n] = 0;
	line = strstr(text, "\nkernel ");
	return line ? atol(line + 8) : -1;
}

static int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY), ret = write(fd, text, strlen(text)) < 0 ? -errno : 0;

	close(fd);
	return ret;
}

/* The page and the record, to the cgroup of each process that attaches. */
TEST(memory_is_charged)
{
	int ready[2], let[2], i;
	pid_t pid[CHARGED];
	long before;
	char c;

	put(CGROUP "/cgroup.subtree_control", "+memory");
	mkdir(CGROUP "/weir-users", 0755);
	ASSERT_EQ(0, pipe(ready));
	ASSERT_EQ(0, pipe(let));
	for (i = 0; i < CHARGED; i++) {
		IN_CHILD(pid[i]) {
			/* The page table that the control page will be in. */
			volatile char *neighbour = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
							MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

			*neighbour = 1;
			CHECK(!put(CGROUP "/weir-users/cgroup.procs", "0"));
			CHECK(write(ready[1], "", 1) == 1);
			CHECK(read(let[0], &c, 1) == 1);
			CHECK(weir_attach_self());
			CHECK(write(ready[1], "", 1) == 1);
			pause();
		}
	}
	for (i = 0; i < CHARGED; i++)
		ASSERT_EQ(1, read(ready[0], &c, 1));
	before = charged();
	ASSERT_LT(0, before);
	for (i = 0; i < CHARGED; i++)
		ASSERT_EQ(1, write(let[1], "", 1));
	for (i = 0; i < CHARGED; i++)
		ASSERT_EQ(1, read(ready[0], &c, 1));
	EXPECT_LE(CHARGED * (4096 + 700), charged() - before);
	for (i = 0; i < CHARGED; i++)
		end(pid[i]);
	rmdir(CGROUP "/weir-users");
}

static bool is_zero(const volatile void *from, size_t size)
{
	const volatile char *byte = from;

	while (size && !*byte++)
		size--;
	return !size;
}

/* Each byte that has no meaning is zero, of the page and of what the calls fill in. */
TEST(nothing_leaks)
{
	struct weir_knobs knobs;
	ctlpage_t *page = weir_attach_self();

	ASSERT_NE(NULL, page);
	EXPECT_TRUE(is_zero(page->reserved0, sizeof(page->reserved0)));
	EXPECT_TRUE(is_zero(page->reserved1, sizeof(page->reserved1)));
	EXPECT_TRUE(is_zero(page->reserved2, sizeof(page->reserved2)));
	EXPECT_TRUE(is_zero(&page->knob[WEIR_KNOB_NR], (WEIR_KNOB_SLOTS - WEIR_KNOB_NR) * 8));
	EXPECT_TRUE(is_zero(&page->source[WEIR_KNOB_NR], WEIR_KNOB_SLOTS - WEIR_KNOB_NR));
	EXPECT_TRUE(is_zero((volatile char *)page + page->size, getpagesize() - page->size));
	memset(&knobs, 0x5a, sizeof(knobs));
	knobs.size = sizeof(knobs);
	knobs.flags = 0;
	ASSERT_EQ(0, weir_call_once(WEIR_IOC_GET_KNOBS, &knobs));
	EXPECT_EQ(0, knobs.default_mask);
	EXPECT_TRUE(is_zero(&knobs.value[WEIR_KNOB_NR], (WEIR_KNOB_SLOTS - WEIR_KNOB_NR) * 8));
	EXPECT_TRUE(is_zero(&knobs.source[WEIR_KNOB_NR], WEIR_KNOB_SLOTS - WEIR_KNOB_NR));
	EXPECT_EQ(232, offsetof(struct weir_knobs, source) + sizeof(knobs.source));
}

TEST_HARNESS_MAIN
