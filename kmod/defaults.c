// SPDX-License-Identifier: GPL-2.0
/*
 * The system defaults, written through sysfs or, before the module is there, as its parameters.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>

#include "ctlpage.h"
#include "defaults.h"
#include "registry.h"

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

/* One writer at a time, until its value has reached every process. */
static DEFINE_MUTEX(weir_defaults_lock);

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

static void weir_default_write(unsigned int knob, s64 value, u8 source)
{
	WRITE_ONCE(weir_defaults.value[knob], value);
	WRITE_ONCE(weir_defaults.source[knob], source);
}

/**
 * weir_defaults_store() - change a system default
 * @knob: enum weir_knob
 * @text: what was written
 * @len: its length
 *
 * Every process that has not overridden the knob has the value when this returns.  A process that
 * attaches meanwhile has it too: either it enters the list before the registry's lock is taken
 * here, and is found in the walk, or after, and reads the new value when it is published.
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
	mutex_lock(&weir_defaults_lock);
	weir_registry_lock();
	weir_default_write(knob, value, source);
	weir_registry_unlock();
	weir_ctlpage_write_detached(&weir_defaults);
	weir_registry_refresh();
	mutex_unlock(&weir_defaults_lock);
	return 0;
}

/* Called after the parameters have been read. */
void __init weir_defaults_init(void)
{
	weir_ctlpage_write_detached(&weir_defaults);
}

/* Module parameters: no process and no sysfs file is there yet, so there is nothing to lock. */
static int weir_param_set(const char *text, const struct kernel_param *kp)
{
	unsigned int knob = (unsigned long)kp->arg;
	char accepts[WEIR_KNOB_ACCEPTS_LEN];
	int ret = -EINVAL;
	s64 value;
	u8 source;

	if (text)
		ret = weir_default_parse(knob, text, strlen(text), &value, &source);
	if (!ret) {
		weir_default_write(knob, value, source);
		return 0;
	}
	weir_knob_accepts(knob, accepts, sizeof(accepts));
	pr_err("parameter %s=%s: accepted are %s\n", weir_knobs[knob].name, text ?: "", accepts);
	return ret;
}

static int weir_param_get(char *buf, const struct kernel_param *kp)
{
	unsigned int knob = (unsigned long)kp->arg;

	return weir_knob_emit(knob, READ_ONCE(weir_defaults.value[knob]), buf);
}

/* NOARG: a parameter without a value comes here too and gets the message. */
static const struct kernel_param_ops weir_param_ops = {
	.flags = KERNEL_PARAM_OPS_FL_NOARG,
	.set = weir_param_set,
	.get = weir_param_get,
};

module_param_cb(policy, &weir_param_ops, (void *)WEIR_KNOB_POLICY, 0444);
MODULE_PARM_DESC(policy, "system default: fixed, dynamic or auto");
module_param_cb(mmap_threshold, &weir_param_ops, (void *)WEIR_KNOB_MMAP_THRESHOLD, 0444);
MODULE_PARM_DESC(mmap_threshold, "system default: bytes, K, M and G understood");
module_param_cb(mmap_max, &weir_param_ops, (void *)WEIR_KNOB_MMAP_MAX, 0444);
MODULE_PARM_DESC(mmap_max, "system default: a number of chunks");
module_param_cb(trim_threshold, &weir_param_ops, (void *)WEIR_KNOB_TRIM_THRESHOLD, 0444);
MODULE_PARM_DESC(trim_threshold, "system default: bytes, K, M and G understood; -1 turns trimming off");
module_param_cb(top_pad, &weir_param_ops, (void *)WEIR_KNOB_TOP_PAD, 0444);
MODULE_PARM_DESC(top_pad, "system default: bytes, K, M and G understood");
module_param_cb(arena_max, &weir_param_ops, (void *)WEIR_KNOB_ARENA_MAX, 0444);
MODULE_PARM_DESC(arena_max, "system default: a number of arenas; 0 lets the library choose");
module_param_cb(hugetlb, &weir_param_ops, (void *)WEIR_KNOB_HUGETLB, 0444);
MODULE_PARM_DESC(hugetlb, "system default: 1 asks for transparent huge pages, 0 does not");
