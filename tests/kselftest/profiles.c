// SPDX-License-Identifier: GPL-2.0
/*
 * Profiles: which processes follow which one, that they follow it live, and how they end.
 */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "weir_test.h"

#define CGROUP	"/sys/fs/cgroup"

static int attach_as(const char *profile, ctlpage_t *inherit)
{
	struct weir_attach attach = {
		.size = sizeof(attach),
		.flags = inherit ? WEIR_ATTACH_INHERIT : 0,
		.inherit = (unsigned long)inherit,
	};
	int fd = weir_open(), ret;

	strcpy(attach.profile, profile);
	ret = weir_call(fd, WEIR_IOC_ATTACH, &attach);
	if (!ret && mmap((void *)inherit, getpagesize(), PROT_READ, MAP_SHARED | (inherit ? MAP_FIXED : 0), fd,
			 0) == MAP_FAILED)
		ret = -errno;
	close(fd);
	return ret;
}

static const char *followed(void)
{
	return sysfs_get("processes/%d/profile", getpid());
}

#define PUT(text, ...)	ASSERT_EQ(0, sysfs_put(text, __VA_ARGS__))

/* Every profile that a test may have made. */
static const char * const made[] = { "a", "b", "c", "web", "p-10", "p-20", "p-30" };

FIXTURE(profiles) {
	ctlpage_t *page;
};
FIXTURE_SETUP(profiles)
{
	self->page = weir_attach_self();
	ASSERT_NE(NULL, self->page);
	PUT("web", "profiles/create");
	PUT("1M", "profiles/web/mmap_threshold");
}
FIXTURE_TEARDOWN(profiles)
{
	size_t i;

	for (i = 0; i < sizeof(made) / sizeof(made[0]); i++)
		sysfs_put(made[i], "profiles/remove");
	sysfs_put("default", "defaults/mmap_threshold");
	sysfs_put("default", "limits/mmap_threshold_max");
}

#define CHECK_THRESHOLD(nr, from) do {							\
	EXPECT_EQ(nr, self->page->knob[WEIR_KNOB_MMAP_THRESHOLD]);			\
	EXPECT_EQ(from, self->page->source[WEIR_KNOB_MMAP_THRESHOLD]);			\
} while (0)

TEST_F(profiles, a_new_one_says_nothing)
{
	static const char * const knobs[] = {
		"policy", "mmap_threshold", "mmap_max", "trim_threshold", "top_pad", "arena_max", "hugetlb",
	};
	char path[PATH_MAX];
	struct stat st;
	size_t i;

	PUT("a\n", "profiles/create");
	for (i = 0; i < sizeof(knobs) / sizeof(knobs[0]); i++) {
		EXPECT_STREQ("default", sysfs_get("profiles/a/%s", knobs[i]));
		snprintf(path, sizeof(path), "%s/profiles/a/%s", WEIR_SYSFS, knobs[i]);
		ASSERT_EQ(0, stat(path, &st));
		EXPECT_EQ(0644, st.st_mode & 07777);
		EXPECT_EQ(0, st.st_uid);
	}
	EXPECT_STREQ("", sysfs_get("profiles/a/match_comm"));
	EXPECT_STREQ("", sysfs_get("profiles/a/match_cgroup"));
	EXPECT_STREQ("none", followed());
	PUT("a", "processes/%d/profile", getpid());
	EXPECT_STREQ("a", followed());
	CHECK_THRESHOLD(131072, WEIR_SOURCE_BUILTIN);
}

