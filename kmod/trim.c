// SPDX-License-Identifier: GPL-2.0
/*
 * Requests to trim.
 *
 * DOC: from a request to its answer
 *
 * A request has a number and stands in the control page, whose generation it moves: the process
 * takes it at its next slow path, or a thread of it waits for it here.  Nobody waits for the
 * process.  A second request replaces the first; the answer to a request answers those before it.
 * What the process says to have let go of is added up and is nothing but its word.
 *
 * Waiters sleep on their record's queue, holding a reference to it.  Pollers may stay on a queue
 * for longer than a record lives, as epoll does, and have one for all.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/ktime.h>
#include <linux/overflow.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include "ctlpage.h"
#include "record.h"
#include "registry.h"
#include "trace.h"
#include "trim.h"

/* Whoever polls the device, of whatever process. */
static DECLARE_WAIT_QUEUE_HEAD(weir_trim_pollers);

void weir_trim_init(struct weir_trim *trim)
{
	init_waitqueue_head(&trim->wait);
}

/* After the record's lock was dropped, which so stays innermost. */
static void weir_trim_wake(struct weir_record *rec)
{
	wake_up_all(&rec->trim.wait);
	if (wq_has_sleeper(&weir_trim_pollers))
		wake_up_interruptible_all(&weir_trim_pollers);
}

/**
 * weir_trim_request() - ask a process to let go of idle memory
 * @rec: its record, which may be retired, and then nothing happens
 * @keep: bytes that may stay idle
 * @cause: enum weir_pressure_level, WEIR_PRESSURE_NONE if somebody asks
 *
 * The caller holds a reference or is in an RCU section.
 */
void weir_trim_request(struct weir_record *rec, u64 keep, unsigned int cause)
{
	struct weir_trim *trim = &rec->trim;
	bool made = false;

	spin_lock(&rec->lock);
	if (!rec->retired) {
		WRITE_ONCE(trim->request, trim->request + 1 ?: 1);
		trim->keep = keep;
		trim->asked = ktime_get();
		weir_ctlpage_write_trim(rec->page, &rec->generation, trim->request, keep);
		trace_trim_request(rec->nr, trim->request, keep, cause);
		made = true;
	}
	spin_unlock(&rec->lock);
	if (made)
		weir_trim_wake(rec);
}

static void weir_trim_request_one(struct weir_record *rec, void *data)
{
	const u64 *keep = data;

	weir_trim_request(rec, *keep, WEIR_PRESSURE_NONE);
}

/* Ask every process that is attached now. */
void weir_trim_request_all(u64 keep)
{
	weir_registry_for_each(weir_trim_request_one, &keep);
}

/* Whether the latest request is still to be answered, and what it leaves idle. */
bool weir_trim_is_pending(struct weir_record *rec, u64 *keep)
{
	bool pending;

	spin_lock(&rec->lock);
	pending = rec->trim.request != rec->trim.answered;
	*keep = rec->trim.keep;
	spin_unlock(&rec->lock);
	return pending;
}

u64 weir_trim_bytes(struct weir_record *rec)
{
	u64 bytes;

	spin_lock(&rec->lock);
	bytes = rec->trim.bytes;
	spin_unlock(&rec->lock);
	return bytes;
}

static bool weir_trim_has_news(struct weir_record *rec, u32 known)
{
	return READ_ONCE(rec->trim.request) != known || READ_ONCE(rec->retired);
}

/* 0, -ETIME, or -ERESTARTSYS: the deadline is absolute, so starting again is right. */
static int weir_trim_sleep(struct weir_record *rec, u32 known, u64 deadline)
{
	ktime_t left;

	if (deadline >= KTIME_MAX)
		return wait_event_interruptible(rec->trim.wait, weir_trim_has_news(rec, known));
	left = ktime_sub(ns_to_ktime(deadline), ktime_get());
	if (ktime_to_ns(left) <= 0)
		return weir_trim_has_news(rec, known) ? 0 : -ETIME;
	return wait_event_interruptible_hrtimeout(rec->trim.wait, weir_trim_has_news(rec, known),
						  left);
}

/* WEIR_IOC_TRIM_WAIT; the caller holds a reference to @rec. */
int weir_trim_wait(struct weir_record *rec, struct weir_trim_wait *arg)
{
	int ret;

	if (arg->flags || arg->reserved || arg->keep)
		return -EINVAL;
	ret = weir_trim_sleep(rec, arg->request, arg->deadline);
	if (ret)
		return ret == -ETIME ? -ETIMEDOUT : ret;
	spin_lock(&rec->lock);
	if (rec->retired)
		ret = -ENOTCONN;
	arg->request = rec->trim.request;
	arg->keep = rec->trim.keep;
	spin_unlock(&rec->lock);
	return ret;
}

/* Numbers go round: @request is one of those behind @answered, up to the latest. */
static bool weir_trim_is_open(const struct weir_trim *trim, u32 request)
{
	return request && (s32)(request - trim->answered) > 0 &&
	       (s32)(trim->request - request) >= 0;
}

static void weir_trim_add(struct weir_trim *trim, u64 bytes)
{
	if (check_add_overflow(trim->bytes, bytes, &trim->bytes))
		trim->bytes = U64_MAX;
}

/* WEIR_IOC_TRIM_DONE */
int weir_trim_done(struct weir_record *rec, const struct weir_trim_done *arg)
{
	struct weir_trim *trim = &rec->trim;
	int ret = 0;

	if (arg->flags || arg->reserved || arg->bytes > WEIR_TRIM_BYTES_MAX)
		return -EINVAL;
	spin_lock(&rec->lock);
	if (weir_trim_is_open(trim, arg->request)) {
		WRITE_ONCE(trim->answered, arg->request);
		weir_trim_add(trim, arg->bytes);
		trace_trim_done(rec->nr, arg->request, arg->bytes,
				ktime_us_delta(ktime_get(), trim->asked));
	} else {
		ret = -EINVAL;
	}
	spin_unlock(&rec->lock);
	if (!ret)
		weir_notify(rec, WEIR_NOTIFY_TRIMMED);
	return ret;
}

/* The attachment has ended, which rec->retired says by now. */
void weir_trim_retire(struct weir_record *rec)
{
	weir_trim_wake(rec);
}

/* epoll and io_uring call this for the process that waits. */
__poll_t weir_trim_poll(struct file *file, poll_table *table)
{
	struct weir_record *rec;
	__poll_t events = EPOLLERR;

	poll_wait(file, &weir_trim_pollers, table);
	rcu_read_lock();
	rec = current->mm ? weir_registry_find(current->mm) : NULL;
	if (rec)
		events = READ_ONCE(rec->trim.request) != READ_ONCE(rec->trim.answered) ?
			 EPOLLIN | EPOLLRDNORM : 0;
	rcu_read_unlock();
	return events;
}
