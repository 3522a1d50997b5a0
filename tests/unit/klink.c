// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The link to a module of another version: one that knows fewer knobs than this library, and one that knows
 * more. The device's calls are played by the test; where the versions agree the tests that have the
 * real module in a machine of its own say more.
 */
#include <errno.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"
#include "figures.h"
#include "klink.h"
#include "process.h"
#include "request.h"

#define DEVICE_FD 1000

/* The module: how many knobs it knows, the page, and what it was told. */
static unsigned int known;
static struct weir_ctlpage *page;
static uint32_t environment_mask, self_mask;
static int refused;
static bool knows_profiles = true;
static char profile[WEIR_PROFILE_NAME_LEN];

/* What is called instead of the C library's functions: see the linker's --wrap. */
int __wrap_ioctl(int fd, unsigned long call, void *arg);
long __wrap_syscall(long number, long a, long b, long c, long d, long e, long f);
long __real_syscall(long number, long a, long b, long c, long d, long e, long f);
int __wrap_fstat(int fd, struct stat *st);
int __real_fstat(int fd, struct stat *st);
void *__wrap_mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset);
void *__real_mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset);

static void publish(unsigned int k, int64_t value, enum weir_source source)
{
	page->knob[k] = value;
	page->source[k] = source;
}

static void new_module(unsigned int knobs)
{
	known = knobs;
	page = __real_mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	page->magic = WEIR_PAGE_MAGIC;
	page->size = sizeof(*page);
	page->state = WEIR_STATE_ATTACHED;
	page->knob_nr = knobs;
	page->generation = 2;
	for (unsigned int k = 0; k < knobs; k++)
		publish(k, k < WEIR_KNOB_NR ? knob_table[k].builtin : 4711, WEIR_SOURCE_BUILTIN);
}

/* As kmod/chardev.c: all of it or nothing. */
static int set_knobs(const struct weir_knobs *set)
{
	if (set->set_mask >> known) {
		refused++;
		errno = EINVAL;
		return -1;
	}
	*(set->flags & WEIR_KNOBS_ENVIRONMENT ? &environment_mask : &self_mask) |= set->set_mask;
	for (unsigned int k = 0; k < known; k++)
		if (set->set_mask & (1u << k))
			publish(k, set->value[k], set->flags & WEIR_KNOBS_ENVIRONMENT ?
				WEIR_SOURCE_ENVIRONMENT : WEIR_SOURCE_SELF);
	page->generation += 2;
	return 0;
}

/* A structure longer than the module's is taken if the excess is zero. */
static int attach(struct weir_attach *arg)
{
	if (!knows_profiles && arg->profile[0]) {
		errno = EINVAL;
		return -1;
	}
	memcpy(profile, arg->profile, sizeof(profile));
	arg->map_size = PAGE;
	return 0;
}

int __wrap_ioctl(int fd, unsigned long call, void *arg)
{
	switch (call) {
	case WEIR_IOC_ATTACH:
		return attach(arg);
	case WEIR_IOC_SET_KNOBS:
		return set_knobs(arg);
	default:
		return 0;
	}
}

/* Before a test has made a module there is no device. */
long __wrap_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	if (number == SYS_openat && strcmp((const char *)b, WEIR_DEVICE) == 0)
		return page ? DEVICE_FD : -1;
	return number == SYS_close && a == DEVICE_FD ? 0 : __real_syscall(number, a, b, c, d, e, f);
}

int __wrap_fstat(int fd, struct stat *st)
{
	if (fd != DEVICE_FD)
		return __real_fstat(fd, st);
	st->st_mode = S_IFCHR;
	return 0;
}

void *__wrap_mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset)
{
	return fd == DEVICE_FD ? (void *)page : __real_mmap(at, size, prot, flags, fd, offset);
}

/* A module from before the hugetlb knob. */
TEST(older_module_is_told_what_it_knows)
{
	new_module(WEIR_KNOB_HUGETLB);
	knobs_say(WEIR_KNOB_TOP_PAD, 4096, WEIR_SOURCE_ENVIRONMENT);
	knobs_say(WEIR_KNOB_HUGETLB, 1, WEIR_SOURCE_ENVIRONMENT);
	knobs_say(WEIR_KNOB_MMAP_MAX, 7, WEIR_SOURCE_SELF);
	klink_start();
	EXPECT_EQ(page, (const struct weir_ctlpage *)klink_page);
	EXPECT_EQ(0, refused);
	EXPECT_EQ(1u << WEIR_KNOB_TOP_PAD, environment_mask);
	EXPECT_EQ(1u << WEIR_KNOB_MMAP_MAX, self_mask);
	EXPECT_EQ(4096, knob(WEIR_KNOB_TOP_PAD));
	EXPECT_EQ(7, knob(WEIR_KNOB_MMAP_MAX));
	/* What it does not know stays at this process's word. */
	EXPECT_EQ(1, knob(WEIR_KNOB_HUGETLB));
}

