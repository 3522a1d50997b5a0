// SPDX-License-Identifier: GPL-2.0
/*
 * The figures page: written by the process, read here.
 *
 * DOC: why a page
 *
 * It is the module's own memory, charged to the process, made when the process maps it.  So a
 * reader never waits for the process, faults or takes its mmap_lock, as it would were the figures
 * somewhere in the process's memory.  Whatever stands there is the process's word: each value is
 * loaded once and shown, or compared with others, and nothing else.
 *
 * The page belongs to the record until that is released, and each mapping holds the record.  A
 * forked child does not get the mapping: it would write its parent's figures.
 */
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/mm.h>

#include "compat.h"
#include "figures.h"
#include "record.h"
#include "registry.h"

static_assert(sizeof(struct weir_figures) <= PAGE_SIZE);

void weir_figures_free(struct weir_figures *figures)
{
	free_page((unsigned long)figures);
}

static void weir_figures_open(struct vm_area_struct *vma)
{
	weir_record_get(vma->vm_private_data);
}

static void weir_figures_close(struct vm_area_struct *vma)
{
	weir_record_put(vma->vm_private_data);
}

static vm_fault_t weir_figures_fault(struct vm_fault *vmf)
{
	struct weir_record *rec = vmf->vma->vm_private_data;

	if (vmf->pgoff != WEIR_FIGURES_PGOFF)
		return VM_FAULT_SIGBUS;
	vmf->page = virt_to_page(rec->figures);
	get_page(vmf->page);
	return 0;
}

static int weir_figures_mremap(struct vm_area_struct *vma)
{
	return -EINVAL;
}

static const struct vm_operations_struct weir_figures_vm_ops = {
	.open = weir_figures_open,
	.close = weir_figures_close,
	.fault = weir_figures_fault,
	.mremap = weir_figures_mremap,
};

/* Readers find the page whole or not at all.  The caller's mmap_lock keeps a second maker out. */
static int weir_figures_make(struct weir_record *rec)
{
	void *page;

	if (rec->figures)
		return 0;
	page = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!page)
		return -ENOMEM;
	smp_store_release(&rec->figures, page); /* pairs with weir_figures_read() */
	return 0;
}

/**
 * weir_figures_mmap() - map the figures page of a descriptor's record
 * @file: the descriptor that attached
 * @vma: the mapping to be
 *
 * Return: 0, -EINVAL for a mapping of another length or kind, -ENOTCONN if this address space is
 * not attached through this descriptor, -ENOMEM.
 */
int weir_figures_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct weir_record *rec;
	int ret;

	if (vma->vm_end - vma->vm_start != PAGE_SIZE || !(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	rec = weir_registry_find_file(file, vma->vm_mm);
	if (!rec)
		return -ENOTCONN;
	ret = weir_figures_make(rec);
	if (ret) {
		weir_record_put(rec);
		return ret;
	}
	weir_vm_flags_change(vma, VM_DONTEXPAND | VM_DONTDUMP | VM_DONTCOPY,
			     VM_EXEC | VM_MAYEXEC);
	vma->vm_private_data = rec;
	vma->vm_ops = &weir_figures_vm_ops;
	return 0;
}

/**
 * weir_figures_read() - one figure
 * @rec: the record; the caller holds a reference or keeps it from being released
 * @figure: enum weir_figure
 * @value: where it goes; 0 if there is none
 *
 * Return: 0, or -ENODATA if the process has given none.
 */
int weir_figures_read(struct weir_record *rec, unsigned int figure, u64 *value)
{
	const struct weir_figures *figures = smp_load_acquire(&rec->figures); /* as made */
	static const size_t where[WEIR_FIGURE_NR] = {
		[WEIR_FIGURE_ARENA_BYTES] = offsetof(struct weir_figures, arena_bytes),
		[WEIR_FIGURE_IN_USE_BYTES] = offsetof(struct weir_figures, in_use_bytes),
		[WEIR_FIGURE_IDLE_BYTES] = offsetof(struct weir_figures, idle_bytes),
		[WEIR_FIGURE_MAPPED_BYTES] = offsetof(struct weir_figures, mapped_bytes),
		[WEIR_FIGURE_TRIMS] = offsetof(struct weir_figures, trims),
	};

	*value = 0;
	if (!figures || !READ_ONCE(figures->size))
		return -ENODATA;
	if (figure == WEIR_FIGURE_ARENAS)
		*value = READ_ONCE(figures->arenas);
	else
		*value = READ_ONCE(*(const u64 *)((const char *)figures + where[figure]));
	return 0;
}
