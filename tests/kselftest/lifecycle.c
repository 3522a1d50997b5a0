// SPDX-License-Identifier: GPL-2.0
/*
 * The module is loaded and unloaded again and again while processes attach, fork, exec, are killed and read
 * and write its files.  WEIR_CYCLES says how often; by default 1,000 times, 200 on PREEMPT_RT, 50 on a debug
 * kernel, or as often as 30 seconds allow.
 */
#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>

#include "weir_test.h"

#define WORKERS	4
#define SECONDS	30		/* that a test takes unless told how many cycles */
#define LEAST	10		/* cycles in them */

/* Between the processes of a storm. */
static struct storm {
	atomic_bool stop;
	atomic_bool lull;		/* nobody but the first begins anything */
	atomic_ulong attached;		/* attachments made */
	atomic_int wrong;		/* the first line where something was not as it should be */
	atomic_int error;
} *storm;

static char *image;
static size_t image_size;

static int cycles(void)
{
	const char *given = getenv("WEIR_CYCLES"), *kernel = getenv("WEIR_KERNEL") ?: "stock";

	if (given)
		return atoi(given);
	return !strcmp(kernel, "stock") ? 1000 : !strcmp(kernel, "rt") ? 200 : 50;
}

static time_t began;

/* Whether there is to be a @i-th cycle of @n. */
static bool more(int i, int n)
{
	if (!i)
		began = time(NULL);
	return i < n && (i < LEAST || getenv("WEIR_CYCLES") || time(NULL) - began < SECONDS);
}

/* The module is read once: it lies on a slow file system. */
static bool read_module(void)
{
	char path[PATH_MAX];
	struct utsname name;
	int fd;

	uname(&name);
	snprintf(path, sizeof(path), "%s/build/%s/weir.ko", getenv("WEIR_TOP") ?: ".", name.release);
	fd = open(path, O_RDONLY);
	image_size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	image = malloc(image_size);
	return image_size && pread(fd, image, image_size, 0) == (ssize_t)image_size && !close(fd);
}

static int load(void)
{
	int ret = syscall(SYS_init_module, image, image_size, "") ? -errno : 0;

	if (!ret)
		chmod(WEIR_DEVICE, 0666);
	return ret;
}

static int unload(void)
{
	return syscall(SYS_delete_module, "weir", O_NONBLOCK) ? -errno : 0;
}

/* Try until nobody is attached for a moment, from when most still are; at most 20 s. */
static int unload_between(void)
{
	int i, ret = -EAGAIN;

	for (i = 0; i < 200000 && (ret == -EAGAIN || ret == -EBUSY); i++) {
		ret = unload();
		if (ret)
			usleep(i < 1000 ? 0 : 100);
	}
	return ret;
}

static void wrong(int line, int error)
{
	int none = 0;

	if (atomic_compare_exchange_strong(&storm->wrong, &none, line))
		storm->error = error;
}

#define WRONG_UNLESS(condition) do {		\
	if (!(condition))			\
		wrong(__LINE__, errno);		\
} while (0)

/* NULL if the module is not there. */
static ctlpage_t *attach(void)
{
	ctlpage_t *page = weir_attach_self();

	if (page) {
		atomic_fetch_add(&storm->attached, 1);
		WRONG_UNLESS(page->state == WEIR_STATE_ATTACHED && page->magic == WEIR_PAGE_MAGIC);
	} else {
		WRONG_UNLESS(errno == ENOENT || errno == ENXIO || errno == ENODEV);
	}
	return page;
}

static void once(void)
{
	ctlpage_t *page = attach();

	if (page)
		weir_detach(page);
	else
		usleep(100);
}

static void unmapped(void)
{
	int fd = weir_open();

	if (fd >= 0)
		WRONG_UNLESS(weir_attach(fd) == 0);
	close(fd);
}

/* A child goes on with its parent's page, and may outlive it. */
static void forked(bool killed)
{
	ctlpage_t *page;
	pid_t pid = fork(), child;

	if (pid) {
		if (killed) {
			usleep(200);
			kill(pid, SIGKILL);
		}
		child_status(pid);
		return;
	}
	page = attach();
	if (!page)
		_exit(0);
	child = fork();
	if (!child) {
		WRONG_UNLESS(page->state == WEIR_STATE_DETACHED);
		WRONG_UNLESS(weir_attach_child(page) == 0);
		WRONG_UNLESS(page->state == WEIR_STATE_ATTACHED);
		_exit(0);
	}
	if (killed)
		pause();
	_exit(0);
}

static void executed(void)
{
	pid_t pid = fork();

	if (!pid) {
		attach();
		execl("/proc/self/exe", "lifecycle", "attach", NULL);
		_exit(1);
	}
	WRONG_UNLESS(child_status(pid) == 0);
}

/* The files of a record that may go any moment. */
static void files(void)
{
	ctlpage_t *page = attach();
	const char *text;

	if (!page)
		return;
	text = sysfs_get("processes/%d/minflt", getpid());
	WRONG_UNLESS(*text);
	WRONG_UNLESS(sysfs_put("1M", "processes/%d/top_pad", getpid()) == 0);
	WRONG_UNLESS(page->knob[WEIR_KNOB_TOP_PAD] == 1 << 20);
	weir_detach(page);
	sysfs_get("stats/minflt");
	sysfs_put("default", "defaults/top_pad");
}

