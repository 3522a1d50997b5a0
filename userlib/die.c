// SPDX-License-Identifier: LGPL-2.1-or-later
#include "die.h"

#include "chunk.h"

#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

SELDOM void die(const char *message)
{
	struct iovec line[2] = {
		{ .iov_base = (void *)message, .iov_len = strlen(message) },
		{ .iov_base = "\n", .iov_len = 1 },
	};

	/*
	 * One writev, so that lines of several dying threads do not mix; not the C library's, which is
	 * a cancellation point.
	 */
	syscall(SYS_writev, STDERR_FILENO, line, 2);
	abort();
}
