// SPDX-License-Identifier: GPL-2.0
/*
 * Requests to trim: made through sysfs, waited for, polled for, answered.
 */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <time.h>

#include "trace.h"

#define MS	1000000ULL

static unsigned long long now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static int ask(const char *keep)
{
	return sysfs_put(keep, "processes/%d/trim", getpid());
}

static int answer(unsigned int request, unsigned long long bytes)
{
	struct weir_trim_done done = { .size = sizeof(done), .request = request, .bytes = bytes };

	return weir_call_once(WEIR_IOC_TRIM_DONE, &done);
}

static int wait_for_news(struct weir_trim_wait *wait, unsigned int known, unsigned long long deadline)
{
	*wait = (struct weir_trim_wait){ .size = sizeof(*wait), .request = known,
					 .deadline = deadline };
	return weir_call_once(WEIR_IOC_TRIM_WAIT, wait);
}

FIXTURE(trim) {
	ctlpage_t *page;
};

FIXTURE_SETUP(trim)
{
	self->page = weir_attach_self();
	ASSERT_NE(NULL, self->page);
}

FIXTURE_TEARDOWN(trim)
{
}

TEST_F(trim, at_first_there_is_none)
{
	EXPECT_EQ(0, self->page->trim_request);
	EXPECT_EQ(0, self->page->trim_keep);
	EXPECT_STREQ("none", sysfs_get("processes/%d/trim", getpid()));
	EXPECT_STREQ("0", sysfs_get("processes/%d/trimmed_bytes", getpid()));
}

TEST_F(trim, a_request_is_in_the_page_until_it_is_answered)
{
	unsigned int generation = self->page->generation;

	ASSERT_EQ(0, ask("16K"));
	EXPECT_EQ(1, self->page->trim_request);
	EXPECT_EQ(16384, self->page->trim_keep);
	EXPECT_EQ(generation + 2, self->page->generation);
	EXPECT_STREQ("16384", sysfs_get("processes/%d/trim", getpid()));
	EXPECT_EQ(0, answer(1, 12288));
	EXPECT_STREQ("none", sysfs_get("processes/%d/trim", getpid()));
	EXPECT_STREQ("12288", sysfs_get("processes/%d/trimmed_bytes", getpid()));
	ASSERT_EQ(0, ask("0\n"));
	EXPECT_EQ(2, self->page->trim_request);
	EXPECT_EQ(0, self->page->trim_keep);
	EXPECT_EQ(0, answer(2, 1));
	EXPECT_STREQ("12289", sysfs_get("processes/%d/trimmed_bytes", getpid()));
}

TEST_F(trim, the_latest_answer_answers_all)
{
	ASSERT_EQ(0, ask("0"));
	ASSERT_EQ(0, ask("1"));
	ASSERT_EQ(0, ask("2"));
	EXPECT_EQ(3, self->page->trim_request);
	EXPECT_EQ(0, answer(2, 7));
	EXPECT_STREQ("2", sysfs_get("processes/%d/trim", getpid()));
	EXPECT_EQ(-EINVAL, answer(1, 7));
	EXPECT_EQ(-EINVAL, answer(2, 7));
	EXPECT_EQ(-EINVAL, answer(4, 7));
	EXPECT_EQ(0, answer(3, 7));
	EXPECT_EQ(-EINVAL, answer(3, 7));
	EXPECT_STREQ("14", sysfs_get("processes/%d/trimmed_bytes", getpid()));
}

TEST_F(trim, all_processes_are_asked)
{
	pid_t pid;

	IN_CHILD(pid) {
		CHECK(!weir_attach_child(self->page));
		CHECK(self->page->trim_request == 0);
		CHECK(!sysfs_put("4K", "trim"));
		CHECK(self->page->trim_request == 1 && self->page->trim_keep == 4096);
	}
	EXPECT_EQ(0, child_status(pid));
	EXPECT_EQ(1, self->page->trim_request);
	EXPECT_EQ(4096, self->page->trim_keep);
	/* One that attaches later has not been asked. */
	IN_CHILD(pid) {
		CHECK(!weir_attach_child(self->page));
		CHECK(self->page->trim_request == 0);
		CHECK(answer(1, 0) == -EINVAL);
	}
	EXPECT_EQ(0, child_status(pid));
}

