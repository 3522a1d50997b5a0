// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hugepage.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os.h"

#define THP	"/sys/kernel/mm/transparent_hugepage/"

/* The C library's open() and close() are cancellation points, malloc must be none. */
static size_t read_file(const char *path, char *text, size_t size)
{
	int fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	if (fd >= 0) {
		n = syscall(SYS_read, fd, text, size - 1);
		syscall(SYS_close, fd);
	}
	n = n < 0 ? 0 : n;
	text[n] = 0;
	return n;
}

/* 0 for a size that no heap could keep to. */
static size_t parse_size(const char *text)
{
	size_t size = 0;

	for (; *text >= '0' && *text <= '9' && size <= HEAP_SIZE; text++)
		size = size * 10 + (*text - '0');
	return size >= os_page_size && size <= HEAP_SIZE && !(size & (size - 1)) ? size : 0;
}

static size_t look(void)
{
	char text[64];

	if (!read_file(THP "enabled", text, sizeof(text)) || !strstr(text, "[madvise]"))
		return 0;
	return read_file(THP "hpage_pmd_size", text, sizeof(text)) ? parse_size(text) : 0;
}

/* Looked up when first needed, and again when a knob was turned: the mode may have been, too. */
size_t hugepage_of_kernel(void)
{
	static _Atomic size_t found;
	static _Atomic uint64_t looked;		/* 1 + the epoch in which found was found */
	uint64_t now = 1 + (uint64_t)knobs_trim_epoch();
	int saved = errno;

	if (atomic_load_explicit(&looked, memory_order_acquire) != now) {
		atomic_store_explicit(&found, look(), memory_order_relaxed);
		atomic_store_explicit(&looked, now, memory_order_release);
		errno = saved;
	}
	return atomic_load_explicit(&found, memory_order_relaxed);
}