TEST(older_module_does_not_turn_what_it_does_not_know)
{
	new_module(WEIR_KNOB_HUGETLB);
	/* Not knobs: room in the page, whatever stands there. */
	publish(WEIR_KNOB_HUGETLB, 1, WEIR_SOURCE_SYSFS);
	klink_start();
	EXPECT_EQ(0, knob(WEIR_KNOB_HUGETLB));
	klink_say(WEIR_KNOB_HUGETLB, 1);
	EXPECT_EQ(1, knob(WEIR_KNOB_HUGETLB));
	/* And its knobs go on turning. */
	publish(WEIR_KNOB_TOP_PAD, 12288, WEIR_SOURCE_SYSFS);
	page->generation += 2;
	klink_poll();
	EXPECT_EQ(12288, knob(WEIR_KNOB_TOP_PAD));
	EXPECT_EQ(1, knob(WEIR_KNOB_HUGETLB));
}

TEST(module_of_this_version)
{
	new_module(WEIR_KNOB_NR);
	knobs_say(WEIR_KNOB_HUGETLB, 1, WEIR_SOURCE_ENVIRONMENT);
	klink_start();
	EXPECT_EQ(1u << WEIR_KNOB_HUGETLB, environment_mask);
	EXPECT_EQ(1, knob(WEIR_KNOB_HUGETLB));
	publish(WEIR_KNOB_HUGETLB, 0, WEIR_SOURCE_SYSFS);
	page->generation += 2;
	klink_poll();
	EXPECT_EQ(0, knob(WEIR_KNOB_HUGETLB));
}

/* One with knobs behind ours: they are none of our business. */
TEST(newer_module)
{
	new_module(WEIR_KNOB_NR + 2);
	knobs_say(WEIR_KNOB_TOP_PAD, 4096, WEIR_SOURCE_ENVIRONMENT);
	klink_start();
	EXPECT_EQ(page, (const struct weir_ctlpage *)klink_page);
	EXPECT_EQ(0, refused);
	EXPECT_EQ(1u << WEIR_KNOB_TOP_PAD, environment_mask);
	publish(WEIR_KNOB_NR, 815, WEIR_SOURCE_SYSFS);
	publish(WEIR_KNOB_HUGETLB, 1, WEIR_SOURCE_SYSFS);
	page->generation += 2;
	klink_poll();
	EXPECT_EQ(1, knob(WEIR_KNOB_HUGETLB));
	EXPECT_EQ(4096, knob(WEIR_KNOB_TOP_PAD));
}

TEST(profile_is_asked_for)
{
	new_module(WEIR_KNOB_NR);
	klink_set_profile("web", 3);
	klink_start();
	EXPECT_EQ(page, (const struct weir_ctlpage *)klink_page);
	EXPECT_STREQ("web", profile);
}

TEST(module_without_profiles_is_attached_to_all_the_same)
{
	new_module(WEIR_KNOB_NR);
	knows_profiles = false;
	klink_set_profile("web", 3);
	klink_start();
	EXPECT_EQ(page, (const struct weir_ctlpage *)klink_page);
	EXPECT_STREQ("", profile);
}

/* A value that only a newer version has for a knob: that one knob stays at this process's word. */
TEST(newer_value)
{
	new_module(WEIR_KNOB_NR);
	publish(WEIR_KNOB_HUGETLB, 2, WEIR_SOURCE_SYSFS);
	publish(WEIR_KNOB_TOP_PAD, 4096, WEIR_SOURCE_SYSFS);
	klink_start();
	EXPECT_EQ(0, knob(WEIR_KNOB_HUGETLB));
	EXPECT_EQ(4096, knob(WEIR_KNOB_TOP_PAD));
}

/* Its page ends where the requests to trim begin; what is behind that is none. */
TEST(module_from_before_requests_and_figures)
{
	new_module(WEIR_KNOB_NR);
	page->size = offsetof(struct weir_ctlpage, trim_request);
	page->trim_request = 5;
	page->trim_keep = 4096;
	klink_start();
	EXPECT_EQ(page, (const struct weir_ctlpage *)klink_page);
	EXPECT_FALSE(request_is_pending());
	EXPECT_EQ(NULL, (struct weir_figures *)figures_page);
	publish(WEIR_KNOB_TOP_PAD, 12288, WEIR_SOURCE_SYSFS);
	page->generation += 2;
	klink_poll();
	EXPECT_EQ(12288, knob(WEIR_KNOB_TOP_PAD));
	EXPECT_EQ(page->generation, klink_seen);
}

TEST_HARNESS_MAIN
