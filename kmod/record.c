// SPDX-License-Identifier: GPL-2.0
/*
 * One record: its making, its knobs, its end.
 *
 * DOC: lifetime of a record
 *
 * The kobject's count is the record's.  The registry holds the first reference from creation to
 * weir_record_destroy(), which comes an RCU grace period after nobody can find the record by mm
 * any more: whoever finds it there inside an RCU section may therefore take a reference without
 * asking.  Further references: the descriptor that attached, each mapping in whatever address
 * space (a forked child needs its parent's knobs even when the parent is gone), and callers for
 * the time of a call.
 */
#include <linux/completion.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "faults.h"
#include "layers.h"
#include "objects.h"
#include "record.h"
#include "registry.h"
#include "sysfs.h"
#include "trace.h"

static struct weir_objects weir_record_objects = WEIR_OBJECTS_INIT(weir_record_objects);

static int weir_record_inherit(struct weir_record *rec, struct weir_record *parent)
{
	struct weir_region_set *set, *copy = weir_regions_alloc();

	if (!copy)
		return -ENOMEM;
	spin_lock(&parent->lock);
	rec->own = parent->own;
	rec->choice = parent->choice;
	set = rcu_dereference_protected(parent->regions, lockdep_is_held(&parent->lock));
	if (set)
		*copy = *set;
	spin_unlock(&parent->lock);
	RCU_INIT_POINTER(rec->regions, copy);
	rec->parent = parent->nr;
	return 0;
}

/*
 * A record that is on its way out is its user's until its directory has gone: those are waited for
 * once before the user is refused.
 */
static struct weir_user *weir_record_charge(void)
{
	struct weir_user *user = weir_user_charge(current_uid());

	if (PTR_ERR_OR_ZERO(user) == -EDQUOT) {
		weir_registry_settle();
		user = weir_user_charge(current_uid());
	}
	return user;
}

/* Its directory is gone, or has never been.  By one at a time. */
void weir_record_uncharge(struct weir_record *rec)
{
	if (rec->user)
		weir_user_uncharge(rec->user);
	rec->user = NULL;
}

/**
 * weir_record_create() - make a record for the caller's address space
 * @parent: the record to inherit knobs, choice of profile and regions from, or NULL
 * @choice: by which profile to go, or NULL to inherit the choice or else go by what matches
 *
 * Page faults are being counted when this returns, though nobody finds the record yet.
 *
 * Return: the record with one reference, which weir_record_destroy() drops, or an error pointer.
 */
struct weir_record *weir_record_create(struct weir_record *parent,
				       const struct weir_profile_choice *choice)
{
	struct weir_record *rec;
	int ret = -ENOMEM;

	rec = kzalloc(sizeof(*rec), GFP_KERNEL_ACCOUNT);
	if (!rec)
		return ERR_PTR(-ENOMEM);
	rec->user = weir_record_charge();
	if (IS_ERR(rec->user)) {
		ret = PTR_ERR(rec->user);
		goto free_record;
	}
	rec->page = weir_ctlpage_alloc();
	if (!rec->page)
		goto uncharge;
	spin_lock_init(&rec->lock);
	INIT_LIST_HEAD(&rec->node);
	init_completion(&rec->gone);
	weir_trim_init(&rec->trim);
	weir_notify_init(rec);
	if (parent) {
		ret = weir_record_inherit(rec, parent);
		if (ret)
			goto free_page;
	}
	if (choice)
		rec->choice = *choice;
	ret = weir_pressure_attach(rec);
	if (ret)
		goto free_regions;
	ret = weir_faults_get();
	if (ret)
		goto free_token;
	rec->pid = get_pid(task_tgid(current));
	rec->nr = pid_nr(rec->pid);
	current_euid_egid(&rec->uid, &rec->gid);
	kobject_init(&rec->kobj, &weir_process_ktype);
	weir_objects_made(&weir_record_objects);
	weir_record_refresh(rec, WEIR_KNOB_MASK);
	return rec;

free_token:
	weir_pressure_detach(rec);
free_regions:
	kfree(rcu_access_pointer(rec->regions));
free_page:
	weir_ctlpage_free(rec->page);
uncharge:
	weir_record_uncharge(rec);
free_record:
	kfree(rec);
	return ERR_PTR(ret);
}

