/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests to trim: made, waited for, answered.
 */
#ifndef _WEIR_TRIM_H
#define _WEIR_TRIM_H

#include <linux/ktime.h>
#include <linux/poll.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/weir.h>

struct weir_record;

/* A record's requests; all but @wait under the record's lock. */
struct weir_trim {
	u32 request;		/* number of the latest one, 0: there was none; also read without */
	u32 answered;		/* number of the latest one that was answered */
	u64 keep;
	u64 bytes;		/* let go of on requests, as the process says */
	ktime_t asked;
	wait_queue_head_t wait;	/* for another @request, or the end of the attachment */
};

void weir_trim_init(struct weir_trim *trim);
void weir_trim_request(struct weir_record *rec, u64 keep, unsigned int cause);
void weir_trim_request_all(u64 keep);
bool weir_trim_is_pending(struct weir_record *rec, u64 *keep);
u64 weir_trim_bytes(struct weir_record *rec);
int weir_trim_wait(struct weir_record *rec, struct weir_trim_wait *arg);
int weir_trim_done(struct weir_record *rec, const struct weir_trim_done *arg);
void weir_trim_retire(struct weir_record *rec);
__poll_t weir_trim_poll(struct file *file, poll_table *table);

#endif /* _WEIR_TRIM_H */
