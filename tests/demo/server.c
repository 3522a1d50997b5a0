// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A request server as the demo watches it: each request allocates a buffer, touches some of its
 * pages and frees it again, at a fixed rate.  Linked to nothing but libc; the allocator is preloaded.
 */
#include <err.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096
#define NSEC 1000000000LL
/* What has piled up while the machine was busy elsewhere is dropped after this long. */
#define LATE_MAX (NSEC / 2)

/* Read by whoever watches.  begun == done: no request is being served. */
struct status {
	_Atomic uint64_t begun;
	_Atomic uint64_t done;
	_Atomic uint64_t hold;	/* written by the watcher: while it is 1 no request begins */
};

static volatile sig_atomic_t stopped;

static void stop(int sig)
{
	(void)sig;
	stopped = 1;
}

static void usage(FILE *f)
{
	fputs("usage: server [--size BYTES[K|M|G]] [--pages N|all] [--rate REQUESTS_PER_SECOND]\n"
	      "              [--seconds S] [--status FILE]\n"
	      "Serves until SIGTERM, or for S seconds.  FILE shows the number of requests as 64-bit words:\n"
	      "begun, done; a 1 written to the third word holds further requests back.\n", f);
}

static double number(const char *name, const char *text, double min, double max)
{
	char *end;
	double value = strtod(text, &end);

	if (end != text && *end && strchr("KMG", *end)) {
		value *= *end == 'K' ? 1 << 10 : *end == 'M' ? 1 << 20 : 1 << 30;
		end++;
	}
	if (end == text || *end || !(value >= min && value <= max))
		errx(2, "--%s '%s': a number from %.15g to %.15g is needed", name, text, min, max);
	return value;
}

static struct status *open_status(const char *path)
{
	static struct status nobody;
	struct status *status;
	int fd;

	if (!path)
		return &nobody;
	fd = open(path, O_RDWR | O_CREAT, 0644);
	if (fd < 0 || ftruncate(fd, PAGE) != 0)
		err(1, "%s", path);
	status = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (status == MAP_FAILED)
		err(1, "%s", path);
	close(fd);
	return status;
}

/* The touched pages lie evenly over the buffer; the first is that of the chunk's own header. */
static void serve(size_t size, size_t pages)
{
	size_t step = size / pages / PAGE * PAGE;
	volatile char *buffer = malloc(size);

	if (!buffer)
		err(1, "malloc(%zu)", size);
	for (size_t i = 0; i < pages; i++)
		buffer[i * step] = 1;
	free((void *)buffer);
}

/*
 * A request is announced before the word to hold is looked at, and the watcher looks at the
 * requests after it has given that word: one of the two sees the other.
 */
static int may_begin(struct status *status)
{
	atomic_fetch_add(&status->begun, 1);
	if (!atomic_load(&status->hold))
		return 1;
	atomic_fetch_sub(&status->begun, 1);
	return 0;
}

static int64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NSEC + ts.tv_nsec;
}

static void sleep_until(int64_t when)
{
	struct timespec ts = { when / NSEC, when % NSEC };

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
}

static void run(struct status *status, size_t size, size_t pages, int64_t period, int64_t end)
{
	int64_t due = now();

	while (!stopped && due < end) {
		sleep_until(due);
		if (!may_begin(status)) {
			sleep_until(now() + NSEC / 2000);
			continue;
		}
		serve(size, pages);
		atomic_fetch_add(&status->done, 1);
		due += period;
		if (due < now() - LATE_MAX)
			due = now();
	}
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "size", 1, NULL, 's' }, { "pages", 1, NULL, 'p' }, { "rate", 1, NULL, 'r' },
		{ "seconds", 1, NULL, 't' }, { "status", 1, NULL, 'f' }, { "help", 0, NULL, 'h' }, { 0 },
	};
	struct sigaction action = { .sa_handler = stop };
	double size = 2 << 20, pages = 6, rate = 100, seconds = 1e6;
	const char *path = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 's': size = number("size", optarg, PAGE, 1LL << 40); break;
		case 'p': pages = strcmp(optarg, "all") ? number("pages", optarg, 1, 1 << 28) : 0; break;
		case 'r': rate = number("rate", optarg, 0.01, 1e6); break;
		case 't': seconds = number("seconds", optarg, 0, 1e6); break;
		case 'f': path = optarg; break;
		case 'h': usage(stdout); return 0;
		default: usage(stderr); return 2;
		}
	}
	if (optind < argc)
		errx(2, "unexpected '%s'; see --help", argv[optind]);
	if (pages > size / PAGE)
		errx(2, "--pages %g: a buffer of %.0f bytes has %g", pages, size, size / PAGE);
	sigaction(SIGTERM, &action, NULL);
	run(open_status(path), size, pages ? pages : size / PAGE, NSEC / rate,
	    now() + (int64_t)(seconds * NSEC));
	return 0;
}
