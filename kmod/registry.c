// SPDX-License-Identifier: GPL-2.0
/*
 * The registry: records by address space, by pid, and all of them.
 *
 * DOC: from attach to removal
 *
 * A record is NEW while it holds its pid and gets its directory; no fault finds it.  It is
 * ATTACHED from the moment it can be found by mm, and RETIRED when the last mapping in its own
 * address space is closed, or its descriptor is before anything was mapped.  Retiring is short
 * and never sleeps, as it runs under the mmap_lock of an exiting process.  The directory is
 * removed by a work item, because that waits for readers; only then is the pid free for the next
 * record, which waits for it.  An RCU grace period later no fault looks at the record any more
 * and it is destroyed.
 */
#include <linux/fs.h>
#include <linux/hashtable.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/workqueue.h>

#include "ctlpage.h"
#include "registry.h"
#include "sysfs.h"
#include "trace.h"

/* Directories removed at a time: few, as sysfs has one lock for all. */
#define WEIR_REAPERS	4

struct hlist_head weir_registry_mms[1 << WEIR_REGISTRY_BITS];

/* Protects the three tables, the totals, file->private_data and what record.h marks R. */
static DEFINE_SPINLOCK(weir_registry_spinlock);
static DEFINE_HASHTABLE(weir_registry_pids, WEIR_REGISTRY_BITS);
static LIST_HEAD(weir_registry_list);		/* until destroyed; read under RCU */
static u64 weir_registry_nr_attached;
static u64 weir_registry_nr_attaches;
static struct weir_faults weir_registry_gone;	/* of destroyed records */
static struct workqueue_struct *weir_registry_wq;

static void weir_registry_lock(void)
	__acquires(&weir_registry_spinlock)
{
	spin_lock(&weir_registry_spinlock);
}

static void weir_registry_unlock(void)
	__releases(&weir_registry_spinlock)
{
	spin_unlock(&weir_registry_spinlock);
}

struct weir_record *weir_registry_find_get(const struct mm_struct *mm)
{
	struct weir_record *rec;

	rcu_read_lock();
	rec = weir_registry_find(mm);
	if (rec)
		weir_record_get(rec);
	rcu_read_unlock();
	return rec;
}

static struct weir_record *weir_registry_find_nr(pid_t nr)
{
	struct weir_record *rec;

	lockdep_assert_held(&weir_registry_spinlock);

	hash_for_each_possible(weir_registry_pids, rec, pid_node, nr)
		if (rec->nr == nr)
			return rec;
	return NULL;
}

static void weir_faults_add(struct weir_faults *to, struct weir_record *rec)
{
	struct weir_faults now;

	weir_ctlpage_read_faults(rec->page, &now);
	to->minflt += max_t(s64, now.minflt - rec->base.minflt, 0);
	to->majflt += max_t(s64, now.majflt - rec->base.majflt, 0);
	to->heap_minflt += now.heap_minflt;
	to->heap_majflt += now.heap_majflt;
	to->mmap_minflt += now.mmap_minflt;
	to->mmap_majflt += now.mmap_majflt;
}

static void weir_registry_destroy(struct work_struct *work)
{
	struct weir_record *rec = container_of(to_rcu_work(work), struct weir_record, destroy);

	weir_registry_lock();
	if (!list_empty(&rec->node)) {
		weir_faults_add(&weir_registry_gone, rec);
		list_del_rcu(&rec->node);
	}
	weir_registry_unlock();
	weir_record_destroy(rec);
}

/* Holds no lock: kobject_del() waits for whoever is inside a show or store of the directory. */
static void weir_registry_reap(struct work_struct *work)
{
	struct weir_record *rec = container_of(work, struct weir_record, reap);

	if (rec->kobj.state_in_sysfs)
		kobject_del(&rec->kobj);
	weir_record_uncharge(rec);
	weir_notify_reap(rec);
	weir_registry_lock();
	hash_del(&rec->pid_node);
	weir_registry_unlock();
	complete_all(&rec->gone);
	queue_rcu_work(weir_registry_wq, &rec->destroy);
}

