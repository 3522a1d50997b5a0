// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * No descriptor of the library's stays open or is used up, at start, later, or in a child. Ends
 * with 0 and prints nothing if all is well. For device.sh.
 */
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "process.h"

static int next_descriptor(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

static void *allocate(void *unused)
{
	(void)unused;
	for (size_t size = 1; size < 10 * M; size *= 3) {
		void *p = hide(calloc(1, size));

		if (!p || !is_filled(p, 0, size))
			return "calloc";
		p = hide(realloc(p, size * 2));
		free(p);
	}
	mallopt(M_TOP_PAD, 1000);
	malloc_trim(0);
	return NULL;
}

static int complain(const char *what)
{
	dprintf(2, "%s: %m\n", what);
	return 1;
}

/* A second, so that the library looks for the device again. */
static int look(void)
{
	struct rlimit none = { 0, 0 };
	pthread_t thread;
	void *wrong;

	if (allocate(NULL))
		return complain("allocate");
	if (next_descriptor() != 3)
		return complain("next descriptor is not 3");
	if (pthread_create(&thread, NULL, allocate, NULL) || pthread_join(thread, &wrong) || wrong)
		return complain("thread");
	usleep(1100000);
	errno = 0;
	if (allocate(NULL) || errno)
		return complain("allocate later");
	if (next_descriptor() != 3)
		return complain("next descriptor is not 3 later");
	/* Without any descriptor to be had, and with hardly any open. */
	for (int fd = 0; fd < 100; fd++)
		if (fd != 2)	/* for complaints */
			close(fd);
	setrlimit(RLIMIT_NOFILE, &none);
	return allocate(NULL) ? 2 : 0;
}

int main(void)
{
	pid_t child;
	int status;

	if (next_descriptor() != 3)
		return complain("next descriptor is not 3 at start");
	child = fork();
	if (child == 0)
		_exit(look());
	/* Both at a time. */
	if (look())
		return 1;
	if (waitpid(child, &status, 0) != child || status)
		return complain("child");
	return 0;
}
