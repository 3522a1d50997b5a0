/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A record: what the module knows of one attached address space.
 */
#ifndef _WEIR_RECORD_H
#define _WEIR_RECORD_H

#include <linux/completion.h>
#include <linux/kobject.h>
#include <linux/list.h>
#include <linux/pid.h>
#include <linux/spinlock.h>
#include <linux/uidgid.h>
#include <linux/workqueue.h>

#include "ctlpage.h"
#include "knobs.h"
#include "figures.h"
#include "notify.h"
#include "pressure.h"
#include "profiles.h"
#include "regions.h"
#include "trim.h"
#include "users.h"

enum weir_record_state {
	WEIR_RECORD_NEW,	/* its pid is taken, nobody can find it by mm */
	WEIR_RECORD_ATTACHED,
	WEIR_RECORD_RETIRED,	/* directory being removed, or removed */
};

/*
 * Written under: R the registry's lock, L @lock, C at creation only.
 */
struct weir_record {
	/* What a page fault reads, together. */
	struct hlist_node mm_node;		/* R, read under RCU */
	struct mm_struct *mm;			/* R, read under RCU; only while attached */
	struct weir_ctlpage *page;		/* C */
	struct weir_region_set __rcu *regions;	/* L, read under RCU */

	struct hlist_node pid_node;		/* R */
	struct list_head node;			/* R, read under RCU */
	enum weir_record_state state;		/* R */
	unsigned int mapped;			/* R: mappings of the page in @mm */

	struct pid *pid;			/* C: the process that attached */
	pid_t nr;				/* C: its global number, the directory's name */
	struct weir_user *user;			/* whose real uid it is charged to; see reap */
	kuid_t uid;				/* C: its effective owner then */
	kgid_t gid;				/* C */
	pid_t parent;				/* C: whose knobs it has inherited, or 0 */
	struct weir_faults base;		/* C: what the counters started from */

	spinlock_t lock;			/* what is marked L; innermost */
	struct weir_knob_layer own;		/* L */
	struct weir_profile_choice choice;	/* L */
	struct weir_profile *profile;		/* L: with a reference, or NULL */
	struct weir_knob_set effective;		/* L, read with READ_ONCE() */
	u32 generation;				/* L */
	struct weir_trim trim;
	struct weir_pressure pressure;
	struct weir_notify notify;
	struct weir_figures *figures;		/* made once, under the mmap_lock; or NULL */
	bool retired;				/* L: the page is not written any more */

	struct kobject kobj;			/* processes/<pid>; holds the references */
	struct completion gone;			/* the directory is removed, the pid free */
	struct work_struct reap;
	struct rcu_work destroy;
	struct rcu_head rcu;
};

struct weir_record *weir_record_create(struct weir_record *parent,
				       const struct weir_profile_choice *choice);
void weir_record_uncharge(struct weir_record *rec);
void weir_record_destroy(struct weir_record *rec);
void weir_record_release(struct kobject *kobj);

static inline struct weir_record *weir_record_get(struct weir_record *rec)
{
	kobject_get(&rec->kobj);
	return rec;
}

/* Of a show or store of the directory. */
static inline struct weir_record *weir_record_of(struct kobject *kobj)
{
	return container_of(kobj, struct weir_record, kobj);
}

static inline void weir_record_put(struct weir_record *rec)
{
	kobject_put(&rec->kobj);
}

/* What changes in a record: bits of enum weir_knob. */
struct weir_knob_change {
	u32 set_mask;
	u32 default_mask;
	u8 source;
	const s64 *value;
};

void weir_record_start_counters(struct weir_record *rec);
void weir_record_refresh(struct weir_record *rec, u32 mask);
void weir_record_rematch(struct weir_record *rec, u32 mask);
void weir_record_find_profile(struct weir_record *rec);
void weir_record_choose_profile(struct weir_record *rec, const struct weir_profile_choice *choice);
void weir_record_profile_name(struct weir_record *rec, char name[WEIR_PROFILE_NAME_LEN]);
void weir_record_change_knobs(struct weir_record *rec, const struct weir_knob_change *change);
void weir_record_read_knobs(struct weir_record *rec, struct weir_knob_set *knobs);
void weir_record_set_regions(struct weir_record *rec, struct weir_region_set *set);
void weir_record_set_pressure(struct weir_record *rec, unsigned int level);
void weir_record_retire(struct weir_record *rec);

void weir_record_wait_all(void);

#endif /* _WEIR_RECORD_H */
