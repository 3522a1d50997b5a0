// SPDX-License-Identifier: GPL-2.0
/*
 * Memory pressure.
 *
 * DOC: how pressure is noticed
 *
 * Each record has a token, an object charged to the process's cgroup, in a list_lru of a shrinker
 * that knows cgroups.  The kernel counts the shrinker's objects whenever it reclaims from that
 * cgroup, and scans them only when reclaim has become an effort: with 1,024 objects reported, at a
 * priority of 4 or less.  So a scan is the signal, and the token's list says whose cgroup it is.
 * A scan by kswapd stands for the whole machine.  Nothing is ever freed by it.
 *
 * The callbacks may run anywhere in the memory management, under anybody's mmap_lock: they mark
 * tokens and queue the worker.  The worker looks at the marks, sets levels, which end
 * WEIR_PRESSURE_HOLD after the last mark, publishes them, and asks those with the most idle memory
 * to trim, a few in each round.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/jiffies.h>
#include <linux/list_lru.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/page_counter.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/swap.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "ctlpage.h"
#include "figures.h"
#include "pressure.h"
#include "record.h"
#include "registry.h"
#include "sysfs.h"
#include "trace.h"
#include "trim.h"

/* How long a level outlasts the last sign of it. */
#define WEIR_PRESSURE_HOLD	(2 * HZ)
/* How often the worker looks while there is any. */
#define WEIR_PRESSURE_ROUND	(HZ / 10)
/* How soon one process is asked again. */
#define WEIR_PRESSURE_AGAIN	HZ
/* How many processes are asked in a round, and how much idle memory makes one worth asking. */
#define WEIR_PRESSURE_ASKED	16
#define WEIR_PRESSURE_WORTH	(64 * 1024)
/* What the shrinker reports: see above. */
#define WEIR_PRESSURE_OBJECTS	1024
/* Critical: less than this part of the limit, or of the machine's memory, is left. */
#define WEIR_PRESSURE_LIMIT_SHIFT	6
#define WEIR_PRESSURE_MACHINE_SHIFT	5
/* How often the tokens of one cgroup are gone through, and how long reclaim waits for it then. */
#define WEIR_PRESSURE_MARK	(HZ / 50)

struct weir_pressure_token {
	struct list_head lru;
	struct weir_record *rec;	/* not released while the token is in the list */
	unsigned long marked;	/* jiffies; the lru's lock */
	bool hit;		/* since the worker last looked */
	struct rcu_head rcu;
};

/* Of the machine: written by the worker alone. */
static struct weir_pressure weir_machine;

static struct kmem_cache *weir_tokens;
static struct list_lru weir_token_lru;
static bool weir_lru_ready;
static bool weir_machine_hit;

static void weir_pressure_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(weir_pressure_worker, weir_pressure_work);

static const char * const weir_pressure_names[WEIR_PRESSURE_NR] = {
	[WEIR_PRESSURE_NONE] = "none",
	[WEIR_PRESSURE_SOME] = "some",
	[WEIR_PRESSURE_CRITICAL] = "critical",
};

const char *weir_pressure_name(unsigned int level)
{
	return weir_pressure_names[level];
}

/* The machine's level. */
unsigned int weir_pressure_global(u64 *events)
{
	*events = READ_ONCE(weir_machine.events);
	return READ_ONCE(weir_machine.level);
}

static unsigned long weir_pressure_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	if (!smp_load_acquire(&weir_lru_ready)) /* pairs with weir_pressure_init() */
		return 0;
	return list_lru_shrink_count(&weir_token_lru, sc) ? WEIR_PRESSURE_OBJECTS : SHRINK_EMPTY;
}

struct weir_pressure_mark {
	unsigned long left;	/* how many tokens are yet to be looked at */
	bool started;
	bool worth;		/* some process says to have memory that it could let go of */
};

static bool weir_pressure_is_worth(struct weir_record *rec)
{
	u64 idle;

	return !weir_figures_read(rec, WEIR_FIGURE_IDLE_BYTES, &idle) &&
	       idle >= WEIR_PRESSURE_WORTH;
}

/* Where the first one was marked a moment ago, all were. */
static enum lru_status weir_pressure_mark(struct list_head *item, struct list_lru_one *list,
					  spinlock_t *lock, void *data)
{
	struct weir_pressure_token *token = container_of(item, struct weir_pressure_token, lru);
	struct weir_pressure_mark *mark = data;

	if (!mark->started && token->marked &&
	    time_before(jiffies, token->marked + WEIR_PRESSURE_MARK)) {
		mark->left = 0;
		return LRU_SKIP;
	}
	mark->started = true;
	token->marked = jiffies ?: 1;
	WRITE_ONCE(token->hit, true);
	mark->worth |= weir_pressure_is_worth(token->rec);
	return LRU_SKIP;
}

/*
 * A cgroup at its limit is killed from within a moment after reclaim finds nothing: too soon for
 * anybody to answer.  So reclaim waits, as it does for writeback, but only where some process says
 * to have idle memory: at most 16 times, the kernel's retries, before it kills.
 */
