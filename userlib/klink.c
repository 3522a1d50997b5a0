// SPDX-License-Identifier: LGPL-2.1-or-later
#include "klink.h"

#include "chunk.h"
#include "figures.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "fork.h"
#include "lock.h"
#include "os.h"
#include "request.h"

/* How often a process without the module looks for it. */
#define RETRY_SECONDS 1

/* The page as first published: an older module's has no more. What came later has a feature bit. */
#define FIRST_SIZE offsetof(struct weir_ctlpage, trim_request)

/* Stands in while there is no module: its generation never moves. */
static const struct weir_ctlpage no_page;

const struct weir_ctlpage *_Atomic klink_page = &no_page;
_Atomic uint32_t klink_seen;

/*
 * Serializes attaching, refreshing and saying. Taken by trylock except in mallopt and fork: who
 * comes second finds the work being done, and a raw clone's child, in which the holder may not exist,
 * does not hang.
 */
static struct lock klink_lock = LOCK_INIT;
static enum klink_mode mode = KLINK_LATE;
static char profile[WEIR_PROFILE_NAME_LEN];
static _Atomic time_t next_look;
static uint32_t noted;	/* the generation that is in force; the lock */

void klink_set_mode(enum klink_mode m)
{
	mode = m;
}

void klink_set_profile(const char *name, size_t length)
{
	memset(profile, 0, sizeof(profile));
	memcpy(profile, name, length);
}

static bool is_attached(const struct weir_ctlpage *page)
{
	return page != &no_page &&
		__atomic_load_n(&page->state, __ATOMIC_ACQUIRE) == WEIR_STATE_ATTACHED;
}

static void publish_own(void)
{
	struct knob_set set;

	knobs_own(&set);
	knobs_publish(&set);
}

/*
 * The knobs of one generation, if that can be had in a few tries; else each is valid by itself and the
 * generation noted is one that makes the next poll read again.
 */
static uint32_t read_page(const struct weir_ctlpage *page, struct knob_set *set, struct request *r)
{
	uint32_t before, after = 0;

	for (int tries = 0; tries < 100; tries++) {
		before = __atomic_load_n(&page->generation, __ATOMIC_ACQUIRE);
		for (int k = 0; k < WEIR_KNOB_NR; k++) {
			/* No later load comes before these; a fence would say so once, but to no thread sanitizer. */
			set->value[k] = __atomic_load_n(&page->knob[k], __ATOMIC_ACQUIRE);
			set->source[k] = __atomic_load_n(&page->source[k], __ATOMIC_ACQUIRE);
		}
		if (page->features & WEIR_FEATURE_TRIM) {
			r->number = __atomic_load_n(&page->trim_request, __ATOMIC_ACQUIRE);
			r->keep = __atomic_load_n(&page->trim_keep, __ATOMIC_ACQUIRE);
		}
		after = __atomic_load_n(&page->generation, __ATOMIC_RELAXED);
		if (before == after && !(before & 1))
			return after;
	}
	return after | 1;
}

/* While there is a request to work on every poll shall differ: no generation that is read is odd. */
static void note(uint32_t generation)
{
	noted = generation;
	atomic_store_explicit(&klink_seen, request_is_pending() ? generation | 1 : generation, memory_order_relaxed);
}

/* A newer module may have more knobs, an older one fewer: those are at this process's own word. */
static void take_over(const struct weir_ctlpage *page)
{
	struct knob_set set, own;
	struct request r = { 0 };
	uint32_t generation = read_page(page, &set, &r);

	knobs_own(&own);
	for (unsigned int k = 0; k < WEIR_KNOB_NR; k++)
		if (k >= page->knob_nr || !knob_in_range(k, set.value[k])) {
			set.value[k] = own.value[k];
			set.source[k] = own.source[k];
		}
	knobs_publish(&set);
	request_see(r);
	note(generation);
}

/* The C library's open() and close() are cancellation points, malloc must be none. */
static void close_device(int fd)
{
	syscall(SYS_close, fd);
}

