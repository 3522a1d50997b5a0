// SPDX-License-Identifier: GPL-2.0
/*
 * The files with a process's own figures.
 */
#include <linux/sysfs.h>

#include "figures.h"
#include "record.h"
#include "sysfs.h"

static ssize_t weir_figure_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	u64 value;
	int ret;

	ret = weir_figures_read(weir_record_of(kobj), weir_attribute_index(attr), &value);
	return ret ?: sysfs_emit(buf, "%llu\n", value);
}

#define WEIR_FIGURE_ATTR(_name, _index)						\
	{ .kobj_attr = __ATTR(_name, 0400, weir_figure_show, NULL), .index = (_index) }

static struct weir_attribute weir_figure_attrs[WEIR_FIGURE_NR] = {
	WEIR_FIGURE_ATTR(arenas, WEIR_FIGURE_ARENAS),
	WEIR_FIGURE_ATTR(arena_bytes, WEIR_FIGURE_ARENA_BYTES),
	WEIR_FIGURE_ATTR(in_use_bytes, WEIR_FIGURE_IN_USE_BYTES),
	WEIR_FIGURE_ATTR(idle_bytes, WEIR_FIGURE_IDLE_BYTES),
	WEIR_FIGURE_ATTR(mapped_bytes, WEIR_FIGURE_MAPPED_BYTES),
	WEIR_FIGURE_ATTR(trims, WEIR_FIGURE_TRIMS),
};

static struct attribute *weir_figure_list[] = {
	&weir_figure_attrs[0].kobj_attr.attr,
	&weir_figure_attrs[1].kobj_attr.attr,
	&weir_figure_attrs[2].kobj_attr.attr,
	&weir_figure_attrs[3].kobj_attr.attr,
	&weir_figure_attrs[4].kobj_attr.attr,
	&weir_figure_attrs[5].kobj_attr.attr,
	NULL,
};

static_assert(ARRAY_SIZE(weir_figure_list) == WEIR_FIGURE_NR + 1);

const struct attribute_group weir_process_figure_group = {
	.attrs = weir_figure_list,
};