static void weir_pressure_throttle(const struct shrink_control *sc)
{
	if ((sc->gfp_mask & (__GFP_DIRECT_RECLAIM | __GFP_FS)) == (__GFP_DIRECT_RECLAIM | __GFP_FS))
		schedule_timeout_killable(WEIR_PRESSURE_MARK);
}

static unsigned long weir_pressure_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct weir_pressure_mark mark = { .left = ULONG_MAX };

	/* kswapd goes on for a while: if there is a next round, that is soon enough. */
	if (current_is_kswapd()) {
		WRITE_ONCE(weir_machine_hit, true);
		queue_delayed_work(system_unbound_wq, &weir_pressure_worker, 0);
		return SHRINK_STOP;
	}
	list_lru_walk_one(&weir_token_lru, sc->nid, sc->memcg, weir_pressure_mark, &mark,
			  &mark.left);
	if (mark.started)
		mod_delayed_work(system_unbound_wq, &weir_pressure_worker, 0);
	if (mark.worth)
		weir_pressure_throttle(sc);
	return SHRINK_STOP;
}

static struct shrinker weir_shrinker = {
	.count_objects = weir_pressure_count,
	.scan_objects = weir_pressure_scan,
	.seeks = DEFAULT_SEEKS,
	.flags = SHRINKER_NUMA_AWARE | SHRINKER_MEMCG_AWARE,
};

/**
 * weir_pressure_attach() - have the pressure of the caller's cgroup noticed for a record
 * @rec: the record
 *
 * Return: 0 or -ENOMEM.
 */
int weir_pressure_attach(struct weir_record *rec)
{
	struct weir_pressure_token *token;

	token = kmem_cache_alloc_lru(weir_tokens, &weir_token_lru, GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!token)
		return -ENOMEM;
	INIT_LIST_HEAD(&token->lru);
	token->rec = rec;
	list_lru_add(&weir_token_lru, &token->lru);
	rec->pressure.token = token;
	return 0;
}

static void weir_pressure_free(struct rcu_head *rcu)
{
	kmem_cache_free(weir_tokens, container_of(rcu, struct weir_pressure_token, rcu));
}

/* The worker may be looking at it for another grace period. */
void weir_pressure_detach(struct weir_record *rec)
{
	struct weir_pressure_token *token = rec->pressure.token;

	list_lru_del(&weir_token_lru, &token->lru);
	call_rcu(&token->rcu, weir_pressure_free);
}

/* Is next to nothing left of a limit of the cgroup or of those above it? */
static bool weir_memcg_is_critical(struct mem_cgroup *memcg)
{
	for (; memcg; memcg = parent_mem_cgroup(memcg)) {
		unsigned long max = weir_memcg_max(memcg);

		if (max != PAGE_COUNTER_MAX &&
		    weir_memcg_usage(memcg) + (max >> WEIR_PRESSURE_LIMIT_SHIFT) >= max)
			return true;
	}
	return false;
}

static unsigned int weir_pressure_of_cgroup(struct weir_record *rec)
{
	unsigned int level = WEIR_PRESSURE_SOME;
	struct mm_struct *mm = weir_registry_grab_mm(rec);
	struct mem_cgroup *memcg;

	if (!mm)
		return WEIR_PRESSURE_NONE;
	memcg = get_mem_cgroup_from_mm(mm);
	if (memcg && weir_memcg_is_critical(memcg))
		level = WEIR_PRESSURE_CRITICAL;
	mem_cgroup_put(memcg);
	mmdrop(mm);
	return level;
}

/* A sign of a level: it starts, goes on or rises. */
static void weir_pressure_raise(struct weir_pressure *pressure, unsigned int level)
{
	if (level >= pressure->level || time_after_eq(jiffies, pressure->until))
		WRITE_ONCE(pressure->level, level);
	pressure->until = jiffies + WEIR_PRESSURE_HOLD;
	WRITE_ONCE(pressure->events, pressure->events + 1);
}

static void weir_pressure_decay(struct weir_pressure *pressure)
{
	if (pressure->level && time_after_eq(jiffies, pressure->until))
		WRITE_ONCE(pressure->level, WEIR_PRESSURE_NONE);
}

static unsigned int weir_pressure_of_machine(void)
{
	unsigned long critical = totalram_pages() >> WEIR_PRESSURE_MACHINE_SHIFT;

	return si_mem_available() < critical ? WEIR_PRESSURE_CRITICAL : WEIR_PRESSURE_SOME;
}

/* Returns the level that there was a sign of since the last round. */
static unsigned int weir_pressure_machine(void)
{
	unsigned int before = weir_machine.level, level = WEIR_PRESSURE_NONE;

	weir_pressure_decay(&weir_machine);
	if (xchg(&weir_machine_hit, false)) {
		level = weir_pressure_of_machine();
		weir_pressure_raise(&weir_machine, level);
	}
	if (weir_machine.level == before)
		return level;
	trace_pressure(0, weir_machine.level, weir_machine.events);
	weir_sysfs_notify("pressure");
	if (weir_machine.level == WEIR_PRESSURE_CRITICAL)
		pr_notice_ratelimited("memory is short: asking processes to let go of it\n");
	return level;
}

