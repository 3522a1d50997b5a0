// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/weir: the calls of <linux/weir.h>.
 *
 * User memory is read before and written after a call's work, with no lock held: a copy can fault
 * and take the mmap_lock, under which a mapping's close takes the registry's lock.
 */
#include <linux/compat.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/weir.h>

#include "chardev.h"
#include "ctlpage.h"
#include "record.h"
#include "registry.h"

union weir_argument {
	u32 size;
	struct weir_info info;
	struct weir_attach attach;
	struct weir_knobs knobs;
	struct weir_counters counters;
	struct weir_regions regions;
	struct weir_trim_wait trim_wait;
	struct weir_trim_done trim_done;
};

static int weir_ioctl_info(struct file *file, union weir_argument *arg)
{
	struct weir_info *info = &arg->info;

	if (info->flags)
		return -EINVAL;
	info->features = WEIR_FEATURES;
	info->knob_nr = WEIR_KNOB_NR;
	info->map_size = PAGE_SIZE;
	return 0;
}

/* @choice if the caller names a profile, NULL if it does not, or -EINVAL as an error pointer. */
static const struct weir_profile_choice *
weir_attach_choice(const struct weir_attach *attach, struct weir_profile_choice *choice)
{
	size_t len = strnlen(attach->profile, sizeof(attach->profile));
	int ret;

	if (memchr_inv(attach->profile + len, 0, sizeof(attach->profile) - len))
		return ERR_PTR(-EINVAL);
	if (!len)
		return NULL;
	if (attach->profile[len - 1] == '\n')
		return ERR_PTR(-EINVAL);
	ret = weir_profile_choice_parse(choice, attach->profile, len);
	return ret ? ERR_PTR(ret) : choice;
}

static int weir_ioctl_attach(struct file *file, union weir_argument *arg)
{
	struct weir_attach *attach = &arg->attach;
	const struct weir_profile_choice *choice;
	struct weir_record *parent = NULL, *rec;
	struct weir_profile_choice room;
	int ret;

	if (attach->flags & ~WEIR_ATTACH_INHERIT || attach->features & ~WEIR_FEATURES ||
	    attach->map_size || attach->reserved)
		return -EINVAL;
	choice = weir_attach_choice(attach, &room);
	if (IS_ERR(choice))
		return PTR_ERR(choice);
	if (attach->flags & WEIR_ATTACH_INHERIT) {
		parent = weir_ctlpage_record_at(attach->inherit);
		if (!parent)
			return -EINVAL;
	} else if (attach->inherit) {
		return -EINVAL;
	}
	rec = weir_record_create(parent, choice);
	if (parent)
		weir_record_put(parent);
	if (IS_ERR(rec))
		return PTR_ERR(rec);
	ret = weir_registry_attach(rec, file);
	attach->features = WEIR_FEATURES;
	attach->map_size = PAGE_SIZE;
	return ret;
}

/* The caller could not be told that it is attached: it is not. */
static void weir_ioctl_attach_undo(void)
{
	struct weir_record *rec = weir_registry_find_get(current->mm);

	if (!rec)
		return;
	weir_registry_detach(rec);
	weir_record_put(rec);
}

static int weir_ioctl_get_knobs(struct file *file, union weir_argument *arg)
{
	struct weir_knobs *knobs = &arg->knobs;
	struct weir_knob_set set;
	struct weir_record *rec;

	if (knobs->flags)
		return -EINVAL;
	rec = weir_registry_find_get(current->mm);
	if (!rec)
		return -ENOTCONN;
	weir_record_read_knobs(rec, &set);
	weir_record_put(rec);
	knobs->set_mask = WEIR_KNOB_MASK;
	knobs->default_mask = 0;
	memset(knobs->value, 0, sizeof(knobs->value));
	memset(knobs->source, 0, sizeof(knobs->source));
	memcpy(knobs->value, set.value, sizeof(set.value));
	memcpy(knobs->source, set.source, sizeof(set.source));
	return 0;
}