static void weir_registry_trace_detach(struct weir_record *rec)
{
	struct weir_faults faults;

	if (!trace_detach_enabled())
		return;
	weir_ctlpage_read_faults(rec->page, &faults);
	trace_detach(rec->nr, faults.minflt, faults.majflt);
}

/* Wait until the directories of all records that are retired by now have gone. */
void weir_registry_settle(void)
{
	flush_workqueue(weir_registry_wq);
}

/*
 * Returns the mm whose reference is to be dropped outside the lock, or NULL.  Within vm_ops->close
 * that is never the last one: the address space being torn down has its own.
 */
static struct mm_struct *weir_registry_retire(struct weir_record *rec)
{
	struct mm_struct *mm = rec->mm;

	lockdep_assert_held(&weir_registry_spinlock);

	if (rec->state == WEIR_RECORD_ATTACHED) {
		weir_registry_trace_detach(rec);
		hlist_del_rcu(&rec->mm_node);
		WRITE_ONCE(rec->mm, NULL);
		WRITE_ONCE(weir_registry_nr_attached, weir_registry_nr_attached - 1);
	}
	rec->state = WEIR_RECORD_RETIRED;
	weir_record_retire(rec);
	queue_work(weir_registry_wq, &rec->reap);
	return mm;
}

static void weir_mm_drop(struct mm_struct *mm)
{
	if (mm)
		mmdrop(mm);
}

/* Retire a record unless that has happened. */
void weir_registry_detach(struct weir_record *rec)
{
	struct mm_struct *mm = NULL;

	weir_registry_lock();
	if (rec->state != WEIR_RECORD_RETIRED)
		mm = weir_registry_retire(rec);
	weir_registry_unlock();
	weir_mm_drop(mm);
}

/* Whether a process runs in @mm, which is only compared and may be gone. */
static bool weir_mm_has_tasks(const struct mm_struct *mm)
{
	struct task_struct *process, *task;
	bool found = false;

	rcu_read_lock();
	for_each_process_thread(process, task) {
		if (READ_ONCE(task->mm) == mm && !(task->flags & PF_KTHREAD)) {
			found = true;
			goto out;
		}
	}
out:
	rcu_read_unlock();
	return found;
}

/*
 * Another record has the pid of @rec.  It goes if it is on its way out already, if its process is
 * gone and the number belongs to another one now, or if its process has left the address space by
 * exec and nobody else runs there (somebody reading /proc may keep it alive for a moment).
 */
static int weir_registry_supersede(struct weir_record *old, enum weir_record_state state,
				   const struct mm_struct *mm, const struct weir_record *rec)
{
	if (state == WEIR_RECORD_NEW)
		return old->pid == rec->pid ? -EEXIST : -EBUSY;
	if (state == WEIR_RECORD_ATTACHED) {
		if (old->pid == rec->pid && weir_mm_has_tasks(mm))
			return -EBUSY;
		weir_registry_detach(old);
	}
	return wait_for_completion_killable(&old->gone) ? -EINTR : 0;
}

static int weir_registry_claim_pid(struct weir_record *rec)
{
	enum weir_record_state state;
	struct weir_record *old;
	struct mm_struct *mm;
	int ret = 0;

	while (!ret) {
		weir_registry_lock();
		if (weir_registry_find(current->mm)) {
			weir_registry_unlock();
			return -EEXIST;
		}
		old = weir_registry_find_nr(rec->nr);
		if (!old) {
			hash_add(weir_registry_pids, &rec->pid_node, rec->nr);
			weir_registry_unlock();
			return 0;
		}
		weir_record_get(old);
		state = old->state;
		mm = old->mm;
		weir_registry_unlock();
		ret = weir_registry_supersede(old, state, mm, rec);
		weir_record_put(old);
	}
	return ret;
}

