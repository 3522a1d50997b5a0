// SPDX-License-Identifier: GPL-2.0
/*
 * The control page.
 *
 * DOC: lifetime of a page
 *
 * A record owns one reference to its page until it is destroyed, an RCU grace period after it
 * was retired; each page table entry holds another.  A fault in the record's own address space
 * gets that page.  A fault in any other one, which can only have the mapping by fork, gets the
 * detached page: the same bytes for everybody, generation 0.  As fork copies no page table
 * entries of a mapping without anonymous memory, a child never sees its parent's page.
 */
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "compat.h"
#include "ctlpage.h"
#include "record.h"
#include "registry.h"

static struct weir_ctlpage *weir_detached;

static_assert(sizeof(struct weir_ctlpage) <= PAGE_SIZE);

static void weir_ctlpage_describe(struct weir_ctlpage *page, u32 state)
{
	page->magic = WEIR_PAGE_MAGIC;
	page->size = sizeof(*page);
	page->features = WEIR_FEATURES;
	page->knob_nr = WEIR_KNOB_NR;
	page->state = state;
}

/* A page for an attached process; its generation stays 0 until it is first written. */
struct weir_ctlpage *weir_ctlpage_alloc(void)
{
	struct weir_ctlpage *page = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);

	if (page)
		weir_ctlpage_describe(page, WEIR_STATE_ATTACHED);
	return page;
}

void weir_ctlpage_free(struct weir_ctlpage *page)
{
	free_page((unsigned long)page);
}

static void weir_ctlpage_copy_knobs(struct weir_ctlpage *page, const struct weir_knob_set *knobs)
{
	unsigned int knob;

	for (knob = 0; knob < WEIR_KNOB_NR; knob++) {
		WRITE_ONCE(page->knob[knob], READ_ONCE(knobs->value[knob]));
		WRITE_ONCE(page->source[knob], READ_ONCE(knobs->source[knob]));
	}
}

/*
 * DOC: how the page is written
 *
 * The caller is the only writer.  A reader that sees the even generation before and after has
 * seen the values between: the barrier here keeps the values behind the odd generation, the one in
 * weir_ctlpage_end() keeps the even one behind the values.
 */
static void weir_ctlpage_begin(struct weir_ctlpage *page, u32 generation)
{
	WRITE_ONCE(page->generation, generation + 1);
	smp_wmb(); /* values after the odd generation; pairs with the reader's second load */
}

static void weir_ctlpage_end(struct weir_ctlpage *page, u32 *generation)
{
	u32 next = *generation + 2;

	smp_wmb(); /* the even generation after the values; pairs with the reader's first load */
	if (!next)
		next = 2;
	WRITE_ONCE(page->generation, next);
	*generation = next;
}

/**
 * weir_ctlpage_write() - write knobs so that several can be read consistently
 * @page: the page
 * @generation: the record's copy of the generation, 0 before the first write
 * @knobs: effective values
 */
void weir_ctlpage_write(struct weir_ctlpage *page, u32 *generation,
			const struct weir_knob_set *knobs)
{
	weir_ctlpage_begin(page, *generation);
	weir_ctlpage_copy_knobs(page, knobs);
	weir_ctlpage_end(page, generation);
}

/* The same for a request to trim. */
void weir_ctlpage_write_trim(struct weir_ctlpage *page, u32 *generation, u32 request, u64 keep)
{
	weir_ctlpage_begin(page, *generation);
	WRITE_ONCE(page->trim_request, request);
	WRITE_ONCE(page->trim_keep, keep);
	weir_ctlpage_end(page, generation);
}

/* Tell a process that still has the page mapped that nobody looks after it any more. */
void weir_ctlpage_retire(struct weir_ctlpage *page)
{
	WRITE_ONCE(page->state, WEIR_STATE_DETACHED);
	WRITE_ONCE(page->generation, 0);
}

void weir_ctlpage_read_faults(struct weir_ctlpage *page, struct weir_faults *faults)
{
	unsigned int i;
	u64 *to = (u64 *)faults;

	for (i = 0; i < WEIR_COUNTER_NR; i++)
		to[i] = atomic64_read(weir_ctlpage_counter(page, i));
}

