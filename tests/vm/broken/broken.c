// SPDX-License-Identifier: GPL-2.0
/* Misbehaves as how= says, to see that tests/vm/run notices. */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/irqflags.h>
#include <linux/module.h>
#include <linux/string.h>

static char *how = "";
module_param(how, charp, 0);
MODULE_PARM_DESC(how, "warn, oops, spin or hold");

/* Keeps /dev/weir open behind everyone's back: its module can no longer be unloaded. */
static int hold(void)
{
	struct file *file = filp_open("/dev/weir", O_RDWR, 0);

	return PTR_ERR_OR_ZERO(file);
}

static int __init broken_init(void)
{
	if (!strcmp(how, "warn"))
		return WARN_ON(1) ? 0 : -EINVAL;
	if (!strcmp(how, "oops"))
		return READ_ONCE(*(int *)8);
	if (!strcmp(how, "spin")) {
		local_irq_disable();
		for (;;)
			cpu_relax();
	}
	if (!strcmp(how, "hold"))
		return hold();
	return -EINVAL;
}
module_init(broken_init);

MODULE_DESCRIPTION("a module that misbehaves");
MODULE_LICENSE("GPL");