TEST_F(profiles, a_process_follows_it_live)
{
	CHECK_THRESHOLD(131072, WEIR_SOURCE_BUILTIN);
	PUT("web\n", "processes/%d/profile", getpid());
	EXPECT_STREQ("web", followed());
	CHECK_THRESHOLD(1 << 20, WEIR_SOURCE_PROFILE);
	EXPECT_STREQ("profile", sysfs_get("processes/%d/source/mmap_threshold", getpid()));
	PUT("3M", "profiles/web/mmap_threshold");
	EXPECT_STREQ("3145728", sysfs_get("profiles/web/mmap_threshold"));
	CHECK_THRESHOLD(3 << 20, WEIR_SOURCE_PROFILE);
	PUT("default", "profiles/web/mmap_threshold");
	EXPECT_STREQ("default", sysfs_get("profiles/web/mmap_threshold"));
	CHECK_THRESHOLD(131072, WEIR_SOURCE_BUILTIN);
	PUT("fixed", "profiles/web/policy");
	EXPECT_EQ(WEIR_POLICY_FIXED, self->page->knob[WEIR_KNOB_POLICY]);
	PUT("none", "processes/%d/profile", getpid());
	EXPECT_STREQ("none", followed());
	EXPECT_EQ(WEIR_POLICY_AUTO, self->page->knob[WEIR_KNOB_POLICY]);
}

TEST_F(profiles, it_stands_between_the_record_and_the_default)
{
	PUT("4M", "defaults/mmap_threshold");
	CHECK_THRESHOLD(4 << 20, WEIR_SOURCE_DEFAULT);
	PUT("web", "processes/%d/profile", getpid());
	CHECK_THRESHOLD(1 << 20, WEIR_SOURCE_PROFILE);
	PUT("2M", "processes/%d/mmap_threshold", getpid());
	CHECK_THRESHOLD(2 << 20, WEIR_SOURCE_SYSFS);
	PUT("default", "processes/%d/mmap_threshold", getpid());
	CHECK_THRESHOLD(1 << 20, WEIR_SOURCE_PROFILE);
	PUT("default", "profiles/web/mmap_threshold");
	CHECK_THRESHOLD(4 << 20, WEIR_SOURCE_DEFAULT);
}

TEST_F(profiles, limits_clamp_it)
{
	PUT("web", "processes/%d/profile", getpid());
	PUT("512K", "limits/mmap_threshold_max");
	CHECK_THRESHOLD(512 << 10, WEIR_SOURCE_LIMIT);
	EXPECT_STREQ("524288", sysfs_get("profiles/web/mmap_threshold"));
	PUT("default", "limits/mmap_threshold_max");
	CHECK_THRESHOLD(1 << 20, WEIR_SOURCE_PROFILE);
	EXPECT_STREQ("1048576", sysfs_get("profiles/web/mmap_threshold"));
}

TEST_F(profiles, a_name_given_when_attaching)
{
	pid_t pid;

	weir_detach(self->page);
	IN_CHILD(pid) {
		struct weir_info info = { .size = sizeof(info) };

		CHECK(weir_call_once(WEIR_IOC_INFO, &info) == 0);
		CHECK(info.features & WEIR_FEATURE_PROFILES);
		CHECK(attach_as("web", NULL) == 0);
		CHECK(!strcmp(followed(), "web"));
	}
	EXPECT_EQ(0, child_status(pid));
}

/* The profile may come after the process that asks for it, and come back. */
TEST_F(profiles, a_name_is_waited_for)
{
	pid_t pid;

	weir_detach(self->page);
	IN_CHILD(pid) {
		CHECK(attach_as("c", NULL) == 0);
		CHECK(!strcmp(followed(), "none"));
		CHECK(sysfs_put("c", "profiles/create") == 0);
		CHECK(!strcmp(followed(), "c"));
		CHECK(sysfs_put("c", "profiles/remove") == 0);
		CHECK(!strcmp(followed(), "none"));
		CHECK(sysfs_put("c", "profiles/create") == 0);
		CHECK(!strcmp(followed(), "c"));
		CHECK(sysfs_put("default", "processes/%d/profile", getpid()) == 0);
		CHECK(!strcmp(followed(), "none"));
	}
	EXPECT_EQ(0, child_status(pid));
}

