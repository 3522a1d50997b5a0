/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The control page: what is written into it, and how it is mapped.
 */
#ifndef _WEIR_CTLPAGE_H
#define _WEIR_CTLPAGE_H

#include <linux/atomic.h>
#include <linux/fs.h>
#include <linux/mm_types.h>
#include <linux/weir.h>

#include "knobs.h"

struct weir_record;

#define WEIR_FEATURES	((u64)(WEIR_FEATURE_KNOBS | WEIR_FEATURE_COUNTERS | \
			       WEIR_FEATURE_REGIONS | WEIR_FEATURE_INHERIT | \
			       WEIR_FEATURE_PROFILES | WEIR_FEATURE_TRIM | \
			       WEIR_FEATURE_FIGURES | WEIR_FEATURE_PRESSURE))

/* The counters of struct weir_faults, in its order. */
enum weir_counter {
	WEIR_COUNTER_MINFLT,
	WEIR_COUNTER_MAJFLT,
	WEIR_COUNTER_HEAP_MINFLT,
	WEIR_COUNTER_HEAP_MAJFLT,
	WEIR_COUNTER_MMAP_MINFLT,
	WEIR_COUNTER_MMAP_MAJFLT,
	WEIR_COUNTER_NR,
};

static_assert(sizeof(struct weir_faults) == WEIR_COUNTER_NR * sizeof(u64));
static_assert(sizeof(atomic64_t) == sizeof(u64));

/*
 * A counter in the page.  The page is the only place where it is kept: user space cannot write
 * there, as nobody can get a writable mapping or a write through /proc/pid/mem (no VM_MAYWRITE).
 */
static __always_inline atomic64_t *weir_ctlpage_counter(struct weir_ctlpage *page,
							unsigned long counter)
{
	return (atomic64_t *)&page->faults + counter;
}

struct weir_ctlpage *weir_ctlpage_alloc(void);
void weir_ctlpage_free(struct weir_ctlpage *page);
void weir_ctlpage_write(struct weir_ctlpage *page, u32 *generation,
			const struct weir_knob_set *knobs);
void weir_ctlpage_write_trim(struct weir_ctlpage *page, u32 *generation, u32 request, u64 keep);
void weir_ctlpage_retire(struct weir_ctlpage *page);
void weir_ctlpage_read_faults(struct weir_ctlpage *page, struct weir_faults *faults);

int weir_ctlpage_mmap(struct file *file, struct vm_area_struct *vma);
struct weir_record *weir_ctlpage_record_at(unsigned long addr);

void weir_ctlpage_write_detached(const struct weir_knob_set *defaults);
int weir_ctlpage_init(void);
void weir_ctlpage_exit(void);

#endif /* _WEIR_CTLPAGE_H */