TEST_F(trim, wait)
{
	unsigned long long start = now();
	struct weir_trim_wait wait;
	pid_t pid;

	EXPECT_EQ(-ETIMEDOUT, wait_for_news(&wait, 0, 0));
	EXPECT_EQ(-ETIMEDOUT, wait_for_news(&wait, 0, start + 50 * MS));
	EXPECT_LE(start + 50 * MS, now());
	IN_CHILD(pid) {
		usleep(50000);
		CHECK(!sysfs_put("8K", "processes/%d/trim", getppid()));
	}
	EXPECT_EQ(0, wait_for_news(&wait, 0, WEIR_TRIM_FOREVER));
	EXPECT_EQ(1, wait.request);
	EXPECT_EQ(8192, wait.keep);
	EXPECT_EQ(0, child_status(pid));
	/* That one is known now, and answered or not makes no difference. */
	EXPECT_EQ(0, wait_for_news(&wait, 0, 0));
	EXPECT_EQ(-ETIMEDOUT, wait_for_news(&wait, 1, now() + 5 * MS));
	EXPECT_EQ(0, answer(1, 0));
	EXPECT_EQ(0, wait_for_news(&wait, 0, 0));
}

static void caught(int signal WEIR_UNUSED)
{
}

TEST_F(trim, a_signal_ends_the_wait)
{
	struct sigaction action = { .sa_handler = caught };
	struct weir_trim_wait wait;
	pid_t pid;

	sigaction(SIGUSR1, &action, NULL);
	IN_CHILD(pid) {
		usleep(50000);
		kill(getppid(), SIGUSR1);
	}
	EXPECT_EQ(-EINTR, wait_for_news(&wait, 0, WEIR_TRIM_FOREVER));
	EXPECT_EQ(0, child_status(pid));
	action.sa_flags = SA_RESTART;
	sigaction(SIGUSR1, &action, NULL);
	IN_CHILD(pid) {
		usleep(50000);
		kill(getppid(), SIGUSR1);
		usleep(50000);
		CHECK(!sysfs_put("0", "processes/%d/trim", getppid()));
	}
	EXPECT_EQ(0, wait_for_news(&wait, 0, WEIR_TRIM_FOREVER));
	EXPECT_EQ(0, child_status(pid));
}

static void *detach_soon(void *page)
{
	usleep(50000);
	weir_detach(page);
	return NULL;
}

TEST_F(trim, the_end_of_the_attachment_ends_the_wait)
{
	struct weir_trim_wait wait;
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, detach_soon, (void *)self->page));
	EXPECT_EQ(-ENOTCONN, wait_for_news(&wait, 0, WEIR_TRIM_FOREVER));
	pthread_join(thread, NULL);
	EXPECT_EQ(-ENOTCONN, wait_for_news(&wait, 0, 0));
	EXPECT_EQ(-ENOTCONN, answer(1, 0));
}

TEST_F(trim, a_waiter_can_be_killed)
{
	pid_t pid;

	IN_CHILD(pid) {
		struct weir_trim_wait wait;

		CHECK(!weir_attach_child(self->page));
		wait_for_news(&wait, 0, WEIR_TRIM_FOREVER);
	}
	usleep(100000);
	EXPECT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(128 + SIGKILL, child_status(pid));
	EXPECT_TRUE(record_goes(pid));
}

TEST_F(trim, poll_says_what_is_pending)
{
	struct pollfd pfd = { .fd = weir_open(), .events = POLLIN };
	pid_t pid;

	EXPECT_EQ(0, poll(&pfd, 1, 10));
	IN_CHILD(pid) {
		usleep(50000);
		CHECK(!sysfs_put("0", "processes/%d/trim", getppid()));
	}
	EXPECT_EQ(1, poll(&pfd, 1, 5000));
	EXPECT_EQ(POLLIN, pfd.revents);
	EXPECT_EQ(0, child_status(pid));
	EXPECT_EQ(0, answer(1, 0));
	EXPECT_EQ(0, poll(&pfd, 1, 0));
	weir_detach(self->page);
	EXPECT_EQ(1, poll(&pfd, 1, 0));
	EXPECT_EQ(POLLERR, pfd.revents);
}

