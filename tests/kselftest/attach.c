// SPDX-License-Identifier: GPL-2.0
/*
 * Attaching: what holds an attachment and what ends it, and what can be done with the mapping.
 */
#include "weir_test.h"

TEST(the_mapping_holds_the_attachment)
{
	ctlpage_t *page;
	int fd = weir_open();

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, weir_attach(fd));
	EXPECT_TRUE(record_exists(getpid()));
	page = weir_map(fd);
	ASSERT_NE(NULL, page);
	close(fd);
	EXPECT_TRUE(record_exists(getpid()));
	EXPECT_EQ(WEIR_PAGE_MAGIC, page->magic);
	EXPECT_EQ(sizeof(*page), page->size);
	EXPECT_EQ(WEIR_STATE_ATTACHED, page->state);
	EXPECT_EQ(WEIR_KNOB_NR, page->knob_nr);
	EXPECT_NE(0, page->generation);
	EXPECT_EQ(0, page->generation % 2);
	weir_detach(page);
	EXPECT_TRUE(record_goes(getpid()));
}

TEST(a_descriptor_closed_unmapped_takes_the_record_away)
{
	int fd = weir_open();

	ASSERT_EQ(0, weir_attach(fd));
	EXPECT_TRUE(record_exists(getpid()));
	close(fd);
	EXPECT_TRUE(record_goes(getpid()));
	EXPECT_NE(NULL, weir_attach_self());
}

TEST(attaching_twice_is_refused)
{
	int fd = weir_open(), other = weir_open();

	ASSERT_EQ(0, weir_attach(fd));
	EXPECT_EQ(-EEXIST, weir_attach(fd));
	EXPECT_EQ(-EEXIST, weir_attach(other));
	ASSERT_NE(NULL, weir_map(fd));
	EXPECT_EQ(-EEXIST, weir_attach(fd));
	EXPECT_EQ(-EEXIST, weir_attach(other));
}

TEST(after_munmap_either_descriptor_attaches_anew)
{
	int fd = weir_open(), other = weir_open(), i;
	ctlpage_t *page;

	for (i = 0; i < 4; i++) {
		int use = i < 2 ? fd : other;

		ASSERT_EQ(0, weir_attach(use)) TH_LOG("round %d", i);
		page = weir_map(use);
		ASSERT_NE(NULL, page);
		weir_detach(page);
		EXPECT_EQ(NULL, weir_map(use));
		EXPECT_EQ(ENOTCONN, errno);
	}
}

TEST(two_mappings_count_as_one_attachment)
{
	ctlpage_t *a, *b;
	int fd = weir_open();

	ASSERT_EQ(0, weir_attach(fd));
	a = weir_map(fd);
	b = weir_map(fd);
	ASSERT_NE(NULL, a);
	ASSERT_NE(NULL, b);
	close(fd);
	weir_detach(a);
	usleep(50000);
	EXPECT_TRUE(record_exists(getpid()));
	EXPECT_EQ(WEIR_STATE_ATTACHED, b->state);
	weir_detach(b);
	EXPECT_TRUE(record_goes(getpid()));
}

TEST(a_descriptor_opened_read_only_suffices)
{
	int fd = open(WEIR_DEVICE, O_RDONLY);

	ASSERT_EQ(0, weir_attach(fd));
	ASSERT_NE(NULL, weir_map(fd));
}

/* One line a mapping that is refused: what is asked for, and the errno. */
static const struct bad_map {
	const char *what;
	int open_flags;
	long pages;
	int prot;
	int flags;
	off_t offset;
	int error;
} bad_maps[] = {
	{ "two pages", O_RDWR, 2, PROT_READ, MAP_SHARED, 0, EINVAL },
	{ "64 pages", O_RDWR, 64, PROT_READ, MAP_SHARED, 0, EINVAL },
	{ "third page", O_RDWR, 1, PROT_READ, MAP_SHARED, 8192, EINVAL },
	{ "far offset", O_RDWR, 1, PROT_READ, MAP_SHARED, 1L << 40, EINVAL },
	{ "private", O_RDWR, 1, PROT_READ, MAP_PRIVATE, 0, EINVAL },
	{ "private writable", O_RDWR, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE, 0, EINVAL },
	{ "writable", O_RDWR, 1, PROT_READ | PROT_WRITE, MAP_SHARED, 0, EPERM },
	{ "write only", O_RDWR, 1, PROT_WRITE, MAP_SHARED, 0, EPERM },
	{ "writable, read-only descriptor", O_RDONLY, 1, PROT_READ | PROT_WRITE, MAP_SHARED, 0, EACCES },
};