/* Children forked from an attached process, or by it, come here for each copy of the mapping. */
static void weir_vma_open(struct vm_area_struct *vma)
{
	struct weir_record *rec = vma->vm_private_data;

	weir_record_get(rec);
	weir_registry_map(rec, vma->vm_mm);
}

static void weir_vma_close(struct vm_area_struct *vma)
{
	struct weir_record *rec = vma->vm_private_data;

	weir_registry_unmap(rec, vma->vm_mm);
	weir_record_put(rec);
}

/*
 * rec->mm equals vma->vm_mm only while the record is attached and this is its address space: it
 * is cleared before the reference to the mm is dropped, so the address of a dead mm that is used
 * again never matches.  The page outlives this RCU section even if the record is retired
 * meanwhile.
 */
static vm_fault_t weir_vma_fault(struct vm_fault *vmf)
{
	struct weir_record *rec = vmf->vma->vm_private_data;
	struct weir_ctlpage *page = weir_detached;

	if (vmf->pgoff)
		return VM_FAULT_SIGBUS;
	rcu_read_lock();
	if (READ_ONCE(rec->mm) == vmf->vma->vm_mm)
		page = rec->page;
	vmf->page = virt_to_page(page);
	get_page(vmf->page);
	rcu_read_unlock();
	return 0;
}

/* The process knows its page by the address; it stays there. */
static int weir_vma_mremap(struct vm_area_struct *vma)
{
	return -EINVAL;
}

static const struct vm_operations_struct weir_vm_ops = {
	.open = weir_vma_open,
	.close = weir_vma_close,
	.fault = weir_vma_fault,
	.mremap = weir_vma_mremap,
};

/**
 * weir_ctlpage_mmap() - map the page of a descriptor's record
 * @file: the descriptor that attached
 * @vma: the mapping to be
 *
 * VM_MAYSHARE, as the kernel clears VM_SHARED for a descriptor opened read-only.
 *
 * Return: 0, -EINVAL for a mapping of another length, offset or kind, -EPERM for a writable one,
 * -ENOTCONN if this address space is not attached through this descriptor.
 */
int weir_ctlpage_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct weir_record *rec;

	if (vma->vm_pgoff || vma->vm_end - vma->vm_start != PAGE_SIZE)
		return -EINVAL;
	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	if (vma->vm_flags & VM_WRITE)
		return -EPERM;
	rec = weir_registry_map_file(file, vma->vm_mm);
	if (!rec)
		return -ENOTCONN;
	weir_vm_flags_change(vma, VM_DONTEXPAND | VM_DONTDUMP,
			     VM_MAYWRITE | VM_EXEC | VM_MAYEXEC);
	vma->vm_private_data = rec;
	vma->vm_ops = &weir_vm_ops;
	return 0;
}

/* The record of the control page mapped at an address of the caller, with a reference, or NULL. */
struct weir_record *weir_ctlpage_record_at(unsigned long addr)
{
	struct weir_record *rec = NULL;
	struct vm_area_struct *vma;

	mmap_read_lock(current->mm);
	vma = vma_lookup(current->mm, addr);
	if (vma && vma->vm_ops == &weir_vm_ops && vma->vm_start == addr)
		rec = weir_record_get(vma->vm_private_data);
	mmap_read_unlock(current->mm);
	return rec;
}

/* A child that never attaches goes by the system defaults, as they are in force now. */
void weir_ctlpage_write_detached(const struct weir_knob_set *defaults)
{
	weir_ctlpage_copy_knobs(weir_detached, defaults);
}

int __init weir_ctlpage_init(void)
{
	weir_detached = (void *)get_zeroed_page(GFP_KERNEL);
	if (!weir_detached)
		return -ENOMEM;
	weir_ctlpage_describe(weir_detached, WEIR_STATE_DETACHED);
	return 0;
}

void weir_ctlpage_exit(void)
{
	weir_ctlpage_free(weir_detached);
}