static int open_device(void)
{
	struct stat st;
	const int flags = O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW;
	/* To be written is the figures page, which all else does without. */
	int fd = syscall(SYS_openat, AT_FDCWD, WEIR_DEVICE, O_RDWR | flags);

	if (fd < 0 && errno == EACCES)
		fd = syscall(SYS_openat, AT_FDCWD, WEIR_DEVICE, O_RDONLY | flags);
	if (fd >= 0 && (fstat(fd, &st) != 0 || !S_ISCHR(st.st_mode))) {
		close_device(fd);
		fd = -1;
	}
	return fd;
}

/*
 * What the environment and earlier mallopt calls said, for the record. Of the knobs that the module
 * knows: an older one refuses all of a set with others among them.
 */
static void tell_own_knobs(int fd, unsigned int known)
{
	static const struct { enum weir_source source; uint32_t flags; } kinds[] = {
		{ WEIR_SOURCE_ENVIRONMENT, WEIR_KNOBS_ENVIRONMENT },
		{ WEIR_SOURCE_SELF, 0 },
	};
	struct knob_set own;

	knobs_own(&own);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct weir_knobs k = { .size = sizeof(k), .flags = kinds[i].flags };

		for (unsigned int n = 0; n < WEIR_KNOB_NR && n < known; n++)
			if (own.source[n] == kinds[i].source) {
				k.set_mask |= 1u << n;
				k.value[n] = own.value[n];
			}
		if (k.set_mask)
			ioctl(fd, WEIR_IOC_SET_KNOBS, &k);
	}
}

/* A module from before there were profiles refuses what it does not know: attached is better than not. */
static int attach_record(int fd, struct weir_attach *attach)
{
	int ret = ioctl(fd, WEIR_IOC_ATTACH, attach);

	if (ret != 0 && errno == EINVAL && attach->profile[0]) {
		memset(attach->profile, 0, sizeof(attach->profile));
		ret = ioctl(fd, WEIR_IOC_ATTACH, attach);
	}
	return ret;
}

static const struct weir_ctlpage *attach_and_map(int fd, const struct weir_ctlpage *inherit)
{
	struct weir_attach attach = {
		.size = sizeof(attach),
		.flags = inherit ? WEIR_ATTACH_INHERIT : 0,
		.inherit = (uintptr_t)inherit,
		.features = WEIR_FEATURE_KNOBS,
	};
	struct weir_regions regions = { .size = sizeof(regions) };
	const struct weir_ctlpage *page;

	/* A child inherits its parent's, as the admin may have left it since. */
	if (!inherit)
		memcpy(attach.profile, profile, sizeof(profile));
	if (attach_record(fd, &attach) != 0 || attach.map_size < FIRST_SIZE)
		return NULL;
	/* Over the mapping that came from the parent: the address stays, readers never see a gap. */
	page = mmap((void *)inherit, attach.map_size, PROT_READ, MAP_SHARED | (inherit ? MAP_FIXED : 0), fd, 0);
	if (page == MAP_FAILED)
		return NULL;
	if (page->magic != WEIR_PAGE_MAGIC || page->size < FIRST_SIZE || !is_attached(page)) {
		if (!inherit)
			munmap((void *)page, attach.map_size);
		return NULL;
	}
	regions.nr = os_regions(regions.region);
	ioctl(fd, WEIR_IOC_SET_REGIONS, &regions);
	if (!inherit)
		tell_own_knobs(fd, page->knob_nr);
	return page;
}

static void map_figures(int fd, uint64_t features)
{
	void *figures = MAP_FAILED;

	if (features & WEIR_FEATURE_FIGURES)
		figures = mmap(NULL, os_page_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, os_page_size);
	figures_set_page(figures == MAP_FAILED ? NULL : figures);
}