/* While it is not there what matches is followed, as after the removal of a profile. */
TEST_F(profiles, removing_one_leaves_its_processes_to_what_matches)
{
	prctl(PR_SET_NAME, "weir-subject");
	PUT("a", "profiles/create");
	PUT("2M", "profiles/a/mmap_threshold");
	PUT("weir-subject", "profiles/a/match_comm");
	EXPECT_STREQ("a", followed());
	PUT("web", "processes/%d/profile", getpid());
	CHECK_THRESHOLD(1 << 20, WEIR_SOURCE_PROFILE);
	PUT("web", "profiles/remove");
	EXPECT_STREQ("a", followed());
	CHECK_THRESHOLD(2 << 20, WEIR_SOURCE_PROFILE);
	PUT("a", "profiles/remove");
	EXPECT_STREQ("none", followed());
	CHECK_THRESHOLD(131072, WEIR_SOURCE_BUILTIN);
	EXPECT_EQ(-ENOENT, sysfs_put("a", "profiles/remove"));
}

static const struct pattern {
	const char *pattern, *comm;
	bool fits;
} patterns[] = {
	{ "server", "server", true },
	{ "server", "server2", false },
	{ "server", "serve", false },
	{ "server", "Server", false },
	{ "server*", "server-worker", true },
	{ "*", "anything", true },
	{ "*-worker", "server-worker", true },
	{ "s?rver", "server", true },
	{ "s?rver", "srver", false },
	{ "[rs]erver", "server", true },
	{ "[!rs]erver", "server", false },
	{ "\\*", "*", true },
	{ "\\*", "x", false },
	{ "Web Content", "Web Content", true },
	{ "fifteen-letters", "fifteen-letters", true },
	{ "", "server", false },
};

TEST_F(profiles, names_of_processes)
{
	size_t i;

	for (i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		const struct pattern *p = &patterns[i];
		char line[64];

		prctl(PR_SET_NAME, p->comm);
		snprintf(line, sizeof(line), "%s\n", p->pattern);
		PUT(line, "profiles/web/match_comm");
		EXPECT_STREQ(p->pattern, sysfs_get("profiles/web/match_comm"));
		EXPECT_STREQ(p->fits ? "web" : "none", followed()) TH_LOG("%s, %s", p->pattern, p->comm);
	}
}

/* As the process is called when it attaches; "default" looks again. */
TEST_F(profiles, a_process_is_matched_when_it_attaches)
{
	pid_t pid;

	PUT("weir-subject", "profiles/web/match_comm");
	EXPECT_STREQ("none", followed());
	IN_CHILD(pid) {
		prctl(PR_SET_NAME, "weir-subject");
		CHECK(weir_attach_child(self->page) == 0);
		CHECK(!strcmp(followed(), "web"));
		CHECK(self->page->knob[WEIR_KNOB_MMAP_THRESHOLD] == 1 << 20);
		prctl(PR_SET_NAME, "other");
		CHECK(!strcmp(followed(), "web"));
		CHECK(sysfs_put("default", "processes/%d/profile", getpid()) == 0);
		CHECK(!strcmp(followed(), "none"));
	}
	EXPECT_EQ(0, child_status(pid));
}

static bool in_cgroup(const char *path)
{
	char text[PATH_MAX];
	int fd, n;

	snprintf(text, sizeof(text), CGROUP "%s/cgroup.procs", path);
	fd = open(text, O_WRONLY);
	n = write(fd, "0", 1);
	close(fd);
	return n == 1;
}

static const struct path {
	const char *pattern;
	bool fits;
} paths[] = {
	{ "/", true },
	{ "/weir-test", true },
	{ "/weir-test/in", true },
	{ "/weir-test/in/ner", true },
	{ "/weir-test/in/ner/most", false },
	{ "/weir-test/in/ne", false },
	{ "/weir-tes", false },
	{ "/weir-test2", false },
	{ "/in/ner", false },
};