static int weir_knobs_check(const struct weir_knobs *knobs)
{
	unsigned int knob;
	int ret = 0;

	if (knobs->flags & ~WEIR_KNOBS_ENVIRONMENT ||
	    (knobs->set_mask | knobs->default_mask) & ~WEIR_KNOB_MASK ||
	    knobs->set_mask & knobs->default_mask ||
	    memchr_inv(knobs->source, 0, sizeof(knobs->source)))
		return -EINVAL;
	for (knob = 0; knob < WEIR_KNOB_NR && !ret; knob++)
		if (knobs->set_mask & (1u << knob))
			ret = weir_knob_check(knob, knobs->value[knob]);
	return ret;
}

static int weir_ioctl_set_knobs(struct file *file, union weir_argument *arg)
{
	const struct weir_knobs *knobs = &arg->knobs;
	struct weir_knob_change change;
	struct weir_record *rec;
	int ret;

	ret = weir_knobs_check(knobs);
	if (ret)
		return ret;
	rec = weir_registry_find_get(current->mm);
	if (!rec)
		return -ENOTCONN;
	change.set_mask = knobs->set_mask;
	change.default_mask = knobs->default_mask;
	change.value = knobs->value;
	change.source = knobs->flags & WEIR_KNOBS_ENVIRONMENT ? WEIR_SOURCE_ENVIRONMENT :
								WEIR_SOURCE_SELF;
	weir_record_change_knobs(rec, &change);
	weir_record_put(rec);
	return 0;
}

static int weir_ioctl_get_counters(struct file *file, union weir_argument *arg)
{
	struct weir_counters *counters = &arg->counters;
	struct weir_record *rec;

	if (counters->flags)
		return -EINVAL;
	/* The page lasts as long as the RCU section that found its record. */
	rcu_read_lock();
	rec = weir_registry_find(current->mm);
	if (rec)
		weir_ctlpage_read_faults(rec->page, &counters->faults);
	rcu_read_unlock();
	return rec ? 0 : -ENOTCONN;
}

static int weir_ioctl_set_regions(struct file *file, union weir_argument *arg)
{
	struct weir_regions *regions = &arg->regions;
	struct weir_region_set *set;
	struct weir_record *rec;

	if (regions->flags)
		return -EINVAL;
	set = weir_regions_create(regions);
	if (IS_ERR(set))
		return PTR_ERR(set);
	rec = weir_registry_find_get(current->mm);
	if (!rec) {
		kfree(set);
		return -ENOTCONN;
	}
	weir_record_set_regions(rec, set);
	weir_record_put(rec);
	return 0;
}

static int weir_ioctl_trim_wait(struct file *file, union weir_argument *arg)
{
	struct weir_record *rec = weir_registry_find_get(current->mm);
	int ret;

	if (!rec)
		return -ENOTCONN;
	ret = weir_trim_wait(rec, &arg->trim_wait);
	weir_record_put(rec);
	return ret;
}

static int weir_ioctl_trim_done(struct file *file, union weir_argument *arg)
{
	struct weir_record *rec = weir_registry_find_get(current->mm);
	int ret;

	if (!rec)
		return -ENOTCONN;
	ret = weir_trim_done(rec, &arg->trim_done);
	weir_record_put(rec);
	return ret;
}

/* A call: @first_size is that of the structure as first published, @size is today's. */
struct weir_call {
	unsigned int cmd;
	u32 first_size;
	u32 size;
	int (*run)(struct file *file, union weir_argument *arg);
	void (*undo)(void);
};

#define WEIR_CALL(_cmd, _type, _first_size, _run, _undo)			\
	{ .cmd = (_cmd), .first_size = (_first_size), .size = sizeof(_type),	\
	  .run = (_run), .undo = (_undo) }

