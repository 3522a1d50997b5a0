// SPDX-License-Identifier: GPL-2.0
/*
 * Fault counters against getrusage(2) and against pages known to be touched, by region.
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/time.h>

#include "weir_test.h"

#define PAGE		4096UL
#define WINDOW_PAGES	4096UL		/* each window; a multiple of a huge page */
#define HUGE		(2UL << 20)

/* What the kernel and the module have counted, at one moment. */
struct counts {
	int64_t kernel_min, kernel_maj;
	int64_t min, maj, heap_min, heap_maj, mmap_min, mmap_maj;
};

static ctlpage_t *page;
static char *heap, *alone, *other;	/* windows: declared heap, declared mmap, undeclared */
static struct counts start, diff;

static void count(struct counts *c)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	c->kernel_min = usage.ru_minflt;
	c->kernel_maj = usage.ru_majflt;
	c->min = page->faults.minflt;
	c->maj = page->faults.majflt;
	c->heap_min = page->faults.heap_minflt;
	c->heap_maj = page->faults.heap_majflt;
	c->mmap_min = page->faults.mmap_minflt;
	c->mmap_maj = page->faults.mmap_majflt;
}

/* Twice: the first time touches what is written here, which a fork may have left to be copied. */
static void begin(void)
{
	count(&diff);
	count(&start);
	count(&start);
}

static void end(void)
{
	int64_t *a = (int64_t *)&start, *d = (int64_t *)&diff;
	size_t i;

	count(&diff);
	for (i = 0; i < sizeof(diff) / sizeof(*d); i++)
		d[i] -= a[i];
}

/* Both have counted the same, and in each region what is given. */
#define EXPECT_FAULTS(_heap, _mmap) do {						\
	EXPECT_EQ(diff.kernel_min, diff.min);						\
	EXPECT_EQ(diff.kernel_maj, diff.maj);						\
	EXPECT_EQ(_heap, diff.heap_min);						\
	EXPECT_EQ(_mmap, diff.mmap_min);						\
	EXPECT_EQ(0, diff.heap_maj + diff.mmap_maj);					\
} while (0)

