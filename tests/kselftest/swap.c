// SPDX-License-Identifier: GPL-2.0
/*
 * Fault counters when pages come back from swap, and while CPUs come and go.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "weir_test.h"

#define PAGE	4096UL
#define PAGES	200UL
#define CPU1	"/sys/devices/system/cpu/cpu1/online"

struct counts {
	int64_t kernel_min, kernel_maj, min, maj, heap_min, heap_maj;
};

static ctlpage_t *page;
static char *heap;
static struct counts start, diff;

static void count(struct counts *c)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	*c = (struct counts){ usage.ru_minflt, usage.ru_majflt, page->faults.minflt, page->faults.majflt,
			      page->faults.heap_minflt, page->faults.heap_majflt };
}

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

static int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY), ret = write(fd, text, strlen(text)) < 0 ? -errno : 0;

	close(fd);
	return ret;
}

static bool attach_with_heap(unsigned long pages)
{
	struct weir_regions regions = { .size = sizeof(regions), .nr = 1 };

	page = weir_attach_self();
	heap = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (!page || heap == MAP_FAILED)
		return false;
	/* A kernel without huge pages, as Debian's for rt, does not know this. */
	if (madvise(heap, pages * PAGE, MADV_NOHUGEPAGE) && errno != EINVAL)
		return false;
	regions.region[0] = (struct weir_region){ (unsigned long)heap, (unsigned long)heap + pages * PAGE,
						  WEIR_REGION_HEAP, 0 };
	return !weir_call_once(WEIR_IOC_SET_REGIONS, &regions);
}

/* How many pages of the heap are in swap. */
static unsigned long swapped(void)
{
	uint64_t entry[PAGES];
	unsigned long i, n = 0;
	int fd = open("/proc/self/pagemap", O_RDONLY);

	if (pread(fd, entry, sizeof(entry), (unsigned long)heap / PAGE * 8) == sizeof(entry))
		for (i = 0; i < PAGES; i++)
			n += entry[i] >> 62 & 1;
	close(fd);
	return n;
}

FIXTURE(swap) { };
FIXTURE_SETUP(swap)
{
	unsigned long i;

	if (!getenv("WEIR_GUEST"))
		SKIP(exit(KSFT_SKIP), "swap is added, in the test machine only");
	ASSERT_EQ(0, system("modprobe -q zram num_devices=1; echo 64M >/sys/block/zram0/disksize && "
			    "mkswap -q /dev/zram0 && swapon /dev/zram0"));
	ASSERT_TRUE(attach_with_heap(PAGES));
	for (i = 0; i < PAGES; i++)
		memset(heap + i * PAGE, i + 1, 64);
	for (i = 0; i < 20 && swapped() < PAGES; i++) {
		madvise(heap, PAGES * PAGE, MADV_PAGEOUT);
		usleep(10000);
	}
	ASSERT_EQ(PAGES, swapped());
}

FIXTURE_TEARDOWN(swap)
{
	weir_detach(page);
	EXPECT_EQ(0, system("swapoff /dev/zram0 && echo 1 >/sys/block/zram0/reset"));
}

TEST_F(swap, pages_come_back_when_touched)
{
	volatile char sum = 0;
	unsigned long i;

	begin();
	for (i = 0; i < PAGES; i++)
		sum += heap[i * PAGE];
	end();
	EXPECT_EQ(0, swapped());
	EXPECT_EQ(diff.kernel_min, diff.min);
	EXPECT_EQ(diff.kernel_maj, diff.maj);
	EXPECT_LT(0, diff.maj);
	EXPECT_EQ(PAGES, diff.heap_min + diff.heap_maj);
	EXPECT_EQ(diff.maj, diff.heap_maj);
}

TEST_F(swap, pages_come_back_when_read_into)
{
	int zero = open("/dev/zero", O_RDONLY);

	begin();
	ASSERT_EQ(PAGES * PAGE, read(zero, heap, PAGES * PAGE));
	end();
	EXPECT_EQ(diff.kernel_min, diff.min);
	EXPECT_EQ(diff.kernel_maj, diff.maj);
	EXPECT_LT(0, diff.maj);
	EXPECT_LE(PAGES, diff.heap_min + diff.heap_maj);
}

/*
 * By design: get_user_pages() raises no event for a major fault.  It is counted, as a minor one.
 */
TEST_F(swap, major_faults_of_get_user_pages_stay_minor)
{
	begin();
	ASSERT_EQ(0, madvise(heap, PAGES * PAGE, MADV_POPULATE_READ));
	end();
	EXPECT_LT(0, diff.kernel_maj);
	EXPECT_EQ(0, diff.maj);
	EXPECT_EQ(diff.kernel_min + diff.kernel_maj, diff.min);
	EXPECT_EQ(PAGES, diff.heap_min);
}

#define TOUCHERS	4
#define TOUCHED		512UL		/* pages of each */

static atomic_bool stop;
static atomic_ulong touched;

static void *touch_again_and_again(void *arg)
{
	char *mine = heap + (unsigned long)arg * TOUCHED * PAGE;
	unsigned long i;

	while (!stop) {
		for (i = 0; i < TOUCHED; i++)
			*(volatile char *)(mine + i * PAGE) = 1;
		atomic_fetch_add(&touched, TOUCHED);
		madvise(mine, TOUCHED * PAGE, MADV_DONTNEED);
	}
	return NULL;
}

TEST(cpus_come_and_go_while_faults_are_counted)
{
	pthread_t threads[TOUCHERS];
	unsigned long i;

	if (access(CPU1, W_OK))
		SKIP(return, "no " CPU1 " here");
	ASSERT_TRUE(attach_with_heap(TOUCHERS * TOUCHED));
	begin();
	for (i = 0; i < TOUCHERS; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, touch_again_and_again, (void *)i));
	for (i = 0; i < 5; i++) {
		usleep(100000);
		EXPECT_EQ(0, put(CPU1, "0"));
		usleep(100000);
		EXPECT_EQ(0, put(CPU1, "1"));
	}
	stop = true;
	for (i = 0; i < TOUCHERS; i++)
		pthread_join(threads[i], NULL);
	end();
	EXPECT_EQ(diff.kernel_min + diff.kernel_maj, diff.min + diff.maj);
	/* One on a CPU that has just come may be counted as minor: Documentation/ABI, majflt. */
	EXPECT_GE(diff.kernel_maj, diff.maj);
	/* A page that another CPU is just putting there faults once more, for the kernel as well. */
	EXPECT_LE(touched, diff.heap_min);
	EXPECT_GE(touched + touched / 100, diff.heap_min);
}

TEST_HARNESS_MAIN