TEST_F(profiles, cgroups)
{
	size_t i;

	mkdir(CGROUP "/weir-test", 0755);
	mkdir(CGROUP "/weir-test/in", 0755);
	mkdir(CGROUP "/weir-test/in/ner", 0755);
	ASSERT_TRUE(in_cgroup("/weir-test/in/ner"));
	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		PUT(paths[i].pattern, "profiles/web/match_cgroup");
		EXPECT_STREQ(paths[i].pattern, sysfs_get("profiles/web/match_cgroup"));
		EXPECT_STREQ(paths[i].fits ? "web" : "none", followed()) TH_LOG("%s", paths[i].pattern);
	}
	/* Both conditions, or none. */
	prctl(PR_SET_NAME, "weir-subject");
	PUT("/weir-test", "profiles/web/match_cgroup");
	PUT("other", "profiles/web/match_comm");
	EXPECT_STREQ("none", followed());
	PUT("weir-*", "profiles/web/match_comm");
	EXPECT_STREQ("web", followed());
	PUT("\n", "profiles/web/match_cgroup");
	EXPECT_STREQ("web", followed());
	PUT("\n", "profiles/web/match_comm");
	EXPECT_STREQ("none", followed());
	EXPECT_TRUE(in_cgroup(""));
	rmdir(CGROUP "/weir-test/in/ner");
	rmdir(CGROUP "/weir-test/in");
	rmdir(CGROUP "/weir-test");
}

/* Of several that match, the first by name, in whatever order they came. */
TEST_F(profiles, the_first_name_wins)
{
	static const char * const order[] = { "p-20", "p-30", "p-10" };
	static const char * const wins[] = { "p-20", "p-20", "p-10" };
	int i;

	prctl(PR_SET_NAME, "weir-subject");
	for (i = 0; i < 3; i++) {
		PUT(order[i], "profiles/create");
		PUT(i ? "weir-*" : "weir-subject", "profiles/%s/match_comm", order[i]);
		EXPECT_STREQ(wins[i], followed());
	}
	PUT("p-10", "profiles/remove");
	EXPECT_STREQ("p-20", followed());
	PUT("other", "profiles/p-20/match_comm");
	EXPECT_STREQ("p-30", followed());
}

/* What was said of the parent holds for the child; what matches is looked for anew. */
TEST_F(profiles, a_child_inherits_what_was_said)
{
	pid_t pid;

	PUT("web", "processes/%d/profile", getpid());
	IN_CHILD(pid) {
		CHECK(weir_attach_child(self->page) == 0);
		CHECK(!strcmp(followed(), "web"));
	}
	EXPECT_EQ(0, child_status(pid));
	IN_CHILD(pid) {
		CHECK(attach_as("none", self->page) == 0);
		CHECK(!strcmp(followed(), "none"));
	}
	EXPECT_EQ(0, child_status(pid));
	IN_CHILD(pid) {
		CHECK(attach_as("default", self->page) == 0);
		CHECK(!strcmp(followed(), "none"));
	}
	EXPECT_EQ(0, child_status(pid));
	PUT("none", "processes/%d/profile", getpid());
	PUT("*", "profiles/web/match_comm");
	IN_CHILD(pid) {
		CHECK(weir_attach_child(self->page) == 0);
		CHECK(!strcmp(followed(), "none"));
	}
	EXPECT_EQ(0, child_status(pid));
}

