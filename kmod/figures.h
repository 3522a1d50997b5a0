/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The figures that a process's allocator gives of itself.
 */
#ifndef _WEIR_FIGURES_H
#define _WEIR_FIGURES_H

#include <linux/mm_types.h>
#include <linux/types.h>
#include <linux/weir.h>

/* Where the page is in the device: behind the control page. */
#define WEIR_FIGURES_PGOFF	1

struct file;
struct weir_record;

/* The members of struct weir_figures that have a file. */
enum weir_figure {
	WEIR_FIGURE_ARENAS,
	WEIR_FIGURE_ARENA_BYTES,
	WEIR_FIGURE_IN_USE_BYTES,
	WEIR_FIGURE_IDLE_BYTES,
	WEIR_FIGURE_MAPPED_BYTES,
	WEIR_FIGURE_TRIMS,
	WEIR_FIGURE_NR,
};

int weir_figures_mmap(struct file *file, struct vm_area_struct *vma);
int weir_figures_read(struct weir_record *rec, unsigned int figure, u64 *value);
void weir_figures_free(struct weir_figures *figures);

#endif /* _WEIR_FIGURES_H */
