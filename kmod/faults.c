// SPDX-License-Identifier: GPL-2.0
/*
 * Counting page faults by address.
 *
 * DOC: how a fault is counted
 *
 * An ftrace hook on handle_mm_fault() counts every fault as minor when it begins.  A retried
 * fault comes there again with FAULT_FLAG_TRIED and is not counted twice; one on behalf of
 * another process (FAULT_FLAG_REMOTE: ptrace, KSM) is none of the owner's.  When the fault turns
 * out to have been major, the kernel raises a software perf event, whose handler moves it from
 * minor to major.  The event's static key is its own, so minor faults pay nothing for it.
 *
 * What differs from getrusage(2): a fault that ends in SIGBUS is counted here; one that waits for
 * a page, gives up for a signal and begins anew after it is counted twice here; a major one
 * inside get_user_pages() stays minor here, as the kernel raises no event for it; faults of
 * every task that uses the address space are counted here, also those of a vfork child before
 * its exec.
 *
 * Both are armed by the first record and disarmed a second after the last one went: nobody pays
 * while nobody is attached.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/ftrace.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/perf_event.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "ctlpage.h"
#include "faults.h"
#include "record.h"
#include "registry.h"

#define WEIR_DISARM_DELAY	HZ

static DEFINE_MUTEX(weir_faults_lock);
static unsigned long weir_faults_users;		/* weir_faults_lock */
static bool weir_faults_armed;			/* weir_faults_lock */
static bool weir_hook_aimed;			/* weir_faults_lock: the filter is set */
static DEFINE_PER_CPU(struct perf_event *, weir_major_event);	/* weir_faults_lock */
static struct cpumask weir_stale_events;	/* CPUs that came online: their event is dead */
static int weir_hotplug_state;
/*
 * An event for a whole CPU takes a privilege that the process which attaches first need not
 * have.
 */
static const struct cred *weir_event_cred;

/*
 * Whether @addr lies in a region, and which counter is that of its minor faults.  brk is read
 * without its lock: it moves one end at a time, and a fault beside the heap is no heap fault.
 */
static __always_inline bool weir_fault_region(const struct weir_record *rec,
					      const struct mm_struct *mm, unsigned long addr,
					      unsigned long *counter)
{
	const struct weir_region_set *set;

	if (addr >= READ_ONCE(mm->start_brk) && addr < READ_ONCE(mm->brk)) {
		*counter = WEIR_COUNTER_HEAP_MINFLT;
		return true;
	}
	set = rcu_dereference_sched(rec->regions);
	return set && weir_regions_find(set, addr, counter);
}

static void notrace weir_fault_begins(unsigned long ip, unsigned long parent_ip,
				      struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	const struct vm_area_struct *vma = (void *)weir_ftrace_argument(fregs, 0);
	unsigned long addr = weir_ftrace_argument(fregs, 1);
	unsigned int flags = weir_ftrace_argument(fregs, 2);
	const struct mm_struct *mm;
	struct weir_ctlpage *page;
	struct weir_record *rec;
	unsigned long region;

	if (flags & (FAULT_FLAG_TRIED | FAULT_FLAG_REMOTE))
		return;
	/* Disabled preemption is an RCU section, and cheaper than rcu_read_lock(). */
	rcu_read_lock_sched_notrace();
	mm = vma->vm_mm;
	rec = weir_registry_find(mm);
	if (rec) {
		page = rec->page;
		atomic64_inc(weir_ctlpage_counter(page, WEIR_COUNTER_MINFLT));
		if (weir_fault_region(rec, mm, addr, &region))
			atomic64_inc(weir_ctlpage_counter(page, region));
	}
	rcu_read_unlock_sched_notrace();
}

/*
 * The count of minor faults does not go below 0: a fault can have begun before the process
 * attached, or in a region that was declared since.
 */
static void weir_fault_move(struct weir_ctlpage *page, unsigned long minor)
{
	atomic64_dec_if_positive(weir_ctlpage_counter(page, minor));
	atomic64_inc(weir_ctlpage_counter(page, minor + 1));
}

static void weir_fault_was_major(struct perf_event *event, struct perf_sample_data *data,
				 struct pt_regs *regs)
{
	struct mm_struct *mm = current->mm;
	struct weir_record *rec;
	unsigned long region;

	if (!mm)
		return;
	rcu_read_lock_sched_notrace();
	rec = weir_registry_find(mm);
	if (rec) {
		weir_fault_move(rec->page, WEIR_COUNTER_MINFLT);
		if (weir_fault_region(rec, mm, data->addr, &region))
			weir_fault_move(rec->page, region);
	}
	rcu_read_unlock_sched_notrace();
}

/*
 * PERMANENT: kernel.ftrace_enabled cannot be turned off meanwhile.  Recursion is impossible, as
 * nothing that the hook calls is traced by it.
 */
static struct ftrace_ops weir_fault_ops = {
	.func = weir_fault_begins,
	.flags = FTRACE_OPS_FL_PERMANENT,
};

