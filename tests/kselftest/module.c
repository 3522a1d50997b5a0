// SPDX-License-Identifier: GPL-2.0
/*
 * Loading and unloading: refused while in use, complete afterwards; parameters.  Only where the
 * module is there for the tests, in the test machine.
 */
#include <signal.h>
#include <sys/klog.h>
#include <sys/utsname.h>

#include "weir_test.h"

static char module_path[PATH_MAX];

static int unload(void)
{
	return syscall(SYS_delete_module, "weir", O_NONBLOCK) ? -errno : 0;
}

static int load(const char *parameters)
{
	int fd = open(module_path, O_RDONLY | O_CLOEXEC), ret;

	ret = syscall(SYS_finit_module, fd, parameters, 0) ? -errno : 0;
	close(fd);
	return ret;
}

/* The module is in use for a moment after the last process has gone. */
static int unload_soon(void)
{
	int i, ret = -EAGAIN;

	for (i = 0; i < 1000 && ret == -EAGAIN; i++) {
		ret = unload();
		if (ret)
			usleep(1000);
	}
	return ret;
}

static bool loaded(void)
{
	return !access("/sys/module/weir", F_OK);
}

FIXTURE(module) { };
FIXTURE_SETUP(module)
{
	struct utsname name;

	if (!getenv("WEIR_GUEST"))
		SKIP(exit(KSFT_SKIP), "the module may be in use on this machine");
	uname(&name);
	snprintf(module_path, sizeof(module_path), "%s/build/%s/weir.ko", getenv("WEIR_TOP") ?: ".",
		 name.release);
	ASSERT_EQ(0, access(module_path, R_OK)) TH_LOG("%s", module_path);
}
FIXTURE_TEARDOWN(module)
{
	if (!loaded())
		EXPECT_EQ(0, load(""));
}

TEST_F(module, refused_while_a_descriptor_is_open)
{
	int fd = weir_open();

	EXPECT_EQ(-EAGAIN, unload());
	ASSERT_EQ(0, weir_attach(fd));
	EXPECT_EQ(-EAGAIN, unload());
	close(fd);
	EXPECT_EQ(0, unload_soon());
}

TEST_F(module, refused_while_a_process_is_attached)
{
	ctlpage_t *page = weir_attach_self();

	ASSERT_NE(NULL, page);
	EXPECT_EQ(-EAGAIN, unload());
	EXPECT_TRUE(loaded());
	EXPECT_EQ(WEIR_STATE_ATTACHED, page->state);
	weir_detach(page);
	EXPECT_EQ(0, unload_soon());
	EXPECT_FALSE(loaded());
}

TEST_F(module, refused_while_a_child_has_the_mapping)
{
	ctlpage_t *page = weir_attach_self();
	pid_t pid;

	ASSERT_NE(NULL, page);
	IN_CHILD(pid)
		pause();
	weir_detach(page);
	usleep(50000);
	EXPECT_EQ(-EAGAIN, unload());
	kill(pid, SIGKILL);
	child_status(pid);
	EXPECT_EQ(0, unload_soon());
}

TEST_F(module, nothing_is_left)
{
	ASSERT_EQ(0, unload_soon());
	EXPECT_EQ(-1, access(WEIR_DEVICE, F_OK));
	EXPECT_EQ(-1, access(WEIR_SYSFS, F_OK));
	EXPECT_EQ(-1, weir_open());
}

/* Unload at once when the last process goes: all that is under way must be waited for. */
TEST_F(module, again_and_again)
{
	pid_t pid[4];
	int i, j;

	for (i = 0; i < 20; i++) {
		for (j = 0; j < 4; j++)
			IN_CHILD(pid[j])
				CHECK(weir_attach_self());
		for (j = 0; j < 4; j++)
			EXPECT_EQ(0, child_status(pid[j]));
		ASSERT_EQ(0, unload_soon());
		ASSERT_EQ(0, load(""));
	}
}

TEST_F(module, attached_again_after_a_reload)
{
	ctlpage_t *page = weir_attach_self();

	weir_detach(page);
	ASSERT_EQ(0, unload_soon());
	EXPECT_EQ(NULL, weir_attach_self());
	ASSERT_EQ(0, load(""));
	EXPECT_NE(NULL, weir_attach_self());
}

static const struct good {
	const char *parameters, *knob, *reads;
} goods[] = {
	{ "policy=fixed", "policy", "fixed" },
	{ "mmap_threshold=1M", "mmap_threshold", "1048576" },
	{ "mmap_max=0", "mmap_max", "0" },
	{ "trim_threshold=-1", "trim_threshold", "-1" },
	{ "top_pad=64k", "top_pad", "65536" },
	{ "arena_max=8", "arena_max", "8" },
	{ "hugetlb=1", "hugetlb", "1" },
	{ "policy=dynamic mmap_threshold=2M policy=fixed", "policy", "fixed" },
	{ "mmap_threshold=default", "mmap_threshold", "131072" },
};

