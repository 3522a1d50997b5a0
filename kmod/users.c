// SPDX-License-Identifier: GPL-2.0
/*
 * How many attachments each user has, so that none makes the module hold more than its share: a
 * process's files in sysfs are memory that the kernel charges to nobody.
 */
#include <linux/capability.h>
#include <linux/err.h>
#include <linux/hashtable.h>
#include <linux/limits.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "knobs.h"
#include "users.h"

#define WEIR_USERS_BITS	8

struct weir_user {
	struct hlist_node node;
	kuid_t uid;
	unsigned int nr;	/* attachments; with the last one the user is forgotten */
};

static DEFINE_HASHTABLE(weir_users, WEIR_USERS_BITS);
static DEFINE_SPINLOCK(weir_users_lock);	/* the table and what is in it; innermost */
static unsigned int weir_processes_per_uid = WEIR_PROCESSES_PER_UID_BUILTIN;

static struct weir_user *weir_user_find(kuid_t uid)
{
	struct weir_user *user;

	lockdep_assert_held(&weir_users_lock);

	hash_for_each_possible(weir_users, user, node, __kuid_val(uid))
		if (uid_eq(user->uid, uid))
			return user;
	return NULL;
}

/* The user of @new's uid, which is @new itself if there is none yet, or NULL if it has @limit. */
static struct weir_user *weir_user_count(struct weir_user *new, unsigned int limit)
{
	struct weir_user *user;

	spin_lock(&weir_users_lock);
	user = weir_user_find(new->uid) ?: new;
	if (user->nr >= limit) {
		user = NULL;
	} else {
		if (user == new)
			hash_add(weir_users, &new->node, __kuid_val(new->uid));
		user->nr++;
	}
	spin_unlock(&weir_users_lock);
	return user;
}

/**
 * weir_user_charge() - count one more attachment of a user
 * @uid: the user
 *
 * A process with CAP_SYS_RESOURCE is counted and not held by the limit, as with RLIMIT_NPROC.
 *
 * Return: what to give to weir_user_uncharge(), or -ENOMEM or -EDQUOT as an error pointer.
 */
struct weir_user *weir_user_charge(kuid_t uid)
{
	struct weir_user *new, *user;

	new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
	if (!new)
		return ERR_PTR(-ENOMEM);
	new->uid = uid;
	user = weir_user_count(new, weir_users_limit());
	/* Asked only now: a privilege that decides nothing is not to be reported as used. */
	if (!user && capable(CAP_SYS_RESOURCE))
		user = weir_user_count(new, UINT_MAX);
	if (user != new)
		kfree(new);
	return user ?: ERR_PTR(-EDQUOT);
}

void weir_user_uncharge(struct weir_user *user)
{
	spin_lock(&weir_users_lock);
	if (--user->nr)
		user = NULL;
	else
		hash_del(&user->node);
	spin_unlock(&weir_users_lock);
	kfree(user);
}

unsigned int weir_users_limit(void)
{
	return READ_ONCE(weir_processes_per_uid);
}

/**
 * weir_users_store_limit() - change how many attachments a user may have
 * @text: a number, or "default"
 * @len: its length, a newline at its end included
 *
 * It holds for whoever attaches from now on.
 *
 * Return: 0, -EINVAL or -ERANGE.
 */
int weir_users_store_limit(const char *text, size_t len)
{
	s64 value = WEIR_PROCESSES_PER_UID_BUILTIN;
	int ret = 0;

	if (len && text[len - 1] == '\n')
		len--;
	if (!weir_text_is(text, len, "default"))
		ret = len > WEIR_KNOB_TEXT_MAX ? -EINVAL :
						 weir_number_parse(text, len, false, &value);
	if (!ret && (value < 0 || value > WEIR_PROCESSES_PER_UID_MAX))
		ret = -ERANGE;
	if (!ret)
		WRITE_ONCE(weir_processes_per_uid, value);
	return ret;
}