static int weir_event_create(int cpu)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_PAGE_FAULTS_MAJ,
		.size = sizeof(attr),
		.sample_period = 1,
		.sample_type = PERF_SAMPLE_PERIOD,
	};
	const struct cred *old = override_creds(weir_event_cred);
	struct perf_event *event;

	event = perf_event_create_kernel_counter(&attr, cpu, NULL, weir_fault_was_major, NULL);
	revert_creds(old);
	if (IS_ERR(event))
		return PTR_ERR(event);
	per_cpu(weir_major_event, cpu) = event;
	return 0;
}

static void weir_event_release(int cpu)
{
	struct perf_event *event = per_cpu(weir_major_event, cpu);

	per_cpu(weir_major_event, cpu) = NULL;
	if (event)
		perf_event_release_kernel(event);
}

/*
 * Not under cpus_read_lock(), which creating an event takes itself.  A CPU that goes away meanwhile
 * makes the creation fail with ENODEV; one that comes gets its event from weir_faults_refresh().
 */
static int weir_events_create(void)
{
	int cpu, ret;

	lockdep_assert_held(&weir_faults_lock);

	for_each_online_cpu(cpu) {
		if (cpumask_test_and_clear_cpu(cpu, &weir_stale_events))
			weir_event_release(cpu);
		if (per_cpu(weir_major_event, cpu))
			continue;
		ret = weir_event_create(cpu);
		if (ret && ret != -ENODEV)
			return ret;
	}
	return 0;
}

static void weir_events_release(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		weir_event_release(cpu);
}

/* The filter is set once: ftrace_free_filter() leaves the ops unfit for another. */
static int weir_hook_arm(void)
{
	int ret;

	if (!WEIR_HAVE_FTRACE_ARGS)
		return -EOPNOTSUPP;
	if (!weir_hook_aimed) {
		ret = ftrace_set_filter_ip(&weir_fault_ops, (unsigned long)handle_mm_fault, 0, 0);
		if (ret)
			return ret;
		weir_hook_aimed = true;
	}
	return register_ftrace_function(&weir_fault_ops);
}

static int weir_faults_arm(void)
{
	int ret;

	lockdep_assert_held(&weir_faults_lock);

	ret = weir_events_create();
	if (!ret)
		ret = weir_hook_arm();
	if (ret) {
		weir_events_release();
		return ret;
	}
	weir_faults_armed = true;
	return 0;
}

static void weir_faults_disarm(struct work_struct *work)
{
	mutex_lock(&weir_faults_lock);
	if (weir_faults_armed && !weir_faults_users) {
		unregister_ftrace_function(&weir_fault_ops);
		weir_events_release();
		weir_faults_armed = false;
	}
	mutex_unlock(&weir_faults_lock);
}

static DECLARE_DELAYED_WORK(weir_disarm_work, weir_faults_disarm);

/**
 * weir_faults_get() - have faults counted
 *
 * Return: 0 if they are being counted, -ENOMEM, or -EOPNOTSUPP if this kernel cannot, be it only
 * that kernel.ftrace_enabled is 0.
 */
int weir_faults_get(void)
{
	int ret = 0;

	if (mutex_lock_killable(&weir_faults_lock))
		return -EINTR;
	if (!weir_faults_armed)
		ret = weir_faults_arm();
	if (!ret)
		weir_faults_users++;
	mutex_unlock(&weir_faults_lock);
	return ret && ret != -ENOMEM ? -EOPNOTSUPP : ret;
}

void weir_faults_put(void)
{
	mutex_lock(&weir_faults_lock);
	if (!--weir_faults_users)
		mod_delayed_work(system_unbound_wq, &weir_disarm_work, WEIR_DISARM_DELAY);
	mutex_unlock(&weir_faults_lock);
}

static void weir_faults_refresh(struct work_struct *work)
{
	int ret = 0;

	mutex_lock(&weir_faults_lock);
	if (weir_faults_armed)
		ret = weir_events_create();
	mutex_unlock(&weir_faults_lock);
	if (ret)
		pr_warn("major faults on a CPU that came online are counted as minor: error %d\n",
			ret);
}

static DECLARE_WORK(weir_refresh_work, weir_faults_refresh);

/* Called with the CPU hotplug lock held for writing, which creating an event takes: not here. */
static int weir_cpu_online(unsigned int cpu)
{
	cpumask_set_cpu(cpu, &weir_stale_events);
	queue_work(system_unbound_wq, &weir_refresh_work);
	return 0;
}

int __init weir_faults_init(void)
{
	int ret;

	weir_event_cred = prepare_kernel_cred(&init_task);
	if (!weir_event_cred)
		return -ENOMEM;
	ret = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "mm/weir:online", weir_cpu_online,
					NULL);
	if (ret < 0) {
		put_cred(weir_event_cred);
		return ret;
	}
	weir_hotplug_state = ret;
	return 0;
}

/* All records are gone. */
void weir_faults_exit(void)
{
	cpuhp_remove_state_nocalls(weir_hotplug_state);
	cancel_work_sync(&weir_refresh_work);
	cancel_delayed_work_sync(&weir_disarm_work);
	weir_faults_disarm(NULL);
	ftrace_free_filter(&weir_fault_ops);
	put_cred(weir_event_cred);
}