/*
 * A descriptor holds one record.  It can be given another when that one is retired or lives by a
 * mapping.
 */
static int weir_registry_enter_locked(struct weir_record *rec, struct file *file)
{
	struct weir_record *tied = file->private_data;

	lockdep_assert_held(&weir_registry_spinlock);

	if (weir_registry_find(current->mm))
		return -EEXIST;
	if (tied && tied->state == WEIR_RECORD_ATTACHED && !tied->mapped)
		return -EBUSY;
	mmgrab(current->mm);
	WRITE_ONCE(rec->mm, current->mm);
	rec->state = WEIR_RECORD_ATTACHED;
	hlist_add_head_rcu(&rec->mm_node,
			   &weir_registry_mms[hash_ptr(rec->mm, WEIR_REGISTRY_BITS)]);
	list_add_tail_rcu(&rec->node, &weir_registry_list);
	WRITE_ONCE(weir_registry_nr_attached, weir_registry_nr_attached + 1);
	WRITE_ONCE(weir_registry_nr_attaches, weir_registry_nr_attaches + 1);
	file->private_data = weir_record_get(rec);
	return 0;
}

/*
 * The mmap_lock keeps faults out between the reading of the process's counts and the first one
 * here.
 */
static int weir_registry_enter(struct weir_record *rec, struct file *file)
{
	struct weir_record *tied;
	int ret;

	if (mmap_write_lock_killable(current->mm))
		return -EINTR;
	weir_record_start_counters(rec);
	weir_registry_lock();
	tied = file->private_data;
	ret = weir_registry_enter_locked(rec, file);
	weir_registry_unlock();
	mmap_write_unlock(current->mm);
	if (!ret && tied)
		weir_record_put(tied);
	return ret;
}

/**
 * weir_registry_attach() - attach the caller's address space
 * @rec: a record just created; taken over, also on failure
 * @file: the descriptor that holds it until the page is mapped
 *
 * The directory is made before the record can be found, so that nobody can retire it meanwhile.
 *
 * Return: 0, -EEXIST, -EBUSY, -ENOMEM, or -EINTR if the process is being killed.
 */
int weir_registry_attach(struct weir_record *rec, struct file *file)
{
	int ret;

	INIT_WORK(&rec->reap, weir_registry_reap);
	INIT_RCU_WORK(&rec->destroy, weir_registry_destroy);
	ret = weir_registry_claim_pid(rec);
	if (ret) {
		weir_record_destroy(rec);
		return ret;
	}
	weir_record_get(rec);
	ret = kobject_add(&rec->kobj, weir_processes, "%d", rec->nr);
	if (!ret)
		ret = weir_registry_enter(rec, file);
	if (ret)
		weir_registry_detach(rec);
	else
		weir_record_find_profile(rec);
	if (!ret)
		trace_attach(rec->nr, __kuid_val(rec->uid), rec->parent);
	weir_record_put(rec);
	return ret;
}

/* The last reference to a descriptor and to every mapping made through it is gone. */
void weir_registry_release_file(struct file *file)
{
	struct weir_record *rec = file->private_data;
	struct mm_struct *mm = NULL;

	if (!rec)
		return;
	weir_registry_lock();
	if (rec->state == WEIR_RECORD_ATTACHED && !rec->mapped)
		mm = weir_registry_retire(rec);
	weir_registry_unlock();
	weir_mm_drop(mm);
	weir_record_put(rec);
}

/* The address space of a record, for mmdrop(), or NULL if it is not attached. */
struct mm_struct *weir_registry_grab_mm(struct weir_record *rec)
{
	struct mm_struct *mm;

	weir_registry_lock();
	mm = rec->mm;
	if (mm)
		mmgrab(mm);
	weir_registry_unlock();
	return mm;
}

/* The record that @file holds for @mm, with a reference, or NULL. */
struct weir_record *weir_registry_find_file(struct file *file, struct mm_struct *mm)
{
	struct weir_record *rec;

