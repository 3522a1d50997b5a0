// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The demo's server without its clock: a large buffer for each request, of which little is used.
 */
#include "shape.h"

SHAPE(request, "each request takes 2 MiB, touches 6 pages and frees it");

static void serve(unsigned int i)
{
	char *buffer;
	long n;
	int page;

	(void)i;
	for (n = times(1000000); n; n--) {
		buffer = take(2 << 20);
		for (page = 0; page < 6; page++)
			*(volatile char *)(buffer + page * (2 << 20) / 6) = 1;
		free(buffer);
	}
}

static void run(unsigned int threads)
{
	parallel(threads, serve);
}