static const struct line {
	const char *file, *text;
	size_t len;
	int error;
} lines[] = {
#define BAD(file, text, error)		{ file, text, 0, error }
#define BYTES(file, text, error)	{ file, text, sizeof(text) - 1, error }
	BAD("create", "\n", EINVAL),
	BAD("create", "a b", EINVAL),
	BAD("create", " a", EINVAL),
	BAD("create", "a/b", EINVAL),
	BAD("create", "..", EINVAL),
	BAD("create", ".", EINVAL),
	BAD("create", ".hidden", EINVAL),
	BAD("create", "a\n\n", EINVAL),
	BAD("create", "w\xe9" "b", EINVAL),
	BAD("create", "a!", EINVAL),
	BYTES("create", "a\0", EINVAL),
	BYTES("create", "a\0b", EINVAL),
	BAD("create", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", EINVAL),
	BAD("create", "create", EINVAL),
	BAD("create", "remove", EINVAL),
	BAD("create", "none", EINVAL),
	BAD("create", "default", EINVAL),
	BAD("create", "web", EEXIST),
	BAD("remove", "a", ENOENT),
	BAD("remove", "we", ENOENT),
	BAD("remove", "web2", ENOENT),
	BAD("remove", "create", ENOENT),
	BAD("remove", "\n", EINVAL),
	BAD("remove", "../web", EINVAL),
	BYTES("remove", "web\0", EINVAL),
	BAD("web/mmap_threshold", "-1", ERANGE),
	BAD("web/mmap_threshold", "65537G", ERANGE),
	BAD("web/mmap_threshold", "99999999999999999999999", ERANGE),
	BAD("web/mmap_threshold", "1x", EINVAL),
	BAD("web/mmap_threshold", "\n", EINVAL),
	BAD("web/policy", "fast", EINVAL),
	BAD("web/hugetlb", "2", ERANGE),
	BAD("web/match_comm", "a-name-of-16-byt", EINVAL),
	BAD("web/match_comm", "*aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", EINVAL),
	BAD("web/match_comm", "a\nb", EINVAL),
	BAD("web/match_comm", "a\n\n", EINVAL),
	BYTES("web/match_comm", "a\0b", EINVAL),
	BAD("web/match_cgroup", "system.slice", EINVAL),
	BAD("web/match_cgroup", "/system.slice/", EINVAL),
	BAD("web/match_cgroup", "//system.slice", EINVAL),
	BAD("web/match_cgroup", "/a//b", EINVAL),
	BAD("web/match_cgroup", "/a/./b", EINVAL),
	BAD("web/match_cgroup", "/a/..", EINVAL),
	BAD("web/match_cgroup", "/a\nb", EINVAL),
	BYTES("web/match_cgroup", "/a\0b", EINVAL),
};

static int count_profiles(void)
{
	char path[PATH_MAX];
	struct stat st;

	snprintf(path, sizeof(path), "%s/profiles", WEIR_SYSFS);
	return stat(path, &st) ? -1 : (int)st.st_nlink;
}

TEST_F(profiles, what_is_refused_changes_nothing)
{
	uint32_t generation = self->page->generation;
	static char path[300];
	int before = count_profiles();
	size_t i;

	PUT("weir-subject", "profiles/web/match_comm");
	PUT("/a..b/...", "profiles/web/match_cgroup");
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		const struct line *line = &lines[i];

		EXPECT_EQ(-line->error, sysfs_write(line->text, line->len ?: strlen(line->text), "profiles/%s",
						    line->file))
			TH_LOG("%s: '%s'", line->file, line->text);
	}
	memset(path, 'a', 256);
	path[0] = '/';
	EXPECT_EQ(-EINVAL, sysfs_put(path, "profiles/web/match_cgroup"));
	EXPECT_STREQ("1048576", sysfs_get("profiles/web/mmap_threshold"));
	EXPECT_STREQ("default", sysfs_get("profiles/web/policy"));
	EXPECT_STREQ("weir-subject", sysfs_get("profiles/web/match_comm"));
	EXPECT_STREQ("/a..b/...", sysfs_get("profiles/web/match_cgroup"));
	EXPECT_EQ(before, count_profiles());
	EXPECT_EQ(generation, self->page->generation);
	path[255] = 0;
	EXPECT_EQ(0, sysfs_put(path, "profiles/web/match_cgroup"));
	EXPECT_STREQ(path, sysfs_get("profiles/web/match_cgroup"));
}

