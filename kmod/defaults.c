// SPDX-License-Identifier: GPL-2.0
/*
 * The system defaults, written through sysfs or as parameters of the module.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

#include "defaults.h"
#include "layers.h"
#include "limits.h"
#include "trace.h"

struct weir_knob_set weir_defaults = {
	.value = {
		[WEIR_KNOB_POLICY] = WEIR_POLICY_BUILTIN,
		[WEIR_KNOB_MMAP_THRESHOLD] = WEIR_MMAP_THRESHOLD_BUILTIN,
		[WEIR_KNOB_MMAP_MAX] = WEIR_MMAP_MAX_BUILTIN,
		[WEIR_KNOB_TRIM_THRESHOLD] = WEIR_TRIM_THRESHOLD_BUILTIN,
		[WEIR_KNOB_TOP_PAD] = WEIR_TOP_PAD_BUILTIN,
		[WEIR_KNOB_ARENA_MAX] = WEIR_ARENA_MAX_BUILTIN,
		[WEIR_KNOB_HUGETLB] = WEIR_HUGETLB_BUILTIN,
	},
};

/*
 * Whether there is somebody to tell: parameters are read before the module starts and can be
 * written until its memory goes, later than weir_exit().  Under the layers' lock.
 */
static bool weir_defaults_live;

/* What a text asks for: 0 or an error as weir_knob_parse(), "default" being the builtin value. */
static int weir_default_parse(unsigned int knob, const char *text, size_t len, s64 *value,
			      u8 *source)
{
	int ret = weir_knob_parse(knob, text, len, value);

	*source = WEIR_SOURCE_DEFAULT;
	if (ret == WEIR_KNOB_RESET) {
		*value = weir_knobs[knob].builtin;
		*source = WEIR_SOURCE_BUILTIN;
		ret = 0;
	}
	return ret;
}

/**
 * weir_defaults_read() - a system default as it is in force
 * @knob: enum weir_knob
 *
 * Return: what was written, within the limits.
 */
s64 weir_defaults_read(unsigned int knob)
{
	return weir_limits_clamp(knob, READ_ONCE(weir_defaults.value[knob]));
}

static void weir_default_trace(unsigned int knob, s64 value, u8 source)
{
	s64 now = weir_defaults_read(knob);

	trace_knob(0, weir_knobs[knob].name, now,
		   weir_source_name(now == value ? source : WEIR_SOURCE_LIMIT));
}

/**
 * weir_defaults_store() - change a system default
 * @knob: enum weir_knob
 * @text: what was written
 * @len: its length
 *
 * Every process that has not overridden the knob has the value when this returns, also one that
 * attaches meanwhile.
 *
 * Return: 0, -EINVAL or -ERANGE.
 */
int weir_defaults_store(unsigned int knob, const char *text, size_t len)
{
	s64 value;
	u8 source;
	int ret;

	ret = weir_default_parse(knob, text, len, &value, &source);
	if (ret)
		return ret;
	weir_layers_lock();
	WRITE_ONCE(weir_defaults.value[knob], value);
	WRITE_ONCE(weir_defaults.source[knob], source);
	if (weir_defaults_live) {
		weir_layers_publish(1u << knob);
		weir_default_trace(knob, value, source);
	}
	weir_layers_unlock();
	return 0;
}

/* Called after the parameters have been read: from now on a change is told. */
void __init weir_defaults_init(void)
{
	weir_layers_lock();
	weir_defaults_live = true;
	weir_layers_publish(WEIR_KNOB_MASK);
	weir_layers_unlock();
}

void weir_defaults_exit(void)
{
	weir_layers_lock();
	weir_defaults_live = false;
	weir_layers_unlock();
}

/* A module parameter, when the module is loaded or written in /sys/module/weir/parameters. */
static int weir_param_set(const char *text, const struct kernel_param *kp)
{
	unsigned int knob = (unsigned long)kp->arg;
	char accepts[WEIR_KNOB_ACCEPTS_LEN];
	int ret = -EINVAL;

	if (text)
		ret = weir_defaults_store(knob, text, strlen(text));
	/* Whoever writes a file is told by the errno; insmod(8) says no more than "Invalid". */
	if (ret && !READ_ONCE(weir_defaults_live)) {
		weir_knob_accepts(knob, accepts, sizeof(accepts));
		pr_err("parameter %s=%s: accepted are %s\n", weir_knobs[knob].name, text ?: "",
		       accepts);
	}
	return ret;
}

static int weir_param_get(char *buf, const struct kernel_param *kp)
{
	unsigned int knob = (unsigned long)kp->arg;

	return weir_knob_emit(knob, weir_defaults_read(knob), buf);
}

/* NOARG: a parameter without a value comes here too and gets the message. */
static const struct kernel_param_ops weir_param_ops = {
	.flags = KERNEL_PARAM_OPS_FL_NOARG,
	.set = weir_param_set,
	.get = weir_param_get,
};

module_param_cb(policy, &weir_param_ops, (void *)WEIR_KNOB_POLICY, 0644);
MODULE_PARM_DESC(policy, "system default: fixed, dynamic or auto");
module_param_cb(mmap_threshold, &weir_param_ops, (void *)WEIR_KNOB_MMAP_THRESHOLD, 0644);
MODULE_PARM_DESC(mmap_threshold, "system default: bytes, K, M and G understood");
module_param_cb(mmap_max, &weir_param_ops, (void *)WEIR_KNOB_MMAP_MAX, 0644);
MODULE_PARM_DESC(mmap_max, "system default: a number of chunks");
module_param_cb(trim_threshold, &weir_param_ops, (void *)WEIR_KNOB_TRIM_THRESHOLD, 0644);
MODULE_PARM_DESC(trim_threshold, "system default: bytes, K, M and G understood; -1 turns trimming off");
module_param_cb(top_pad, &weir_param_ops, (void *)WEIR_KNOB_TOP_PAD, 0644);
MODULE_PARM_DESC(top_pad, "system default: bytes, K, M and G understood");
module_param_cb(arena_max, &weir_param_ops, (void *)WEIR_KNOB_ARENA_MAX, 0644);
MODULE_PARM_DESC(arena_max, "system default: a number of arenas; 0 lets the library choose");
module_param_cb(hugetlb, &weir_param_ops, (void *)WEIR_KNOB_HUGETLB, 0644);
MODULE_PARM_DESC(hugetlb, "system default: 1 asks for transparent huge pages, 0 does not");
