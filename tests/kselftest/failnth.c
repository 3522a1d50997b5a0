// SPDX-License-Identifier: GPL-2.0
/*
 * Every allocation that a call makes is made to fail in turn (fault-injection.rst, fail-nth): the call then
 * succeeds all the same or says ENOMEM, nothing has changed, and nothing is left.  What has leaked is found
 * by kmemleak when the machine ends.  Needs the debug kernel.
 */
#include <ftw.h>
#include <sys/stat.h>

#include "weir_test.h"

#define INJECT		"/sys/kernel/debug"
#define ALLOCATIONS	600		/* more than any call makes */

static int nth = -1, device = -1, probe[2];
static ctlpage_t *page;
static const char *file;		/* below WEIR_SYSFS */
static char content[4096];

/* A call under test.  @call returns 0 or -errno; after success @undo brings back what was before. */
struct op {
	const char *name;
	int least;			/* allocations that it makes at least */
	int stride;			/* 0: each is tried; else one in n / stride + 1 */
	void (*prepare)(void);
	int (*call)(void);
	void (*undo)(void);
};

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		dprintf(2, "# cannot write %s to %s: %s\n", text, path, strerror(errno));
	close(fd);
}

/* The @n-th allocation of this thread fails from now on, none with 0. */
static void arm(int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", n);

	CHECK(pwrite(nth, text, len, 0) == len);
}

/* How many more were to go: 0 if the failure came. */
static int disarm(void)
{
	char text[16] = "";
	int saved = errno, left;

	CHECK(pread(nth, text, sizeof(text) - 1, 0) > 0);
	left = atoi(text);
	arm(0);
	errno = saved;
	return left;
}

FIXTURE(failnth) {
	long long attached;
};

FIXTURE_SETUP(failnth)
{
	static const char * const kinds[] = { "failslab", "fail_page_alloc" };
	char path[64];
	size_t i;

	nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (nth < 0)
		SKIP(exit(KSFT_SKIP), "this kernel injects no failures");
	for (i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), INJECT "/%s/ignore-gfp-wait", kinds[i]);
		put(path, "N");
		snprintf(path, sizeof(path), INJECT "/%s/verbose", kinds[i]);
		put(path, "0");
	}
	put(INJECT "/fail_page_alloc/min-order", "0");
	put(INJECT "/fail_page_alloc/ignore-gfp-highmem", "N");
	ASSERT_EQ(0, pipe(probe));
	device = weir_open();
	ASSERT_LE(0, device);
	self->attached = sysfs_number("stats/attached");
}

FIXTURE_TEARDOWN(failnth)
{
	EXPECT_EQ(self->attached, sysfs_number("stats/attached"));
	EXPECT_TRUE(record_goes(getpid()));
}

/*
 * Undisturbed once, to see what it returns; then with each allocation failing in turn until all
 * succeed.
 */
static void sweep(struct __test_metadata *_metadata, const struct op *op)
{
	int n, ret, left = 0, usual;

	if (op->prepare)
		op->prepare();
	usual = op->call();
	if (!usual && op->undo)
		op->undo();
	for (n = 1; n < ALLOCATIONS && !left; n += 1 + (op->stride ? n / op->stride : 0)) {
		if (op->prepare)
			op->prepare();
		arm(n);
		ret = op->call();
		left = disarm();
		EXPECT_TRUE(ret == usual || (!left && (ret == -ENOMEM))) {
			TH_LOG("%s %s: allocation %d failing: %s instead of %s", op->name, file ?: "",
			       n, strerror(-ret), strerror(-usual));
		}
		if (!ret && op->undo)
			op->undo();
	}
	EXPECT_LT(n, ALLOCATIONS);
	EXPECT_LE(op->least, n - 2) TH_LOG("%s: %d allocations", op->name, n - 2);
}