/* Nobody finds the record by mm any more, nor is anybody still looking at it there. */
void weir_record_destroy(struct weir_record *rec)
{
	weir_record_uncharge(rec);
	weir_faults_put();
	weir_pressure_detach(rec);
	weir_ctlpage_free(rec->page);
	rec->page = NULL;
	weir_record_put(rec);
}

/* The last reference: kfree_rcu() as the list of records is walked under RCU. */
void weir_record_release(struct kobject *kobj)
{
	struct weir_record *rec = container_of(kobj, struct weir_record, kobj);

	put_pid(rec->pid);
	weir_profile_put(rec->profile);
	weir_notify_release(rec);
	weir_figures_free(rec->figures);
	kfree(rcu_access_pointer(rec->regions));
	kfree_rcu(rec, rcu);
	weir_objects_released(&weir_record_objects);
}

void weir_record_wait_all(void)
{
	weir_objects_wait(&weir_record_objects);
}

/**
 * weir_record_start_counters() - let the counters start from the process's own
 * @rec: a record that nobody finds yet
 *
 * The caller holds the mmap_lock for writing until the record can be found, so no fault is
 * between being counted by the kernel and being counted here.  A thread that exits moves its
 * counts under siglock.
 */
void weir_record_start_counters(struct weir_record *rec)
{
	/* A task's own handlers stay the same but for exec. */
	struct sighand_struct *sighand = rcu_dereference_protected(current->sighand, true);
	struct task_struct *task;

	mmap_assert_write_locked(current->mm);
	spin_lock_irq(&sighand->siglock);
	rec->base.minflt = current->signal->min_flt;
	rec->base.majflt = current->signal->maj_flt;
	for_each_thread(current, task) {
		rec->base.minflt += READ_ONCE(task->min_flt);
		rec->base.majflt += READ_ONCE(task->maj_flt);
	}
	spin_unlock_irq(&sighand->siglock);
	atomic64_set(weir_ctlpage_counter(rec->page, WEIR_COUNTER_MINFLT), rec->base.minflt);
	atomic64_set(weir_ctlpage_counter(rec->page, WEIR_COUNTER_MAJFLT), rec->base.majflt);
}

/* The generation changes only if a value or a source has. */
static void weir_record_publish(struct weir_record *rec, u32 mask)
{
	lockdep_assert_held(&rec->lock);

	if (weir_layers_resolve(&rec->own, rec->profile ? &rec->profile->knobs : NULL, mask,
				&rec->effective) || !rec->generation)
		weir_ctlpage_write(rec->page, &rec->generation, &rec->effective);
}

/* The layers below the record's own may have changed. */
void weir_record_refresh(struct weir_record *rec, u32 mask)
{
	spin_lock(&rec->lock);
	if (!rec->retired)
		weir_record_publish(rec, mask);
	spin_unlock(&rec->lock);
}

static void weir_record_trace_knobs(struct weir_record *rec, u32 mask)
{
	unsigned int knob;

	if (!trace_knob_enabled())
		return;
	for (knob = 0; knob < WEIR_KNOB_NR; knob++)
		if (mask & (1u << knob))
			trace_knob(rec->nr, weir_knobs[knob].name, rec->effective.value[knob],
				   weir_source_name(rec->effective.source[knob]));
}

static u32 weir_profile_mask(const struct weir_profile *profile)
{
	return profile ? READ_ONCE(profile->knobs.mask) : 0;
}

/*
 * The choice is made and stored under the lock: the walk that follows a change of the profiles
 * comes before it, and it sees the change, or after it and makes it anew.  Knobs of which neither
 * profile says anything stay as they are, but for those in @mask.
 */
