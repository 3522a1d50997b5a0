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

#define WEIR_PARAM(knob, id, text)						\
	module_param_cb(knob, &weir_param_ops, (void *)(id), 0444);		\
	MODULE_PARM_DESC(knob, "system default of " #knob ": " text)

WEIR_PARAM(policy, WEIR_KNOB_POLICY, "fixed, dynamic or auto");
WEIR_PARAM(mmap_threshold, WEIR_KNOB_MMAP_THRESHOLD, "bytes, or with K, M, G");
WEIR_PARAM(mmap_max, WEIR_KNOB_MMAP_MAX, "a number of chunks");
WEIR_PARAM(trim_threshold, WEIR_KNOB_TRIM_THRESHOLD, "bytes, or with K, M, G; -1 turns trimming off");
WEIR_PARAM(top_pad, WEIR_KNOB_TOP_PAD, "bytes, or with K, M, G");
WEIR_PARAM(arena_max, WEIR_KNOB_ARENA_MAX, "a number of arenas; 0 lets the library choose");