static const struct weir_call weir_calls[] = {
	WEIR_CALL(WEIR_IOC_INFO, struct weir_info, 24, weir_ioctl_info, NULL),
	WEIR_CALL(WEIR_IOC_ATTACH, struct weir_attach, 32, weir_ioctl_attach,
		  weir_ioctl_attach_undo),
	WEIR_CALL(WEIR_IOC_GET_KNOBS, struct weir_knobs, 232, weir_ioctl_get_knobs, NULL),
	WEIR_CALL(WEIR_IOC_SET_KNOBS, struct weir_knobs, 232, weir_ioctl_set_knobs, NULL),
	WEIR_CALL(WEIR_IOC_GET_COUNTERS, struct weir_counters, 56, weir_ioctl_get_counters, NULL),
	WEIR_CALL(WEIR_IOC_SET_REGIONS, struct weir_regions, 208, weir_ioctl_set_regions, NULL),
	WEIR_CALL(WEIR_IOC_TRIM_WAIT, struct weir_trim_wait, 32, weir_ioctl_trim_wait, NULL),
	WEIR_CALL(WEIR_IOC_TRIM_DONE, struct weir_trim_done, 24, weir_ioctl_trim_done, NULL),
};

static_assert(sizeof(struct weir_info) == 24);
static_assert(sizeof(struct weir_attach) == 64);
static_assert(sizeof(struct weir_knobs) == 232);
static_assert(sizeof(struct weir_counters) == 56);
static_assert(sizeof(struct weir_regions) == 208);
static_assert(sizeof(struct weir_trim_wait) == 32);
static_assert(sizeof(struct weir_trim_done) == 24);

/*
 * The size encoded in the number is the caller's, and the module's may differ: it is no part of
 * the match.
 */
static const struct weir_call *weir_call_find(unsigned int cmd)
{
	const unsigned int mask = ~(_IOC_SIZEMASK << _IOC_SIZESHIFT);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(weir_calls); i++)
		if (!((weir_calls[i].cmd ^ cmd) & mask))
			return &weir_calls[i];
	return NULL;
}

static int weir_argument_read(const struct weir_call *call, unsigned int cmd,
			      void __user *user, union weir_argument *arg, u32 *size)
{
	int ret;

	if (get_user(*size, (u32 __user *)user))
		return -EFAULT;
	if (*size != _IOC_SIZE(cmd) || *size < call->first_size)
		return -EINVAL;
	ret = copy_struct_from_user(arg, call->size, user, *size);
	if (ret)
		return ret == -E2BIG ? -EINVAL : ret;
	/* It may have changed between the two reads. */
	arg->size = *size;
	return 0;
}

static long weir_ioctl(struct file *file, unsigned int cmd, unsigned long user)
{
	const struct weir_call *call = weir_call_find(cmd);
	union weir_argument arg;
	u32 size;
	int ret;

	if (!call)
		return -ENOTTY;
	ret = weir_argument_read(call, cmd, (void __user *)user, &arg, &size);
	if (!ret)
		ret = call->run(file, &arg);
	if (ret || !(_IOC_DIR(cmd) & _IOC_READ))
		return ret;
	if (copy_to_user((void __user *)user, &arg, min(size, call->size))) {
		if (call->undo)
			call->undo();
		return -EFAULT;
	}
	return 0;
}

static int weir_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (vma->vm_pgoff == WEIR_FIGURES_PGOFF)
		return weir_figures_mmap(file, vma);
	return weir_ctlpage_mmap(file, vma);
}

/* The misc core leaves the miscdevice in private_data, which here is a record or nothing. */
static int weir_open(struct inode *inode, struct file *file)
{
	file->private_data = NULL;
	return nonseekable_open(inode, file);
}

static int weir_release(struct inode *inode, struct file *file)
{
	weir_registry_release_file(file);
	return 0;
}

static const struct file_operations weir_fops = {
	.owner = THIS_MODULE,
	.open = weir_open,
	.release = weir_release,
	.unlocked_ioctl = weir_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.mmap = weir_mmap,
	.poll = weir_trim_poll,
	.llseek = no_llseek,
};

static struct miscdevice weir_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "weir",
	.fops = &weir_fops,
	.mode = 0666,
};

int __init weir_chardev_init(void)
{
	return misc_register(&weir_device);
}

void weir_chardev_exit(void)
{
	misc_deregister(&weir_device);
}
