/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reading the module's tracepoints through tracefs.
 */
#ifndef WEIR_TEST_TRACE_H
#define WEIR_TEST_TRACE_H

#include "weir_test.h"

#define TRACEFS	"/sys/kernel/tracing/"

static WEIR_UNUSED int trace_put(const char *file, const char *text)
{
	char path[PATH_MAX];
	int fd, ret = 0;

	snprintf(path, sizeof(path), TRACEFS "%s", file);
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

/* Begin with an empty buffer and all events of the module, or stop them. */
static WEIR_UNUSED int trace_start(void)
{
	int ret = trace_put("trace", "");

	return ret ?: trace_put("events/weir/enable", "1");
}

static WEIR_UNUSED int trace_stop(void)
{
	return trace_put("events/weir/enable", "0");
}

/* How many lines of the buffer have this text in them. */
static WEIR_UNUSED int trace_count(const char *format, ...)
{
	char wanted[256], line[1024];
	FILE *f = fopen(TRACEFS "trace", "re");
	va_list args;
	int nr = 0;

	va_start(args, format);
	vsnprintf(wanted, sizeof(wanted), format, args);
	va_end(args);
	while (f && fgets(line, sizeof(line), f))
		nr += strstr(line, wanted) != NULL;
	if (f)
		fclose(f);
	return f ? nr : -1;
}

#endif /* WEIR_TEST_TRACE_H */
