/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Everything that depends on the kernel's version.  Debian 12's 6.1 is what the module is written
 * for; no other file tests a version.
 */
#ifndef _WEIR_COMPAT_H
#define _WEIR_COMPAT_H

#include <linux/ftrace.h>
#include <linux/kobject.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/page_counter.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
#define weir_vm_flags_change(vma, set, clear)	vm_flags_mod(vma, set, clear)
#else
static inline void weir_vm_flags_change(struct vm_area_struct *vma, unsigned long set,
					unsigned long clear)
{
	vma->vm_flags = (vma->vm_flags | set) & ~clear;
}
#endif

/* The object that kobj_type's get_ownership() is given. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
#define WEIR_OWNERSHIP_CONST	const
#else
#define WEIR_OWNERSHIP_CONST
#endif

/* Whether ftrace hands over a function's arguments without saving every register. */
#ifdef CONFIG_DYNAMIC_FTRACE_WITH_ARGS
#define WEIR_HAVE_FTRACE_ARGS	1
#else
#define WEIR_HAVE_FTRACE_ARGS	0
#endif

#if WEIR_HAVE_FTRACE_ARGS && LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
#define weir_ftrace_argument(fregs, n)	ftrace_regs_get_argument(fregs, n)
#elif WEIR_HAVE_FTRACE_ARGS
#define weir_ftrace_argument(fregs, n)	regs_get_kernel_argument(&(fregs)->regs, n)
#else
#define weir_ftrace_argument(fregs, n)	0UL
#endif

/* What a cgroup may have and has, in pages; in a kernel without them everything is allowed. */
static inline unsigned long weir_memcg_max(struct mem_cgroup *memcg)
{
#ifdef CONFIG_MEMCG
	return READ_ONCE(memcg->memory.max);
#else
	return PAGE_COUNTER_MAX;
#endif
}

static inline unsigned long weir_memcg_usage(struct mem_cgroup *memcg)
{
#ifdef CONFIG_MEMCG
	return page_counter_read(&memcg->memory);
#else
	return 0;
#endif
}

#endif /* _WEIR_COMPAT_H */