/* With the klink lock. The page of a fork's parent, if there is one, is what to inherit. */
static void attach(void)
{
	const struct weir_ctlpage *old = atomic_load_explicit(&klink_page, memory_order_relaxed), *page = NULL;
	int fd = open_device();

	figures_set_page(NULL);
	if (fd >= 0) {
		page = attach_and_map(fd, old == &no_page ? NULL : old);
		if (page)
			map_figures(fd, page->features);
		close_device(fd);
	}
	if (page) {
		request_forget();
		/* Take over first: a reader of the new page finds its generation in force. */
		take_over(page);
		atomic_store_explicit(&klink_page, page, memory_order_release);
	} else {
		/* The knobs in force stay in force; polls are quiet until something moves. */
		note(old->generation);
	}
}

static void look_again_later(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	atomic_store_explicit(&next_look, now.tv_sec + RETRY_SECONDS, memory_order_relaxed);
}

SELDOM void klink_start(void)
{
	int saved = errno;

	if (mode != KLINK_NEVER && lock_try(&klink_lock)) {
		if (!is_attached(atomic_load_explicit(&klink_page, memory_order_relaxed)))
			attach();
		look_again_later();
		lock_drop(&klink_lock);
	}
	errno = saved;
}

SELDOM void klink_retry(void)
{
	struct timespec now;

	klink_poll();
	if (mode != KLINK_LATE || is_attached(atomic_load_explicit(&klink_page, memory_order_relaxed)))
		return;
	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	if (now.tv_sec >= atomic_load_explicit(&next_look, memory_order_relaxed))
		klink_start();
}

/* A little of the request to trim that there may be, and the answer when it was the last of it. */
static void work_on_request(void)
{
	struct weir_trim_done done = { .size = sizeof(done) };
	size_t bytes;
	int fd;

	if (!request_is_pending() || !request_step(&done.request, &bytes))
		return;
	done.bytes = bytes;
	fd = open_device();
	if (fd >= 0) {
		ioctl(fd, WEIR_IOC_TRIM_DONE, &done);
		close_device(fd);
	}
}

SELDOM void klink_refresh(void)
{
	int saved = errno;
	const struct weir_ctlpage *page;

	if (lock_try(&klink_lock)) {
		page = atomic_load_explicit(&klink_page, memory_order_relaxed);
		if (!is_attached(page))
			attach();
		else if (__atomic_load_n(&page->generation, __ATOMIC_RELAXED) != noted)
			take_over(page);
		else
			note(noted);
		lock_drop(&klink_lock);
	}
	work_on_request();
	errno = saved;
}

void klink_say(enum weir_knob k, int64_t value)
{
	const struct weir_ctlpage *page;
	struct weir_knobs say = { .size = sizeof(say), .set_mask = 1u << k };
	bool forking = fork_holds_locks();	/* with this lock among them */
	int saved = errno, fd;

	if (!forking)
		lock_take(&klink_lock);
	page = atomic_load_explicit(&klink_page, memory_order_relaxed);
	knobs_say(k, value, WEIR_SOURCE_SELF);
	say.value[k] = value;
	if (is_attached(page) && (fd = open_device()) >= 0) {
		ioctl(fd, WEIR_IOC_SET_KNOBS, &say);
		close_device(fd);
		take_over(page);
	} else if (is_attached(page)) {
		/* Cut off from the device (chroot): the page would outvote us, so say it over the page. */
		struct knob_set set;
		struct request r = { 0 };

		read_page(page, &set, &r);
		set.value[k] = value;
		set.source[k] = WEIR_SOURCE_SELF;
		knobs_publish(&set);
	} else {
		publish_own();
	}
	if (!forking)
		lock_drop(&klink_lock);
	errno = saved;
}

void klink_fork_prepare(void) { lock_take(&klink_lock); }
void klink_fork_parent(void) { lock_drop(&klink_lock); }

void klink_fork_child(void)
{
	int saved = errno;

	lock_reset(&klink_lock);
	request_fork_child();
	if (atomic_load_explicit(&klink_page, memory_order_relaxed) != &no_page && mode != KLINK_NEVER) {
		lock_try(&klink_lock);
		attach();
		lock_drop(&klink_lock);
	}
	errno = saved;
}
