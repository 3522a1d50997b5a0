// SPDX-License-Identifier: GPL-2.0
/*
 * The figures page: what the process writes is what the files say, and nothing more comes of it.
 */
#include "weir_test.h"

#define PAGE	4096

static struct weir_figures *map_figures(int fd)
{
	void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, PAGE);

	return p == MAP_FAILED ? NULL : p;
}

#define MINE(name)	sysfs_get("processes/%d/" name, getpid())

FIXTURE(figures) {
	int fd;
	ctlpage_t *page;
	struct weir_figures *figures;
};

FIXTURE_SETUP(figures)
{
	self->fd = weir_open();
	ASSERT_EQ(0, weir_attach(self->fd));
	self->page = weir_map(self->fd);
	ASSERT_NE(NULL, self->page);
	self->figures = map_figures(self->fd);
	ASSERT_NE(NULL, self->figures);
}

FIXTURE_TEARDOWN(figures)
{
}

static void expect_none(struct __test_metadata *_metadata)
{
	static const char * const names[] = { "arenas", "arena_bytes", "in_use_bytes",
					      "idle_bytes", "mapped_bytes", "trims" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		errno = 0;
		EXPECT_STREQ("", sysfs_get("processes/%d/%s", getpid(), names[i]));
		EXPECT_EQ(ENODATA, errno) TH_LOG("%s", names[i]);
	}
}

TEST(no_page_no_figures)
{
	ASSERT_NE(NULL, weir_attach_self());
	expect_none(_metadata);
}

TEST_F(figures, are_shown_as_written)
{
	volatile struct weir_figures *f = self->figures;

	expect_none(_metadata);
	f->arenas = 3;
	f->arena_bytes = 1000;
	f->in_use_bytes = 600;
	f->idle_bytes = 400;
	f->mapped_bytes = ~0ULL;
	f->trims = 7;
	expect_none(_metadata);
	f->size = sizeof(*f);
	EXPECT_STREQ("3", MINE("arenas"));
	EXPECT_STREQ("1000", MINE("arena_bytes"));
	EXPECT_STREQ("600", MINE("in_use_bytes"));
	EXPECT_STREQ("400", MINE("idle_bytes"));
	EXPECT_STREQ("18446744073709551615", MINE("mapped_bytes"));
	EXPECT_STREQ("7", MINE("trims"));
	f->idle_bytes = 500;
	EXPECT_STREQ("500", MINE("idle_bytes"));
}

TEST_F(figures, a_second_mapping_is_the_same_page)
{
	struct weir_figures *again = map_figures(self->fd);

	ASSERT_NE(NULL, again);
	again->arenas = 5;
	EXPECT_EQ(5, self->figures->arenas);
	munmap(again, PAGE);
	EXPECT_EQ(5, self->figures->arenas);
}

TEST_F(figures, whatever_is_done_to_the_page)
{
	self->figures->size = sizeof(struct weir_figures);
	self->figures->arenas = 5;
	EXPECT_EQ(0, madvise(self->figures, PAGE, MADV_DONTNEED));
	EXPECT_EQ(5, self->figures->arenas);
	EXPECT_EQ(-1, mprotect(self->figures, PAGE, PROT_READ | PROT_EXEC));
	EXPECT_EQ(0, mprotect(self->figures, PAGE, PROT_READ));
	EXPECT_EQ(MAP_FAILED, mremap(self->figures, PAGE, 2 * PAGE, MREMAP_MAYMOVE));
	EXPECT_STREQ("5", MINE("arenas"));
	/* The page does not hold the attachment, nor goes with it. */
	weir_detach(self->page);
	EXPECT_EQ(0, mprotect(self->figures, PAGE, PROT_READ | PROT_WRITE));
	EXPECT_TRUE(record_goes(getpid()));
	EXPECT_EQ(0, madvise(self->figures, PAGE, MADV_DONTNEED));
	EXPECT_EQ(5, self->figures->arenas);
	self->figures->arenas = 6;
}

TEST_F(figures, a_child_does_not_have_it)
{
	unsigned char vec;
	pid_t pid;

	self->figures->size = sizeof(struct weir_figures);
	self->figures->arenas = 5;
	IN_CHILD(pid) {
		struct weir_figures *mine;
		int fd = weir_open();

		CHECK(mincore(self->figures, PAGE, &vec) == -1 && errno == ENOMEM);
		CHECK(!map_figures(fd) && errno == ENOTCONN);
		CHECK(!weir_attach_inherit(fd, self->page));
		CHECK(weir_map(fd));
		mine = map_figures(fd);
		CHECK(mine && !mine->size && !mine->arenas);
		mine->size = sizeof(*mine);
		mine->arenas = 9;
		CHECK(!strcmp("9", MINE("arenas")));
		CHECK(!strcmp("5", sysfs_get("processes/%d/arenas", getppid())));
	}
	EXPECT_EQ(0, child_status(pid));
	EXPECT_STREQ("5", MINE("arenas"));
}

TEST_F(figures, bad_mappings)
{
	int other = weir_open(), ro = open(WEIR_DEVICE, O_RDONLY | O_CLOEXEC);

	EXPECT_EQ(MAP_FAILED, mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, self->fd, PAGE));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, self->fd, PAGE));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ, MAP_SHARED, self->fd, 2 * PAGE));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ, MAP_SHARED, other, PAGE));
	EXPECT_EQ(ENOTCONN, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, ro, PAGE));
	EXPECT_EQ(EACCES, errno);
}

TEST_HARNESS_MAIN