TEST_F(profiles, what_is_refused_for_a_process)
{
	static const struct {
		const char *text;
		int error;
	} bad[] = {
		{ "a", ENOENT }, { "WEB", ENOENT }, { "\n", EINVAL }, { "web ", EINVAL }, { "web\n\n", EINVAL },
		{ "create", EINVAL }, { "Default", ENOENT }, { "../web", EINVAL },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", EINVAL },
	};
	size_t i;

	PUT("web", "processes/%d/profile", getpid());
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		EXPECT_EQ(-bad[i].error, sysfs_put(bad[i].text, "processes/%d/profile", getpid()))
			TH_LOG("'%s'", bad[i].text);
		EXPECT_STREQ("web", followed());
	}
	EXPECT_EQ(-EINVAL, sysfs_write("web\0", 4, "processes/%d/profile", getpid()));
}

TEST_F(profiles, as_many_as_there_may_be)
{
	char name[16];
	int i;

	for (i = 0; i < 63; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		PUT(name, "profiles/create");
	}
	EXPECT_EQ(-ENOSPC, sysfs_put("a", "profiles/create"));
	EXPECT_EQ(-EEXIST, sysfs_put("web", "profiles/create"));
	for (i = 0; i < 63; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		EXPECT_EQ(0, sysfs_put(name, "profiles/remove"));
	}
	PUT("a", "profiles/create");
}

TEST_F(profiles, they_are_for_root)
{
	pid_t pid;

	IN_CHILD(pid) {
		CHECK(!setresgid(NOBODY, NOBODY, NOBODY) && !setresuid(NOBODY, NOBODY, NOBODY));
		CHECK(sysfs_put("a", "profiles/create") == -EACCES);
		CHECK(sysfs_put("web", "profiles/remove") == -EACCES);
		CHECK(sysfs_put("1", "profiles/web/mmap_threshold") == -EACCES);
		CHECK(sysfs_put("a", "profiles/web/match_comm") == -EACCES);
		CHECK(sysfs_put("/", "profiles/web/match_cgroup") == -EACCES);
		CHECK(!strcmp(sysfs_get("profiles/web/mmap_threshold"), "1048576"));
		/* Its own process may follow any. */
		CHECK(attach_as("web", NULL) == 0);
		CHECK(!strcmp(followed(), "web"));
		CHECK(sysfs_put("none", "processes/%d/profile", getpid()) == 0);
		CHECK(sysfs_put("web", "processes/%d/profile", getppid()) == -EACCES);
	}
	EXPECT_EQ(0, child_status(pid));
}

/* Made, changed and removed while processes come and go, and while somebody writes to its files. */
TEST_F(profiles, in_a_storm)
{
	pid_t comers, writer;
	int i;

	weir_detach(self->page);
	IN_CHILD(comers) {
		for (i = 0; i < 300; i++) {
			pid_t pid;

			IN_CHILD(pid) {
				CHECK(attach_as(i % 2 ? "a" : "", NULL) == 0);
				followed();
			}
			CHECK(child_status(pid) == 0);
		}
	}
	IN_CHILD(writer) {
		for (;;) {
			int ret = sysfs_put("1M", "profiles/a/top_pad");

			CHECK(ret == 0 || ret == -ENOENT || ret == -ENODEV);
			ret = sysfs_put("*", "profiles/a/match_comm");
			CHECK(ret == 0 || ret == -ENOENT || ret == -ENODEV);
		}
	}
	for (i = 0; i < 500; i++) {
		ASSERT_EQ(0, sysfs_put("a", "profiles/create"));
		ASSERT_EQ(0, sysfs_put("2M", "profiles/a/mmap_threshold"));
		ASSERT_EQ(0, sysfs_put("a", "profiles/remove"));
	}
	kill(writer, SIGKILL);
	child_status(writer);
	EXPECT_EQ(0, child_status(comers));
	self->page = weir_attach_self();
	EXPECT_STREQ("none", followed());
}

TEST_HARNESS_MAIN