/* A candidate to be asked. */
struct weir_pressure_candidate {
	struct weir_record *rec;
	u64 idle;
};

struct weir_pressure_round {
	unsigned int machine;	/* the level of the machine, if there was a sign of one */
	bool any;		/* somebody has a level: there will be another round */
	unsigned int nr;
	struct weir_pressure_candidate most[WEIR_PRESSURE_ASKED];	/* most idle first */
};

static void weir_pressure_offer(struct weir_pressure_round *round, struct weir_record *rec,
				u64 idle)
{
	unsigned int i = round->nr;

	if (i == WEIR_PRESSURE_ASKED && idle <= round->most[i - 1].idle)
		return;
	if (i < WEIR_PRESSURE_ASKED)
		round->nr++;
	else
		i--;
	for (; i && round->most[i - 1].idle < idle; i--)
		round->most[i] = round->most[i - 1];
	round->most[i].rec = rec;
	round->most[i].idle = idle;
}

/* Whether it makes sense to ask a process now; @idle: what it says to have. */
static bool weir_pressure_may_ask(struct weir_record *rec, u64 *idle)
{
	const struct weir_pressure *pressure = &rec->pressure;
	u64 keep;

	if (pressure->asked && time_before(jiffies, pressure->asked + WEIR_PRESSURE_AGAIN))
		return false;
	if (weir_trim_is_pending(rec, &keep))
		return false;
	if (weir_figures_read(rec, WEIR_FIGURE_IDLE_BYTES, idle))
		return pressure->level == WEIR_PRESSURE_CRITICAL;
	return *idle >= WEIR_PRESSURE_WORTH;
}

/* Of a retired record, too, whose page is not written and which is not asked. */
static void weir_pressure_visit(struct weir_record *rec, void *data)
{
	struct weir_pressure *pressure = &rec->pressure;
	struct weir_pressure_round *round = data;
	unsigned int before = pressure->level, level;
	u64 idle;

	weir_pressure_decay(pressure);
	level = xchg(&pressure->token->hit, false) ? weir_pressure_of_cgroup(rec) : 0;
	/* That of the machine is everybody's. */
	level = max(level, round->machine);
	if (level)
		weir_pressure_raise(pressure, level);
	if (pressure->level != before) {
		trace_pressure(rec->nr, pressure->level, pressure->events);
		weir_record_set_pressure(rec, pressure->level);
	}
	if (!pressure->level)
		return;
	round->any = true;
	if (level && weir_pressure_may_ask(rec, &idle))
		weir_pressure_offer(round, rec, idle);
}

/* Half of what is idle where there is some pressure, all of it where it is critical. */
static void weir_pressure_ask(struct weir_pressure_candidate *one)
{
	struct weir_pressure *pressure = &one->rec->pressure;

	pressure->asked = jiffies ?: 1;
	weir_trim_request(one->rec, pressure->level == WEIR_PRESSURE_CRITICAL ? 0 :
			  min_t(u64, one->idle / 2, WEIR_TRIM_KEEP_MAX), pressure->level);
}

static void weir_pressure_work(struct work_struct *work)
{
	struct weir_pressure_round round = { };
	unsigned int i;

	round.machine = weir_pressure_machine();
	/* The candidates are records as long as this lasts. */
	rcu_read_lock();
	weir_registry_for_each(weir_pressure_visit, &round);
	for (i = 0; i < round.nr; i++)
		weir_pressure_ask(&round.most[i]);
	rcu_read_unlock();
	if (round.any || weir_machine.level)
		queue_delayed_work(system_unbound_wq, &weir_pressure_worker, WEIR_PRESSURE_ROUND);
}

/* The list_lru needs the shrinker's number, and so comes after it. */
int __init weir_pressure_init(void)
{
	int ret;

	weir_tokens = KMEM_CACHE(weir_pressure_token, SLAB_ACCOUNT);
	if (!weir_tokens)
		return -ENOMEM;
	ret = register_shrinker(&weir_shrinker, "weir-pressure");
	if (ret)
		goto destroy_tokens;
	ret = list_lru_init_memcg(&weir_token_lru, &weir_shrinker);
	if (ret)
		goto unregister;
	smp_store_release(&weir_lru_ready, true); /* pairs with weir_pressure_count() */
	return 0;

unregister:
	unregister_shrinker(&weir_shrinker);
destroy_tokens:
	kmem_cache_destroy(weir_tokens);
	return ret;
}

/* All records are gone. */
void weir_pressure_exit(void)
{
	unregister_shrinker(&weir_shrinker);
	cancel_delayed_work_sync(&weir_pressure_worker);
	rcu_barrier();
	list_lru_destroy(&weir_token_lru);
	kmem_cache_destroy(weir_tokens);
}