TEST_F(module, parameters)
{
	char text[64], path[128];
	ctlpage_t *page;
	size_t i;
	int fd, n;

	for (i = 0; i < sizeof(goods) / sizeof(goods[0]); i++) {
		const struct good *good = &goods[i];

		ASSERT_EQ(0, unload_soon());
		ASSERT_EQ(0, load(good->parameters)) TH_LOG("%s", good->parameters);
		EXPECT_STREQ(good->reads, sysfs_get("defaults/%s", good->knob));
		snprintf(path, sizeof(path), "/sys/module/weir/parameters/%s", good->knob);
		fd = open(path, O_RDONLY);
		n = read(fd, text, sizeof(text) - 1);
		close(fd);
		ASSERT_LT(0, n);
		text[n - 1] = 0;
		EXPECT_STREQ(good->reads, text);
	}
	ASSERT_EQ(0, unload_soon());
	ASSERT_EQ(0, load("mmap_threshold=1M"));
	page = weir_attach_self();
	ASSERT_NE(NULL, page);
	EXPECT_EQ(1 << 20, page->knob[WEIR_KNOB_MMAP_THRESHOLD]);
	EXPECT_EQ(WEIR_SOURCE_DEFAULT, page->source[WEIR_KNOB_MMAP_THRESHOLD]);
	EXPECT_EQ(WEIR_SOURCE_BUILTIN, page->source[WEIR_KNOB_MMAP_MAX]);
	weir_detach(page);
	ASSERT_EQ(0, unload_soon());
}

static int parameter_put(const char *knob, const char *text)
{
	char path[128];
	int fd, n;

	snprintf(path, sizeof(path), "/sys/module/weir/parameters/%s", knob);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return -errno;
	n = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return n;
}

/* A parameter written while the module is there is the default. */
TEST_F(module, parameters_are_written)
{
	ctlpage_t *page = weir_attach_self();
	uint32_t generation;

	ASSERT_NE(NULL, page);
	EXPECT_EQ(0, parameter_put("mmap_threshold", "2M\n"));
	EXPECT_STREQ("2097152", sysfs_get("defaults/mmap_threshold"));
	EXPECT_EQ(2 << 20, page->knob[WEIR_KNOB_MMAP_THRESHOLD]);
	EXPECT_EQ(WEIR_SOURCE_DEFAULT, page->source[WEIR_KNOB_MMAP_THRESHOLD]);
	generation = page->generation;
	EXPECT_EQ(-EINVAL, parameter_put("mmap_threshold", "1x"));
	EXPECT_EQ(-EINVAL, parameter_put("mmap_threshold", "\n"));
	EXPECT_EQ(-ERANGE, parameter_put("mmap_threshold", "-1"));
	EXPECT_EQ(-ERANGE, parameter_put("mmap_threshold", "65537G"));
	EXPECT_EQ(-EINVAL, parameter_put("policy", "fast"));
	EXPECT_EQ(generation, page->generation);
	EXPECT_EQ(0, parameter_put("mmap_threshold", "default"));
	EXPECT_EQ(WEIR_SOURCE_BUILTIN, page->source[WEIR_KNOB_MMAP_THRESHOLD]);
}

static const struct bad {
	const char *parameters;
	int error;
	const char *says[2];
} bads[] = {
	{ "policy=fast", EINVAL, { "policy=fast:", "fixed, dynamic, auto or default" } },
	{ "policy", EINVAL, { "policy=:", "fixed, dynamic, auto or default" } },
	{ "policy=", EINVAL, { "policy=:", "fixed, dynamic, auto or default" } },
	{ "mmap_threshold=1T", EINVAL, { "mmap_threshold=1T:", "0 to 70368744177664 bytes" } },
	{ "mmap_threshold=65537G", ERANGE, { "mmap_threshold=65537G:", "0 to 70368744177664" } },
	{ "mmap_max=1K", EINVAL, { "mmap_max=1K:", "0 to 2147483647, or default" } },
	{ "trim_threshold=-2", ERANGE, { "trim_threshold=-2:", "-1 to 70368744177664" } },
	{ "top_pad=99999999999999999999", ERANGE, { "top_pad=99999999999999999999:", "0 to 1073741824" } },
	{ "policy=fixed arena_max=x", EINVAL, { "arena_max=x:", "0 to 65536" } },
	{ "hugetlb=2", ERANGE, { "hugetlb=2:", "0 to 1, or default" } },
};

TEST_F(module, bad_parameters)
{
	static char log[1 << 18];
	size_t i;
	int n;

	ASSERT_EQ(0, unload_soon());
	for (i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
		const struct bad *bad = &bads[i];
		char *line;

		EXPECT_EQ(-bad->error, load(bad->parameters)) TH_LOG("%s", bad->parameters);
		EXPECT_FALSE(loaded());
		n = klogctl(3, log, sizeof(log) - 1);
		ASSERT_LT(0, n);
		log[n] = 0;
		line = strstr(log, bad->says[0]);
		EXPECT_NE(NULL, line) TH_LOG("%s", bad->says[0]);
		EXPECT_NE(NULL, line ? strstr(line, bad->says[1]) : NULL) TH_LOG("%s", bad->says[1]);
	}
}

TEST_HARNESS_MAIN