	weir_registry_lock();
	rec = file->private_data;
	rec = rec && rec->mm == mm ? weir_record_get(rec) : NULL;
	weir_registry_unlock();
	return rec;
}

/* The record that @file holds for @mm, with a reference for a mapping, or NULL. */
struct weir_record *weir_registry_map_file(struct file *file, struct mm_struct *mm)
{
	struct weir_record *rec;

	weir_registry_lock();
	rec = file->private_data;
	if (rec && rec->mm == mm) {
		rec->mapped++;
		weir_record_get(rec);
	} else {
		rec = NULL;
	}
	weir_registry_unlock();
	return rec;
}

/* A mapping of the page has been copied into @mm. */
void weir_registry_map(struct weir_record *rec, struct mm_struct *mm)
{
	weir_registry_lock();
	if (rec->mm == mm)
		rec->mapped++;
	weir_registry_unlock();
}

/* A mapping of the page in @mm is gone. */
void weir_registry_unmap(struct weir_record *rec, struct mm_struct *mm)
{
	struct mm_struct *drop = NULL;

	weir_registry_lock();
	if (rec->mm == mm && !--rec->mapped)
		drop = weir_registry_retire(rec);
	weir_registry_unlock();
	weir_mm_drop(drop);
}

/**
 * weir_registry_for_each() - visit every record
 * @visit: called within an RCU section, also for records that are retired
 * @data: passed to it
 */
void weir_registry_for_each(void (*visit)(struct weir_record *rec, void *data), void *data)
{
	struct weir_record *rec;

	rcu_read_lock();
	list_for_each_entry_rcu(rec, &weir_registry_list, node)
		visit(rec, data);
	rcu_read_unlock();
}

/*
 * Visit every record after something that was changed.  A process that attaches meanwhile has the
 * change, too: either it enters the list before the lock is taken here, and is found in the walk,
 * or after, and looks at what was changed after that.
 */
static void weir_registry_visit(void (*visit)(struct weir_record *rec, u32 mask), u32 mask)
{
	struct weir_record *rec;

	weir_registry_lock();
	weir_registry_unlock();
	rcu_read_lock();
	list_for_each_entry_rcu(rec, &weir_registry_list, node)
		visit(rec, mask);
	rcu_read_unlock();
}

/* Have every record look at the layers below its own again, for the knobs in @mask. */
void weir_registry_refresh(u32 mask)
{
	weir_registry_visit(weir_record_refresh, mask);
}

/* Have every record look for its profile again.  Called with the layers' lock. */
void weir_registry_rematch(void)
{
	weir_registry_visit(weir_record_rematch, 0);
}

u64 weir_registry_attached(void)
{
	return READ_ONCE(weir_registry_nr_attached);
}

u64 weir_registry_attaches(void)
{
	return READ_ONCE(weir_registry_nr_attaches);
}

/*
 * What all processes together have counted since they attached.  Under the lock no record moves
 * from the list to the sum of those gone, so the total never goes back.
 */
void weir_registry_read_faults(struct weir_faults *faults)
{
	struct weir_record *rec;

	weir_registry_lock();
	*faults = weir_registry_gone;
	list_for_each_entry(rec, &weir_registry_list, node)
		weir_faults_add(faults, rec);
	weir_registry_unlock();
}

int __init weir_registry_init(void)
{
	weir_registry_wq = alloc_workqueue("weir", WQ_UNBOUND, WEIR_REAPERS);
	return weir_registry_wq ? 0 : -ENOMEM;
}

/*
 * Nothing is attached: a descriptor or a mapping would keep the module.  What was retired may
 * still be on its way: reap is queued, destroy waits for RCU or is queued, the last reference is
 * being dropped.
 */
void weir_registry_exit(void)
{
	flush_workqueue(weir_registry_wq);
	rcu_barrier();
	flush_workqueue(weir_registry_wq);
	weir_record_wait_all();
	destroy_workqueue(weir_registry_wq);
}
