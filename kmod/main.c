// SPDX-License-Identifier: GPL-2.0
/*
 * weir: malloc's thresholds in the kernel.  Start-up and its unwinding, in order.
 */
#include <linux/init.h>
#include <linux/module.h>

#include "chardev.h"
#include "ctlpage.h"
#include "defaults.h"
#include "faults.h"
#include "pressure.h"
#include "limits.h"
#include "registry.h"
#include "sysfs.h"

/* The device comes last: from then on anybody may attach. */
static int __init weir_init(void)
{
	int ret;

	ret = weir_ctlpage_init();
	if (ret)
		return ret;
	weir_limits_init();
	weir_defaults_init();
	ret = weir_registry_init();
	if (ret)
		goto exit_ctlpage;
	ret = weir_faults_init();
	if (ret)
		goto exit_registry;
	ret = weir_sysfs_init();
	if (ret)
		goto exit_faults;
	ret = weir_pressure_init();
	if (ret)
		goto exit_sysfs;
	ret = weir_chardev_init();
	if (ret)
		goto exit_pressure;
	return 0;

exit_pressure:
	weir_pressure_exit();
exit_sysfs:
	weir_sysfs_exit();
exit_faults:
	weir_faults_exit();
exit_registry:
	weir_registry_exit();
exit_ctlpage:
	weir_defaults_exit();
	weir_ctlpage_exit();
	return ret;
}

/*
 * The registry waits for the last records, which still use the directories and the fault
 * counting.
 */
static void __exit weir_exit(void)
{
	weir_chardev_exit();
	weir_registry_exit();
	weir_pressure_exit();
	weir_sysfs_exit();
	weir_faults_exit();
	weir_defaults_exit();
	weir_ctlpage_exit();
}

module_init(weir_init);
module_exit(weir_exit);

MODULE_DESCRIPTION("weir: malloc thresholds and fault counters, system-wide and per process");
MODULE_AUTHOR("weir developers");
MODULE_LICENSE("GPL");
