/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * process.h - what tests ask about their own process: which of its memory is there, and what it
 * was started with
 *
 * Nothing in here allocates, so that looking changes nothing.
 */
#ifndef WEIR_TEST_PROCESS_H
#define WEIR_TEST_PROCESS_H

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE ((size_t)4096)
#define K ((size_t)1024)
#define M (K * K)

/*
 * Have the program start anew with name=value in its environment, since the library reads it before
 * main(). With streams that allocate nothing, so that the heap is the test's alone.
 */
#define RUN_WITH_ENVIRONMENT(name, value)							\
static __attribute__((constructor)) void run_with_environment(int argc, char **argv)		\
{												\
	const char *now = getenv(name);								\
												\
	(void)argc;										\
	setvbuf(stdout, NULL, _IONBF, 0);							\
	if (now && strcmp(now, value) == 0)							\
		return;										\
	setenv(name, value, 1);									\
	execv("/proc/self/exe", argv);								\
	_exit(127);										\
}

/* The compiler shall not know where the pointer came from. */
static inline void *hide(void *p)
{
	__asm__ volatile("" : "+r"(p) : : "memory");
	return p;
}

/* Whole pages inside [p, p + size) that are in physical memory; -1: not mapped. */
static inline long pages_resident(const void *p, size_t size)
{
	uintptr_t start = ((uintptr_t)p + PAGE - 1) & -PAGE, end = ((uintptr_t)p + size) & -PAGE;
	unsigned char vec[256];
	long n = 0;

	for (size_t pages; start < end; start += pages * PAGE) {
		pages = (end - start) / PAGE;
		if (pages > sizeof(vec))
			pages = sizeof(vec);
		if (mincore((void *)start, pages * PAGE, vec) != 0)
			return -1;
		for (size_t i = 0; i < pages; i++)
			n += vec[i] & 1;
	}
	return n;
}

/* Whole pages inside [p, p + size). */
static inline long pages_inside(const void *p, size_t size)
{
	uintptr_t start = ((uintptr_t)p + PAGE - 1) & -PAGE, end = ((uintptr_t)p + size) & -PAGE;

	return end > start ? (end - start) / PAGE : 0;
}

/* The number behind "name:" in a file of the kind of /proc/self/status; -1: not there. */
static inline long proc_field(const char *file, const char *name)
{
	static char text[1 << 20];
	size_t have = 0;
	ssize_t n;
	char *at;
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	while (fd >= 0 && have < sizeof(text) - 1 && (n = read(fd, text + have, sizeof(text) - 1 - have)) > 0)
		have += n;
	close(fd);
	text[have] = 0;
	at = strstr(text, name);
	if (!at || at[strlen(name)] != ':')
		return -1;
	return strtol(at + strlen(name) + 1, NULL, 10);
}

/* Kilobytes; the physical ones without those of files, which come as code is first run. */
static inline long virtual_memory(void) { return proc_field("/proc/self/status", "VmSize"); }
static inline long physical_memory(void) { return proc_field("/proc/self/smaps_rollup", "Anonymous"); }

static inline bool is_filled(const void *p, unsigned char byte, size_t size)
{
	const unsigned char *at = p;

	/* Each byte is as the one before it: much faster than a loop over bytes. */
	return size == 0 || (at[0] == byte && memcmp(at, at + 1, size - 1) == 0);
}

static inline bool is_aligned_to(const void *p, size_t align)
{
	return ((uintptr_t)p & (align - 1)) == 0;
}

/* The status of a child, which must come within that time; SIGKILL if it hangs. */
static inline int wait_for(pid_t child, int milliseconds)
{
	int status;

	for (int ms = 0; ms < milliseconds; ms++) {
		if (waitpid(child, &status, WNOHANG) == child)
			return status;
		usleep(1000);
	}
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	return status;
}

#endif