static void work(unsigned int seed)
{
	unsigned int first = seed == 1;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!storm->stop) {
		if (storm->lull && !first) {
			usleep(100);
			continue;
		}
		switch (storm->lull ? 7 : rand_r(&seed) % 8) {
		case 0: executed(); break;
		case 1: forked(true); break;
		case 2: forked(false); break;
		case 3: files(); break;
		case 4: unmapped(); break;
		default: once();
		}
		usleep(rand_r(&seed) % 2000);
	}
	_exit(0);
}

/* Does any process have a mapping of the device? */
static bool mapped_anywhere(void)
{
	char path[64], line[512];
	bool found = false;
	struct dirent *entry;
	DIR *dir = opendir("/proc");
	FILE *maps;

	while ((entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%.20s/maps", entry->d_name);
		maps = atoi(entry->d_name) ? fopen(path, "r") : NULL;
		while (maps && fgets(line, sizeof(line), maps))
			found |= !!strstr(line, " " WEIR_DEVICE);
		if (maps)
			fclose(maps);
	}
	closedir(dir);
	return found;
}

static void expedite(const char *text)
{
	int fd = open("/sys/kernel/rcu_expedited", O_WRONLY);

	if (fd >= 0 && write(fd, text, 1) != 1)
		dprintf(2, "# rcu_expedited cannot be set\n");
	close(fd);
}

FIXTURE(lifecycle) { };
FIXTURE_SETUP(lifecycle)
{
	if (!getenv("WEIR_GUEST"))
		SKIP(exit(KSFT_SKIP), "the module may be in use on this machine");
	ASSERT_TRUE(read_module());
	expedite("1");
	storm = mmap(NULL, sizeof(*storm), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}
FIXTURE_TEARDOWN(lifecycle)
{
	expedite("0");
	if (access("/sys/module/weir", F_OK))
		EXPECT_EQ(0, load());
}

/* Some have attached since the module came. */
static bool busy(void)
{
	unsigned long before = storm->attached;
	int i;

	for (i = 0; i < 50000 && storm->attached < before + WORKERS / 2; i++)
		usleep(100);
	return storm->attached > before;
}

TEST_F_TIMEOUT(lifecycle, reloaded_in_a_storm, 900)
{
	int i, n = cycles();
	pid_t pid[WORKERS];

	for (i = 0; i < WORKERS; i++) {
		pid[i] = fork();
		if (!pid[i])
			work(i + 1);
	}
	for (i = 0; more(i, n) && !storm->wrong; i++) {
		ASSERT_TRUE(busy()) TH_LOG("cycle %d: nobody attaches", i);
		storm->lull = true;
		ASSERT_EQ(0, unload_between()) TH_LOG("cycle %d", i);
		EXPECT_EQ(-1, access(WEIR_SYSFS, F_OK));
		if (i % 50 == 0)
			EXPECT_FALSE(mapped_anywhere());
		ASSERT_EQ(0, load()) TH_LOG("cycle %d", i);
		storm->lull = false;
	}
	TH_LOG("%d cycles, %lu attachments", i, storm->attached);
	storm->stop = true;
	for (i = 0; i < WORKERS; i++)
		EXPECT_EQ(0, child_status(pid[i]));
	EXPECT_EQ(0, storm->wrong) TH_LOG("line %d: %s", storm->wrong, strerror(storm->error));
	EXPECT_EQ(0, unload_between());
}

/* The last to go, by exit, exec and SIGKILL, while the module is being removed. */
TEST_F_TIMEOUT(lifecycle, unloaded_as_the_last_one_goes, 300)
{
	int i, n = cycles() / 5, ready[2];
	char c;
	pid_t pid;

	ASSERT_EQ(0, pipe(ready));
	for (i = 0; more(i, n); i++) {
		pid = fork();
		if (!pid) {
			CHECK(weir_attach_self());
			CHECK(write(ready[1], "", 1) == 1);
			if (i % 3 == 0)
				execl("/bin/true", "true", NULL);
			else if (i % 3 == 1)
				pause();
			_exit(0);
		}
		ASSERT_EQ(1, read(ready[0], &c, 1));
		if (i % 3 == 1)
			kill(pid, SIGKILL);
		ASSERT_EQ(0, unload_between());
		ASSERT_EQ(0, load());
		child_status(pid);
	}
}

/*
 * A process that was attached to the module before attaches to the one that came after it, with no trace of
 * the first; nothing of it is in the way.
 */
TEST_F(lifecycle, attached_across_a_reload)
{
	ctlpage_t *page = attach();
	int i;

	ASSERT_NE(NULL, page);
	ASSERT_EQ(0, sysfs_put("1M", "processes/%d/top_pad", getpid()));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(-EAGAIN, unload());
		weir_detach(page);
		ASSERT_EQ(0, unload_between());
		EXPECT_FALSE(mapped_anywhere());
		EXPECT_EQ(NULL, attach());
		ASSERT_EQ(0, load());
		page = attach();
		ASSERT_NE(NULL, page);
		EXPECT_EQ(WEIR_SOURCE_BUILTIN, page->source[WEIR_KNOB_TOP_PAD]);
		EXPECT_EQ(1, sysfs_number("stats/attaches"));
	}
	EXPECT_EQ(0, storm->wrong) TH_LOG("line %d", storm->wrong);
}

/* What executed() has run: attaches, and ends attached. */
static __attribute__((constructor)) void executed_again(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "attach"))
		_exit(!weir_attach_self() && errno != ENOENT && errno != ENXIO && errno != ENODEV);
}

TEST_HARNESS_MAIN
