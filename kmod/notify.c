// SPDX-License-Identifier: GPL-2.0
/*
 * Waking those who poll a process's files.
 *
 * DOC: whose node it is
 *
 * A poller reads a file first, as the kernel's sysfs has it.  The first reader makes the record
 * hold the file's node, until the record is released: so a notification needs neither a lock nor
 * the directory, which may be on its way out meanwhile.
 */
#include <linux/kernfs.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/sysfs.h>

#include "ctlpage.h"
#include "notify.h"
#include "record.h"

/* How often the rate of faults is looked at, while somebody has asked for that. */
#define WEIR_NOTIFY_PERIOD	(HZ / 4)

static const char * const weir_notify_names[WEIR_NOTIFY_NR] = {
	[WEIR_NOTIFY_MINFLT] = "minflt",
	[WEIR_NOTIFY_TRIMMED] = "trimmed_bytes",
	[WEIR_NOTIFY_PRESSURE] = "pressure",
};

/* The file is being read or written, which keeps the directory in place. */
void weir_notify_watch(struct weir_record *rec, unsigned int file)
{
	struct kernfs_node **node = &rec->notify.node[file], *found;

	if (READ_ONCE(*node))
		return;
	found = sysfs_get_dirent(rec->kobj.sd, weir_notify_names[file]);
	if (found && cmpxchg(node, NULL, found))
		sysfs_put(found);
}

/* Wake the pollers of a file, if there may be any. */
void weir_notify(struct weir_record *rec, unsigned int file)
{
	struct kernfs_node *node = smp_load_acquire(&rec->notify.node[file]); /* cmpxchg() above */

	if (node)
		sysfs_notify_dirent(node);
}

/* Faults a second since the last look. */
static u64 weir_notify_rate(struct weir_notify *notify, u64 minflt)
{
	ktime_t now = ktime_get();
	s64 usec = ktime_us_delta(now, notify->since);
	u64 rate = div64_u64((minflt - notify->minflt) * USEC_PER_SEC, max_t(s64, usec, 1));

	notify->since = now;
	notify->minflt = minflt;
	return rate;
}

static u64 weir_notify_minflt(struct weir_record *rec)
{
	return atomic64_read(weir_ctlpage_counter(rec->page, WEIR_COUNTER_MINFLT));
}

/* Pollers are woken in each period in which the rate is reached. */
static void weir_notify_work(struct work_struct *work)
{
	struct weir_notify *notify = container_of(to_delayed_work(work), struct weir_notify, work);
	struct weir_record *rec = container_of(notify, struct weir_record, notify);
	u32 wanted = READ_ONCE(notify->minflt_rate);

	if (!wanted)
		return;
	if (weir_notify_rate(notify, weir_notify_minflt(rec)) >= wanted)
		weir_notify(rec, WEIR_NOTIFY_MINFLT);
	queue_delayed_work(system_unbound_wq, &notify->work, WEIR_NOTIFY_PERIOD);
}

/**
 * weir_notify_set_rate() - say when pollers of minflt are woken
 * @rec: the record; its directory is held active
 * @rate: faults a second; 0 for never
 */
void weir_notify_set_rate(struct weir_record *rec, u32 rate)
{
	struct weir_notify *notify = &rec->notify;

	cancel_delayed_work_sync(&notify->work);
	WRITE_ONCE(notify->minflt_rate, rate);
	if (!rate)
		return;
	notify->minflt = weir_notify_minflt(rec);
	notify->since = ktime_get();
	queue_delayed_work(system_unbound_wq, &notify->work, WEIR_NOTIFY_PERIOD);
}

void weir_notify_init(struct weir_record *rec)
{
	INIT_DELAYED_WORK(&rec->notify.work, weir_notify_work);
}

/* The directory is gone, so nobody sets a rate any more; the page is not. */
void weir_notify_reap(struct weir_record *rec)
{
	WRITE_ONCE(rec->notify.minflt_rate, 0);
	cancel_delayed_work_sync(&rec->notify.work);
}

void weir_notify_release(struct weir_record *rec)
{
	unsigned int i;

	for (i = 0; i < WEIR_NOTIFY_NR; i++)
		if (rec->notify.node[i])
			sysfs_put(rec->notify.node[i]);
}
