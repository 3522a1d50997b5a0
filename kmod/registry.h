/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The registry: who is attached.
 */
#ifndef _WEIR_REGISTRY_H
#define _WEIR_REGISTRY_H

#include <linux/hash.h>
#include <linux/rculist.h>

#include "record.h"

struct file;

/* Enough that ten thousand attached processes leave a page fault two records to look at. */
#define WEIR_REGISTRY_BITS	12

extern struct hlist_head weir_registry_mms[1 << WEIR_REGISTRY_BITS];

/*
 * The record of an address space, or NULL.  Called on every page fault, with preemption disabled or
 * inside an RCU section; the record lasts at least until that ends.
 */
static __always_inline struct weir_record *weir_registry_find(const struct mm_struct *mm)
{
	struct weir_record *rec;

	hlist_for_each_entry_rcu_notrace(rec, &weir_registry_mms[hash_ptr(mm, WEIR_REGISTRY_BITS)],
					 mm_node)
		if (READ_ONCE(rec->mm) == mm)
			return rec;
	return NULL;
}

struct weir_record *weir_registry_find_get(const struct mm_struct *mm);

int weir_registry_attach(struct weir_record *rec, struct file *file);
void weir_registry_detach(struct weir_record *rec);
void weir_registry_release_file(struct file *file);

struct mm_struct *weir_registry_grab_mm(struct weir_record *rec);
struct weir_record *weir_registry_find_file(struct file *file, struct mm_struct *mm);
struct weir_record *weir_registry_map_file(struct file *file, struct mm_struct *mm);
void weir_registry_map(struct weir_record *rec, struct mm_struct *mm);
void weir_registry_unmap(struct weir_record *rec, struct mm_struct *mm);

void weir_registry_settle(void);
void weir_registry_refresh(u32 mask);
void weir_registry_rematch(void);
void weir_registry_for_each(void (*visit)(struct weir_record *rec, void *data), void *data);

/* Since the module was loaded. */
u64 weir_registry_attached(void);
u64 weir_registry_attaches(void);
void weir_registry_read_faults(struct weir_faults *faults);

int weir_registry_init(void);
void weir_registry_exit(void);

#endif /* _WEIR_REGISTRY_H */
