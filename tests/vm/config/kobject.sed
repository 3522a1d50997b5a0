# SPDX-License-Identifier: GPL-2.0
#
# lib/kobject.c: with CONFIG_DEBUG_KOBJECT_RELEASE each release is delayed by a random time, 1 to 5 s, and
# unloading the module waits for it.  This makes the longest a parameter in jiffies.
/^static void kobject_delayed_cleanup/i\
static unsigned int kobj_release_max = 4 * HZ;\
core_param(kobj_release_max, kobj_release_max, uint, 0644);\

s/unsigned long delay = HZ + HZ \* prandom_u32_max(4);/unsigned long delay = 1 + prandom_u32_max(kobj_release_max ?: 1);/
s/^#include <linux\/random.h>/#include <linux\/random.h>\n#include <linux\/moduleparam.h>/
