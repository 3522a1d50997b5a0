/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Processes that have idle memory and give it up when they are asked, and cgroups for them.
 */
#ifndef WEIR_TEST_PRESSURE_H
#define WEIR_TEST_PRESSURE_H

#include <signal.h>
#include <sys/stat.h>

#include "weir_test.h"

#define CGROUPS	"/sys/fs/cgroup/"
#define M	(1024UL * 1024)
#define PAGE	4096

static WEIR_UNUSED int cgroup_put(const char *name, const char *file, const char *format, ...)
{
	char path[PATH_MAX], text[64];
	va_list args;
	int fd, ret = 0;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	snprintf(path, sizeof(path), CGROUPS "%s/%s", name, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

static WEIR_UNUSED long long cgroup_event(const char *name, const char *event)
{
	char path[PATH_MAX], line[128];
	long long n = -1;
	FILE *f;

	snprintf(path, sizeof(path), CGROUPS "%s/memory.events", name);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, event, strlen(event)) && line[strlen(event)] == ' ')
			n = atoll(line + strlen(event));
	if (f)
		fclose(f);
	return n;
}

static WEIR_UNUSED int cgroup_make(const char *name)
{
	char path[PATH_MAX];

	cgroup_put("", "cgroup.subtree_control", "+memory");
	snprintf(path, sizeof(path), CGROUPS "%s", name);
	return mkdir(path, 0755) && errno != EEXIST ? -errno : 0;
}

static WEIR_UNUSED void cgroup_remove(const char *name)
{
	char path[PATH_MAX];
	int i;

	snprintf(path, sizeof(path), CGROUPS "%s", name);
	for (i = 0; i < 1000 && rmdir(path) && errno == EBUSY; i++)
		usleep(1000);
}

static WEIR_UNUSED char *touch(size_t size)
{
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	madvise(p, size, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < size; i += PAGE)
		p[i] = 1;
	return p;
}

/* What the test sees of its children. */
struct seen {
	volatile int ready, asked, level;
};

static WEIR_UNUSED struct seen *share(void)
{
	return mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

/* A process with so much idle memory, which it gives up when it is asked. */
static WEIR_UNUSED void give_when_asked(const char *cgroup, size_t idle, struct seen *seen)
{
	struct weir_trim_wait wait = { .size = sizeof(wait), .deadline = WEIR_TRIM_FOREVER };
	struct weir_trim_done done = { .size = sizeof(done) };
	volatile struct weir_figures *figures;
	int fd = weir_open();
	ctlpage_t *page;
	char *memory;

	CHECK(!cgroup || !cgroup_put(cgroup, "cgroup.procs", "%d", getpid()));
	CHECK(!weir_attach(fd));
	page = weir_map(fd);
	CHECK(page);
	figures = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, PAGE);
	CHECK(figures != MAP_FAILED);
	memory = touch(idle ?: PAGE);
	figures->idle_bytes = idle;
	figures->size = sizeof(*figures);
	seen->ready = 1;
	for (;;) {
		CHECK(!weir_call(fd, WEIR_IOC_TRIM_WAIT, &wait));
		seen->level = page->pressure;
		munmap(memory, idle);
		figures->idle_bytes = 0;
		done.request = wait.request;
		done.bytes = idle;
		CHECK(!weir_call(fd, WEIR_IOC_TRIM_DONE, &done));
		seen->asked++;
		wait.keep = 0;
	}
}

static WEIR_UNUSED pid_t start(const char *cgroup, size_t idle, struct seen *seen)
{
	pid_t pid;
	int i;

	IN_CHILD(pid)
		give_when_asked(cgroup, idle, seen);
	for (i = 0; i < 10000 && !seen->ready; i++)
		usleep(1000);
	return pid;
}

static WEIR_UNUSED void stop(pid_t pid)
{
	kill(pid, SIGKILL);
	child_status(pid);
}

#endif /* WEIR_TEST_PRESSURE_H */