static void weir_record_match(struct weir_record *rec, const struct weir_subject *subject,
			      u32 mask)
{
	struct weir_profile *old = NULL;

	rcu_read_lock();
	spin_lock(&rec->lock);
	if (!rec->retired) {
		old = rec->profile;
		rec->profile = weir_profiles_choose(&rec->choice, subject);
		mask |= weir_profile_mask(old) | weir_profile_mask(rec->profile);
		weir_record_publish(rec, mask);
	}
	spin_unlock(&rec->lock);
	rcu_read_unlock();
	weir_profile_put(old);
}

/*
 * Profiles, or what they match, have changed, and do not change as long as this runs: what they do
 * not ask for need not be looked at.
 */
void weir_record_rematch(struct weir_record *rec, u32 mask)
{
	struct weir_subject subject;

	subject.is_process = false;
	if (weir_profiles_match())
		weir_subject_read(&subject, rec->pid, weir_profiles_match_cgroups());
	weir_record_match(rec, &subject, mask);
}

/* The layers are there for the record, which can be found now. */
void weir_record_find_profile(struct weir_record *rec)
{
	struct weir_subject subject;

	weir_subject_read(&subject, rec->pid, true);
	weir_record_match(rec, &subject, WEIR_KNOB_MASK);
}

void weir_record_choose_profile(struct weir_record *rec, const struct weir_profile_choice *choice)
{
	spin_lock(&rec->lock);
	rec->choice = *choice;
	spin_unlock(&rec->lock);
	weir_record_find_profile(rec);
}

/* The name of the profile that the process goes by, or "none". */
void weir_record_profile_name(struct weir_record *rec, char name[WEIR_PROFILE_NAME_LEN])
{
	spin_lock(&rec->lock);
	strscpy(name, rec->profile ? rec->profile->name : "none",
		WEIR_PROFILE_NAME_LEN);
	spin_unlock(&rec->lock);
}

/* The change has been checked: knobs known, values in range, no knob in both masks. */
void weir_record_change_knobs(struct weir_record *rec, const struct weir_knob_change *change)
{
	unsigned int knob;

	spin_lock(&rec->lock);
	for (knob = 0; knob < WEIR_KNOB_NR; knob++) {
		if (change->set_mask & (1u << knob))
			weir_knob_layer_write(&rec->own, knob, change->value[knob],
					      change->source);
		else if (change->default_mask & (1u << knob))
			weir_knob_layer_reset(&rec->own, knob);
	}
	if (!rec->retired)
		weir_record_publish(rec, WEIR_KNOB_MASK);
	weir_record_trace_knobs(rec, change->set_mask | change->default_mask);
	spin_unlock(&rec->lock);
}

/* All effective values as of one moment. */
void weir_record_read_knobs(struct weir_record *rec, struct weir_knob_set *knobs)
{
	spin_lock(&rec->lock);
	*knobs = rec->effective;
	spin_unlock(&rec->lock);
}

/* Takes over @set, which may be NULL. */
void weir_record_set_regions(struct weir_record *rec, struct weir_region_set *set)
{
	struct weir_region_set *old;

	spin_lock(&rec->lock);
	old = rcu_replace_pointer(rec->regions, set, lockdep_is_held(&rec->lock));
	spin_unlock(&rec->lock);
	if (old)
		kfree_rcu(old, rcu);
}

/* Publish a level of memory pressure; the caller holds a reference or is in an RCU section. */
void weir_record_set_pressure(struct weir_record *rec, unsigned int level)
{
	spin_lock(&rec->lock);
	if (!rec->retired)
		WRITE_ONCE(rec->page->pressure, level);
	spin_unlock(&rec->lock);
	weir_notify(rec, WEIR_NOTIFY_PRESSURE);
}

/* Nobody writes the page's knobs after this. */
void weir_record_retire(struct weir_record *rec)
{
	spin_lock(&rec->lock);
	WRITE_ONCE(rec->retired, true);
	weir_ctlpage_retire(rec->page);
	spin_unlock(&rec->lock);
	weir_trim_retire(rec);
}