TEST(bad_mappings_are_refused)
{
	size_t i;

	for (i = 0; i < sizeof(bad_maps) / sizeof(bad_maps[0]); i++) {
		const struct bad_map *m = &bad_maps[i];
		int fd = open(WEIR_DEVICE, m->open_flags);
		void *p;

		ASSERT_EQ(0, weir_attach(fd)) TH_LOG("%s", m->what);
		p = mmap(NULL, m->pages * 4096, m->prot, m->flags, fd, m->offset);
		EXPECT_EQ(MAP_FAILED, p) TH_LOG("%s", m->what);
		EXPECT_EQ(m->error, errno) TH_LOG("%s", m->what);
		close(fd);
	}
	EXPECT_TRUE(record_goes(getpid()));
}

TEST(a_descriptor_that_has_not_attached_maps_nothing)
{
	EXPECT_EQ(NULL, weir_map(weir_open()));
	EXPECT_EQ(ENOTCONN, errno);
}

TEST(the_mapping_cannot_be_made_writable)
{
	char zero[8] = "";
	ctlpage_t *page = weir_attach_self();
	int mem = open("/proc/self/mem", O_RDWR);

	ASSERT_NE(NULL, page);
	EXPECT_EQ(-1, mprotect((void *)page, 4096, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-1, mprotect((void *)page, 4096, PROT_READ | PROT_EXEC));
	EXPECT_EQ(-1, pwrite(mem, zero, sizeof(zero), (off_t)page));
	EXPECT_EQ(WEIR_PAGE_MAGIC, page->magic);
}

/* Not even into free space behind it. */
TEST(the_mapping_does_not_grow)
{
	char *room = mmap(NULL, 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = weir_open();

	ASSERT_EQ(0, weir_attach(fd));
	ASSERT_EQ(0, munmap(room, 8192));
	ASSERT_EQ(room, mmap(room, 4096, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0));
	EXPECT_EQ(MAP_FAILED, mremap(room, 4096, 8192, 0));
	EXPECT_EQ(EFAULT, errno);
}

TEST(the_mapping_stays_where_it_is)
{
	ctlpage_t *page = weir_attach_self();
	char *to = mmap(NULL, 16384, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(NULL, page);
	EXPECT_EQ(MAP_FAILED, mremap((void *)page, 4096, 8192, MREMAP_MAYMOVE));
	EXPECT_EQ(MAP_FAILED, mremap((void *)page, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, to));
	EXPECT_EQ(MAP_FAILED, mremap((void *)page, 0, 4096, MREMAP_MAYMOVE));
	EXPECT_EQ(WEIR_STATE_ATTACHED, page->state);
	EXPECT_TRUE(record_exists(getpid()));
	weir_detach(page);
	EXPECT_TRUE(record_goes(getpid()));
}

TEST(the_page_survives_what_madvise_does)
{
	static const int advice[] = { MADV_DONTNEED, MADV_COLD, MADV_PAGEOUT, MADV_WILLNEED, MADV_FREE };
	ctlpage_t *page = weir_attach_self();
	uint32_t generation;
	size_t i;

	ASSERT_NE(NULL, page);
	generation = page->generation;
	for (i = 0; i < sizeof(advice) / sizeof(advice[0]); i++) {
		madvise((void *)page, 4096, advice[i]);
		EXPECT_EQ(generation, page->generation) TH_LOG("advice %d", advice[i]);
	}
	EXPECT_EQ(0, mlockall(MCL_CURRENT));
	EXPECT_EQ(0, munlockall());
	EXPECT_EQ(generation, page->generation);
}

TEST(a_file_mapped_over_the_page_ends_the_attachment)
{
	ctlpage_t *page = weir_attach_self();

	ASSERT_NE(NULL, page);
	ASSERT_EQ(page, mmap((void *)page, 4096, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	EXPECT_TRUE(record_goes(getpid()));
	EXPECT_EQ(0, page->magic);
}

TEST(a_descriptor_holding_another_process_is_busy_until_mapped)
{
	int fd = weir_open();
	pid_t pid;

	ASSERT_EQ(0, weir_attach(fd));
	IN_CHILD(pid) {
		CHECK(weir_attach(fd) == -EBUSY);
		CHECK(!weir_map(fd) && errno == ENOTCONN);
	}
	EXPECT_EQ(0, child_status(pid));
	ASSERT_NE(NULL, weir_map(fd));
	IN_CHILD(pid) {
		CHECK(weir_attach(fd) == 0);
		CHECK(weir_map(fd));
	}
	EXPECT_EQ(0, child_status(pid));
	EXPECT_TRUE(record_goes(pid));
	EXPECT_TRUE(record_exists(getpid()));
}

TEST(a_descriptor_that_outlives_its_process_does_not_keep_the_pid)
{
	int fd = weir_open();
	pid_t pid;

	IN_CHILD(pid) {
		CHECK(weir_attach(fd) == 0);
	}
	ASSERT_EQ(0, child_status(pid));
	close(fd);
	EXPECT_TRUE(record_goes(pid));
}

TEST_HARNESS_MAIN