static int call_open(void)
{
	int fd = weir_open();

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int call_attach(void)
{
	return weir_attach(device);
}

/* A failed attach leaves no record: the next one would not be possible. */
static void undo_attach(void)
{
	close(device);
	device = weir_open();
}

static void prepare_mmap(void)
{
	CHECK(weir_attach(device) == 0);
}

static int call_mmap(void)
{
	page = weir_map(device);
	return page ? 0 : -errno;
}

static void prepare_anew(void)
{
	undo_attach();
	prepare_mmap();
}

static void undo_mmap(void)
{
	weir_detach(page);
	page = NULL;
}

/* An munmap that failed has left the mapping and the attachment. */
static void prepare_mapped(void)
{
	if (page)
		undo_mmap();
	prepare_anew();
	CHECK(call_mmap() == 0);
}

static int call_munmap(void)
{
	if (munmap((void *)page, getpagesize()))
		return -errno;
	page = NULL;
	return 0;
}

TEST_F(failnth, open)
{
	static const struct op op = { "open", 2, 0, NULL, call_open, NULL };

	sweep(_metadata, &op);
}

TEST_F(failnth, attach)
{
	static const struct op op = { "attach", 10, 0, undo_attach, call_attach, undo_attach };
	static const struct op map = { "mmap", 1, 0, prepare_anew, call_mmap, undo_mmap };
	static const struct op unmap = { "munmap", 0, 0, prepare_mapped, call_munmap, NULL };

	sweep(_metadata, &op);
	sweep(_metadata, &map);
	sweep(_metadata, &unmap);
	close(device);
}

/* The first, for which faults begin to be counted; that ends a second after the last has gone. */
static void prepare_first(void)
{
	undo_attach();
	usleep(1300000);
}

TEST_F_TIMEOUT(failnth, first_attach, 600)
{
	static const struct op op = { "first attach", 20, 8, prepare_first, call_attach, undo_attach };

	sweep(_metadata, &op);
	close(device);
}

static int in_child(int (*call)(void))
{
	int status[2], ret = -EIO;
	pid_t pid;

	CHECK(pipe(status) == 0);
	IN_CHILD(pid) {
		ret = call();
		CHECK(write(status[1], &ret, sizeof(ret)) == sizeof(ret));
	}
	close(status[1]);
	if (read(status[0], &ret, sizeof(ret)) != sizeof(ret))
		ret = -EIO;
	close(status[0]);
	child_status(pid);
	return ret;
}

/* fail-nth is the thread's: the child has its own, and what is left of it goes back by the pipe. */
static int inherit_nth, inherit_left;

static int call_inherit(void)
{
	int fd = weir_open(), ret, left;

	close(nth);
	nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	arm(inherit_nth);
	ret = weir_attach_inherit(fd, page);
	left = disarm();
	CHECK(write(probe[1], &left, sizeof(left)) == sizeof(left));
	return ret;
}

TEST_F_TIMEOUT(failnth, attach_of_a_child, 120)
{
	int ret;

	prepare_mapped();
	for (inherit_nth = 1; inherit_nth < ALLOCATIONS; inherit_nth++) {
		ret = in_child(call_inherit);
		ASSERT_EQ(sizeof(inherit_left), read(probe[0], &inherit_left, sizeof(inherit_left)));
		EXPECT_TRUE(!ret || (!inherit_left && ret == -ENOMEM)) {
			TH_LOG("allocation %d failing: %s", inherit_nth, strerror(-ret));
		}
		if (inherit_left)
			break;
	}
	EXPECT_LT(10, inherit_nth);
	EXPECT_LT(inherit_nth, ALLOCATIONS);
	undo_mmap();
	close(device);
}

/* The mapping is copied by fork, and read for the first time in the child. */
static int call_fork(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(page->state != WEIR_STATE_DETACHED);
	if (pid < 0)
		return -errno;
	return child_status(pid) ? -EIO : 0;
}

TEST_F_TIMEOUT(failnth, fork_with_the_mapping, 240)
{
	static const struct op op = { "fork", 20, 0, NULL, call_fork, NULL };

	prepare_mapped();
	sweep(_metadata, &op);
	undo_mmap();
	close(device);
}

static struct weir_info info;
static struct weir_knobs knobs;
static struct weir_counters counters;
static struct weir_regions regions;

static int call_info(void)
{
	info = (struct weir_info){ .size = sizeof(info) };
	return weir_call(device, WEIR_IOC_INFO, &info);
}

static int call_get_knobs(void)
{
	knobs = (struct weir_knobs){ .size = sizeof(knobs) };
	return weir_call(device, WEIR_IOC_GET_KNOBS, &knobs);
}

static int call_set_knobs(void)
{
	knobs = (struct weir_knobs){ .size = sizeof(knobs), .set_mask = 1 << WEIR_KNOB_TOP_PAD };
	return weir_call(device, WEIR_IOC_SET_KNOBS, &knobs);
}

static int call_get_counters(void)
{
	counters = (struct weir_counters){ .size = sizeof(counters) };
	return weir_call(device, WEIR_IOC_GET_COUNTERS, &counters);
}

static int call_set_regions(void)
{
	regions = (struct weir_regions){
		.size = sizeof(regions), .nr = 1,
		.region[0] = { 1UL << 45, (1UL << 45) + 4096, WEIR_REGION_MMAP, 0 },
	};
	return weir_call(device, WEIR_IOC_SET_REGIONS, &regions);
}

TEST_F(failnth, calls)
{
	static const struct op ops[] = {
		{ "WEIR_IOC_INFO", 0, 0, NULL, call_info, NULL },
		{ "WEIR_IOC_GET_KNOBS", 0, 0, NULL, call_get_knobs, NULL },
		{ "WEIR_IOC_SET_KNOBS", 0, 0, NULL, call_set_knobs, NULL },
		{ "WEIR_IOC_GET_COUNTERS", 0, 0, NULL, call_get_counters, NULL },
		{ "WEIR_IOC_SET_REGIONS", 1, 0, NULL, call_set_regions, NULL },
	};
	size_t i;

	prepare_mapped();
	for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		sweep(_metadata, &ops[i]);
	undo_mmap();
	close(device);
}

static int call_read(void)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC), ret;
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, content, sizeof(content) - 1);
	ret = n < 0 ? -errno : 0;
	content[n < 0 ? 0 : n] = 0;
	close(fd);
	return ret;
}