static char *window(void)
{
	char *p = mmap(NULL, WINDOW_PAGES * PAGE + HUGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	p = (char *)(((unsigned long)p + HUGE - 1) & ~(HUGE - 1));
	madvise(p, WINDOW_PAGES * PAGE, MADV_NOHUGEPAGE);
	return p;
}

static void touch(char *p, unsigned long pages)
{
	unsigned long i;

	for (i = 0; i < pages; i++)
		*(volatile char *)(p + i * PAGE) = 1;
}

FIXTURE(faults) { };
FIXTURE_SETUP(faults)
{
	struct weir_regions regions = { .size = sizeof(regions), .nr = 2 };

	page = weir_attach_self();
	ASSERT_NE(NULL, page);
	heap = window();
	alone = window();
	other = window();
	regions.region[0] = (struct weir_region){ (unsigned long)alone,
		(unsigned long)alone + WINDOW_PAGES * PAGE, WEIR_REGION_MMAP, 0 };
	regions.region[1] = (struct weir_region){ (unsigned long)heap,
		(unsigned long)heap + WINDOW_PAGES * PAGE, WEIR_REGION_HEAP, 0 };
	ASSERT_EQ(0, weir_call_once(WEIR_IOC_SET_REGIONS, &regions));
	begin();
	end();
}
FIXTURE_TEARDOWN(faults) { }

TEST_F(faults, start_from_what_the_process_had)
{
	struct weir_counters counters = { .size = sizeof(counters) };
	struct counts now;

	count(&now);
	EXPECT_LT(0, now.min);
	EXPECT_EQ(now.kernel_min, now.min);
	EXPECT_EQ(now.kernel_maj, now.maj);
	EXPECT_EQ(0, now.mmap_min + now.mmap_maj + now.heap_maj);
	ASSERT_EQ(0, weir_call_once(WEIR_IOC_GET_COUNTERS, &counters));
	count(&now);
	EXPECT_EQ(now.min, counters.faults.minflt);
	EXPECT_EQ(now.heap_min, counters.faults.heap_minflt);
	sysfs_get("processes/%d/minflt", getpid());
	count(&now);
	EXPECT_EQ(now.min, sysfs_number("processes/%d/minflt", getpid()));
}

TEST_F(faults, touched_pages)
{
	begin();
	touch(heap, 100);
	touch(alone, 200);
	touch(other, 300);
	end();
	EXPECT_FAULTS(100, 200);
	EXPECT_EQ(600, diff.min);
}

TEST_F(faults, first_and_last_page_of_a_region)
{
	begin();
	touch(heap, 1);
	touch(heap + (WINDOW_PAGES - 1) * PAGE, 1);
	touch(alone + (WINDOW_PAGES - 1) * PAGE, 1);
	end();
	EXPECT_FAULTS(2, 1);
}

TEST_F(faults, brk)
{
	char *p = sbrk(200 * PAGE);

	p = (char *)(((unsigned long)p + PAGE - 1) & ~(PAGE - 1));
	begin();
	touch(p, 150);
	end();
	EXPECT_FAULTS(150, 0);
}

TEST_F(faults, read_and_then_written)
{
	volatile char sum = 0;
	int i;

	begin();
	for (i = 0; i < 64; i++)
		sum += heap[i * PAGE];
	touch(heap, 64);
	end();
	EXPECT_FAULTS(128, 0);
}

TEST_F(faults, read_into_untouched_heap)
{
	int zero = open("/dev/zero", O_RDONLY);

	begin();
	ASSERT_EQ(100 * PAGE, read(zero, heap, 100 * PAGE));
	ASSERT_EQ(50 * PAGE, read(zero, alone, 50 * PAGE));
	end();
	EXPECT_FAULTS(100, 50);
}

TEST_F(faults, populated_and_locked)
{
	begin();
	ASSERT_EQ(0, madvise(heap, 100 * PAGE, MADV_POPULATE_WRITE));
	ASSERT_EQ(0, mlock(alone, 50 * PAGE));
	end();
	EXPECT_FAULTS(100, 50);
}

TEST_F(faults, huge_pages)
{
	madvise(heap, WINDOW_PAGES * PAGE, MADV_HUGEPAGE);
	begin();
	touch(heap, WINDOW_PAGES);
	end();
	EXPECT_EQ(diff.kernel_min, diff.min);
	EXPECT_EQ(diff.min, diff.heap_min);
	EXPECT_LT(0, diff.heap_min);
}

TEST_F(faults, given_back_and_touched_again)
{
	touch(heap, 100);
	madvise(heap, 100 * PAGE, MADV_DONTNEED);
	begin();
	touch(heap, 100);
	end();
	EXPECT_FAULTS(100, 0);
}

TEST_F(faults, copied_after_fork)
{
	pid_t pid;

	touch(heap, 100);
	IN_CHILD(pid)
		pause();
	begin();
	touch(heap, 100);
	end();
	EXPECT_FAULTS(100, 0);
	kill(pid, SIGKILL);
	child_status(pid);
}

static sigjmp_buf trapped;

static void trap(int sig)
{
	siglongjmp(trapped, sig);
}

static void touch_trapped(char *p)
{
	if (!sigsetjmp(trapped, 1))
		touch(p, 1);
}

TEST_F(faults, segmentation_faults_are_none)
{
	char *none = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int i;

	mprotect(heap, PAGE, PROT_READ);
	signal(SIGSEGV, trap);
	touch_trapped(none);
	begin();
	for (i = 0; i < 10; i++) {
		touch_trapped(none);
		touch_trapped(heap);
		touch_trapped((char *)8);
	}
	end();
	EXPECT_FAULTS(0, 0);
}

/*
 * By design: what ends in SIGBUS has begun as a fault, and is counted here though not by the
 * kernel.
 */
TEST_F(faults, bus_errors_are_counted)
{
	int i, fd = memfd_create("empty", 0);
	char *p = mmap(alone, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);

	ASSERT_EQ(alone, p);
	signal(SIGBUS, trap);
	touch_trapped(p);
	begin();
	for (i = 0; i < 10; i++)
		touch_trapped(p);
	end();
	EXPECT_EQ(0, diff.kernel_min);
	EXPECT_EQ(10, diff.min);
	EXPECT_EQ(10, diff.mmap_min);
}

/* What another process does to the memory is none of the owner's faults, for the kernel and here. */
TEST_F(faults, written_by_another_process)
{
	char text[8 * PAGE], path[32];
	pid_t pid;

	memset(text, 1, sizeof(text));
	snprintf(path, sizeof(path), "/proc/%d/mem", getpid());
	IN_CHILD(pid)
		CHECK(pwrite(open(path, O_RDWR), text, sizeof(text), (off_t)heap) == sizeof(text));
	begin();
	EXPECT_EQ(0, child_status(pid));
	end();
	EXPECT_EQ(1, heap[sizeof(text) - 1]);
	EXPECT_FAULTS(0, 0);
}

/* By design: the address space's faults are counted, also those of a child that borrows it. */
TEST_F(faults, vfork_child)
{
	pid_t pid;

	begin();
	pid = vfork();
	if (!pid) {
		touch(heap, 10);
		_exit(0);
	}
	end();
	EXPECT_EQ(0, child_status(pid));
	EXPECT_EQ(10, diff.heap_min);
	EXPECT_LE(diff.kernel_min + 10, diff.min);
}

/* Pages of a cold file, mapped into a window: each fault is major or minor as the kernel says. */
static void touch_cold_file(struct __test_metadata *_metadata, char *where)
{
	int i, fd = open("/usr/bin/perl", O_RDONLY);
	volatile char sum = 0;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
	ASSERT_EQ(where, mmap(where, 256 * PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0));
	madvise(where, 256 * PAGE, MADV_RANDOM);
	begin();
	for (i = 255; i >= 0; i--)
		sum += where[i * PAGE];
	end();
	EXPECT_LT(0, diff.kernel_maj);
	EXPECT_EQ(diff.kernel_min, diff.min);
	EXPECT_EQ(diff.kernel_maj, diff.maj);
}

TEST_F(faults, cold_file_in_heap)
{
	touch_cold_file(_metadata, heap);
	EXPECT_EQ(diff.min, diff.heap_min);
	EXPECT_EQ(diff.maj, diff.heap_maj);
}

TEST_F(faults, cold_file_mapped_alone)
{
	touch_cold_file(_metadata, alone);
	EXPECT_EQ(diff.min, diff.mmap_min);
	EXPECT_EQ(diff.maj, diff.mmap_maj);
}

static volatile sig_atomic_t signals;

static void count_signal(int sig)
{
	(void)sig;
	signals++;
}

static void signals_every_ms(void)
{
	struct itimerval often = { { 0, 1000 }, { 0, 1000 } };
	struct sigaction action = { .sa_handler = count_signal, .sa_flags = SA_RESTART };

	signals = 0;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
}

static void no_more_signals(void)
{
	struct itimerval none = { 0 };

	setitimer(ITIMER_REAL, &none, NULL);
}

TEST_F(faults, signals_add_nothing_where_no_page_is_waited_for)
{
	int i;

	signals_every_ms();
	begin();
	for (i = 0; i < 20; i++) {
		touch(heap, 500);
		madvise(heap, 500 * PAGE, MADV_DONTNEED);
	}
	no_more_signals();
	end();
	EXPECT_LT(0, signals);
	EXPECT_FAULTS(20 * 500, 0);
}

/*
 * By design: a fault that waits for a page of a file and finds a signal gives up, and comes again
 * after the handler.  The kernel counts the second, the module both.
 */
TEST_F(faults, signals_can_add_one_where_a_page_is_waited_for)
{
	int i, fd = open("/usr/bin/perl", O_RDONLY);
	volatile char sum = 0;

	ASSERT_LE(0, fd);
	ASSERT_EQ(alone, mmap(alone, 800 * PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0));
	ASSERT_EQ(0, posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
	madvise(alone, 800 * PAGE, MADV_RANDOM);
	signals_every_ms();
	begin();
	for (i = 799; i >= 0; i--)
		sum += alone[i * PAGE];
	no_more_signals();
	end();
	TH_LOG("%ld faults for the kernel, %ld here, %d signals", (long)(diff.kernel_min + diff.kernel_maj),
	       (long)(diff.min + diff.maj), signals);
	EXPECT_LE(diff.kernel_min + diff.kernel_maj, diff.min + diff.maj);
	EXPECT_GE(diff.kernel_min + diff.kernel_maj + signals, diff.min + diff.maj);
}

#define THREADS	48

static void *touch_slices(void *arg)
{
	unsigned long slice = WINDOW_PAGES / THREADS, i = (unsigned long)arg;

	touch(heap + i * slice * PAGE, slice);
	touch(alone + i * slice * PAGE, slice / 2);
	touch(other + i * slice * PAGE, slice / 3);
	return NULL;
}

TEST_F(faults, threads)
{
	unsigned long slice = WINDOW_PAGES / THREADS, i;
	pthread_t threads[THREADS];

	begin();
	for (i = 0; i < THREADS; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, touch_slices, (void *)i));
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	end();
	EXPECT_EQ(diff.kernel_min, diff.min);
	EXPECT_EQ(diff.kernel_maj, diff.maj);
	EXPECT_LE(THREADS * slice, diff.heap_min);
	EXPECT_EQ(THREADS * (slice / 2), diff.mmap_min);
}

TEST_F(faults, ps_agrees)
{
	char command[128], line[128] = "";
	long min = 0, maj = 0;
	int ready[2];
	pid_t pid;
	FILE *ps;

	ASSERT_EQ(0, pipe(ready));
	IN_CHILD(pid) {
		CHECK(weir_attach_child(page) == 0);
		touch(heap, 321);
		touch_cold_file(_metadata, alone);
		CHECK(write(ready[1], "", 1) == 1);
		pause();
	}
	ASSERT_EQ(1, read(ready[0], line, 1));
	usleep(100000);
	snprintf(command, sizeof(command), "ps -o minflt=,majflt= -p %d", pid);
	ps = popen(command, "r");
	ASSERT_NE(NULL, ps);
	ASSERT_NE(NULL, fgets(line, sizeof(line), ps));
	pclose(ps);
	ASSERT_EQ(2, sscanf(line, "%ld %ld", &min, &maj));
	EXPECT_LT(321, min);
	EXPECT_LT(0, maj);
	EXPECT_EQ(min, sysfs_number("processes/%d/minflt", pid));
	EXPECT_EQ(maj, sysfs_number("processes/%d/majflt", pid));
	EXPECT_EQ(321, sysfs_number("processes/%d/heap_minflt", pid));
	kill(pid, SIGKILL);
	child_status(pid);
}

TEST_HARNESS_MAIN