/* epoll stays on its queue for as long as the descriptor is open, whatever becomes of the record. */
TEST_F(trim, epoll_outlives_the_attachment)
{
	struct epoll_event event = { .events = EPOLLIN };
	int fd = weir_open(), ep = epoll_create1(0);

	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event));
	EXPECT_EQ(0, epoll_wait(ep, &event, 1, 10));
	ASSERT_EQ(0, ask("0"));
	EXPECT_EQ(1, epoll_wait(ep, &event, 1, 1000));
	EXPECT_EQ(EPOLLIN, event.events);
	weir_detach(self->page);
	EXPECT_EQ(1, epoll_wait(ep, &event, 1, 1000));
	EXPECT_EQ(EPOLLERR, event.events);
	EXPECT_TRUE(record_goes(getpid()));
	self->page = weir_attach_self();
	ASSERT_NE(NULL, self->page);
	EXPECT_EQ(0, epoll_wait(ep, &event, 1, 10));
	ASSERT_EQ(0, ask("0"));
	EXPECT_EQ(1, epoll_wait(ep, &event, 1, 1000));
	close(ep);
	close(fd);
}

TEST_F(trim, tracepoints)
{
	ASSERT_EQ(0, trace_start());
	EXPECT_EQ(0, ask("4096"));
	EXPECT_EQ(1, trace_count("trim_request: pid=%d request=1 keep=4096 pressure=0\n", getpid()));
	EXPECT_EQ(0, answer(1, 8192));
	EXPECT_EQ(1, trace_count("trim_done: pid=%d request=1 bytes=8192 usec=", getpid()));
	EXPECT_EQ(0, trace_stop());
}

TEST_F(trim, bad_input)
{
	static const struct {
		const char *text;
		int error;
	} lines[] = {
		{ "\n", EINVAL }, { " ", EINVAL }, { "-1", ERANGE }, { "-0", EINVAL },
		{ "+1", EINVAL }, { "0x10", EINVAL }, { "1T", EINVAL }, { "1KK", EINVAL },
		{ "1 ", EINVAL }, { " 1", EINVAL }, { "1\n\n", EINVAL }, { "all", EINVAL },
		{ "none", EINVAL }, { "default", EINVAL }, { "1.5M", EINVAL },
		{ "65537G", ERANGE }, { "70368744177665", ERANGE },
		{ "18446744073709551616", ERANGE }, { "99999999999999999999G", ERANGE },
		{ "000000000000000000000000000000001", EINVAL },
	};
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		EXPECT_EQ(-lines[i].error, ask(lines[i].text)) TH_LOG("'%s'", lines[i].text);
		EXPECT_EQ(-lines[i].error, sysfs_put(lines[i].text, "trim"))
			TH_LOG("'%s'", lines[i].text);
	}
	EXPECT_EQ(-EINVAL, sysfs_write("1\0", 2, "trim"));
	EXPECT_EQ(0, self->page->trim_request);
	EXPECT_EQ(0, ask("65536G"));
	EXPECT_EQ(WEIR_TRIM_KEEP_MAX, self->page->trim_keep);
}

TEST_F(trim, who_may_ask)
{
	ctlpage_t *page = self->page;
	pid_t owner;

	IN_CHILD(owner) {
		CHECK(!setgid(NOBODY) && !setuid(NOBODY));
		CHECK(!weir_attach_child(page));
		CHECK(!ask("0"));
		CHECK(page->trim_request == 1);
		CHECK(sysfs_put("0", "processes/%d/trim", getppid()) == -EACCES);
		CHECK(sysfs_put("0", "trim") == -EACCES);
	}
	EXPECT_EQ(0, child_status(owner));
	EXPECT_EQ(0, page->trim_request);
}

TEST_HARNESS_MAIN