static int call_write(void)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC), ret;

	if (fd < 0)
		return -errno;
	ret = write(fd, content, strlen(content)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

/* What makes a directory is undone by its neighbour. */
static void undo_write(void)
{
	const char *name = strrchr(file, '/');

	if (name && !strcmp(name, "/create"))
		sysfs_put("failnth", "profiles/remove");
	else if (name && !strcmp(name, "/remove"))
		sysfs_put("failnth", "profiles/create");
}

static struct __test_metadata *swept;
static int files;

static int sweep_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	static const struct op reading = { "read", 1, 0, NULL, call_read, NULL };
	static const struct op writing = { "write", 1, 0, NULL, call_write, undo_write };

	(void)ftw;
	if (type != FTW_F)
		return 0;
	files++;
	file = path;
	strcpy(content, "0");
	if (st->st_mode & 0400) {
		sweep(swept, &reading);
		call_read();
	}
	if (!strcmp(path + ftw->base, "create") || !strcmp(path + ftw->base, "remove"))
		strcpy(content, "failnth");
	if (st->st_mode & 0200)
		sweep(swept, &writing);
	file = NULL;
	return 0;
}

/* Whatever files there are: of the module, of this process, of a profile. */
TEST_F_TIMEOUT(failnth, files, 600)
{
	prepare_mapped();
	sysfs_put("failnth", "profiles/create");
	swept = _metadata;
	files = 0;
	EXPECT_EQ(0, nftw(WEIR_SYSFS, sweep_file, 8, FTW_PHYS));
	EXPECT_LT(30, files);
	sysfs_put("failnth", "profiles/remove");
	undo_mmap();
	close(device);
}

TEST_HARNESS_MAIN
