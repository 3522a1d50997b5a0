// SPDX-License-Identifier: GPL-2.0
/*
 * Profiles: their making, their changes, their end, and which one a process goes by.
 *
 * DOC: lifetime of a profile
 *
 * The kobject's count is the profile's.  The list holds the first reference until the profile is
 * removed; each record that goes by it holds another.  A profile that is removed leaves the list
 * first, then every record looks for another one; what a record chooses is stored under the lock
 * under which it chose, so none takes it up again behind the walk.
 */
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/mutex.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "layers.h"
#include "objects.h"
#include "profiles.h"
#include "registry.h"
#include "sysfs.h"

/* Names taken by files in profiles/, and words for a choice. */
static const char * const weir_profile_reserved[] = { "create", "remove", "none", "default" };

/* One profile is made or removed at a time, its directory included. */
static DEFINE_MUTEX(weir_profiles_mutex);
static LIST_HEAD(weir_profiles_list);		/* layers' lock, read under RCU; by name */
static unsigned int weir_profiles_nr;		/* weir_profiles_mutex */
static unsigned int weir_profiles_nr_match;	/* layers' lock: those with a condition */
static unsigned int weir_profiles_nr_cgroup;	/* layers' lock: those with one on the cgroup */
static struct weir_objects weir_profile_objects = WEIR_OBJECTS_INIT(weir_profile_objects);

/* Without its newline, if there is one: @len becomes that of the name. */
static bool weir_profile_name_valid(const char *text, size_t *len)
{
	size_t i;

	if (*len && text[*len - 1] == '\n')
		(*len)--;
	if (!*len || *len >= WEIR_PROFILE_NAME_LEN || *text == '.')
		return false;
	for (i = 0; i < *len; i++)
		if (!isascii(text[i]) || (!isalnum(text[i]) && !memchr("._-", text[i], 3)))
			return false;
	return true;
}

static bool weir_profile_name_reserved(const char *name)
{
	return match_string(weir_profile_reserved, ARRAY_SIZE(weir_profile_reserved), name) >= 0;
}

/**
 * weir_profile_choice_parse() - read by which profile a process is to go
 * @choice: where it goes if 0 is returned
 * @text: a name, "none", or "default" for whichever matches
 * @len: its length, a newline at its end included
 *
 * Return: 0, or -EINVAL for what cannot be a name.
 */
int weir_profile_choice_parse(struct weir_profile_choice *choice, const char *text, size_t len)
{
	struct weir_profile_choice parsed = { .kind = WEIR_CHOICE_NAME };

	if (!weir_profile_name_valid(text, &len))
		return -EINVAL;
	memcpy(parsed.name, text, len);
	if (!strcmp(parsed.name, "none"))
		parsed.kind = WEIR_CHOICE_NONE;
	else if (!strcmp(parsed.name, "default"))
		parsed.kind = WEIR_CHOICE_MATCH;
	else if (weir_profile_name_reserved(parsed.name))
		return -EINVAL;
	*choice = parsed;
	return 0;
}

bool weir_profiles_match(void)
{
	return READ_ONCE(weir_profiles_nr_match);
}

bool weir_profiles_match_cgroups(void)
{
	return READ_ONCE(weir_profiles_nr_cgroup);
}

/* Under RCU or the layers' lock: the profile of a name, or NULL. */
static struct weir_profile *weir_profiles_find(const char *name)
{
	struct weir_profile *profile;

	list_for_each_entry_rcu(profile, &weir_profiles_list, node, weir_layers_locked())
		if (!strcmp(profile->name, name))
			return profile;
	return NULL;
}

static struct weir_profile *weir_profiles_find_match(const struct weir_subject *subject)
{
	struct weir_profile *profile;

	list_for_each_entry_rcu(profile, &weir_profiles_list, node)
		if (weir_match_fits(rcu_dereference(profile->match), subject))
			return profile;
	return NULL;
}

/**
 * weir_profiles_choose() - by which profile a process goes
 * @choice: what was said of it
 * @subject: what it is matched by
 *
 * The caller is in an RCU section, and stores what comes under the lock that it holds: it is
 * visited after every change of the list.
 *
 * Return: the profile with a reference, or NULL.
 */
struct weir_profile *weir_profiles_choose(const struct weir_profile_choice *choice,
					  const struct weir_subject *subject)
{
	struct weir_profile *profile = NULL;

	if (choice->kind == WEIR_CHOICE_NONE)
		return NULL;
	if (choice->kind == WEIR_CHOICE_NAME)
		profile = weir_profiles_find(choice->name);
	if (!profile)
		profile = weir_profiles_find_match(subject);
	/* One that is just being removed may have lost its last reference. */
	if (profile && !kobject_get_unless_zero(&profile->kobj))
		profile = NULL;
	return profile;
}

bool weir_profiles_has(const char *name)
{
	bool has;

	rcu_read_lock();
	has = weir_profiles_find(name);
	rcu_read_unlock();
	return has;
}

/* A condition comes (1) or goes (-1). */
static void weir_profiles_count_match(const struct weir_match *match, int change)
{
	if (!match)
		return;
	WRITE_ONCE(weir_profiles_nr_match, weir_profiles_nr_match + change);
	if (match->cgroup[0])
		WRITE_ONCE(weir_profiles_nr_cgroup, weir_profiles_nr_cgroup + change);
}

static void weir_profiles_insert(struct weir_profile *new)
{
	struct list_head *before = &weir_profiles_list;
	struct weir_profile *profile;

	weir_layers_lock();
	list_for_each_entry(profile, &weir_profiles_list, node) {
		if (strcmp(new->name, profile->name) < 0) {
			before = &profile->node;
			break;
		}
	}
	list_add_tail_rcu(&new->node, before);
	weir_registry_rematch();
	weir_layers_unlock();
}

static struct weir_profile *weir_profile_alloc(const char *name)
{
	struct weir_profile *profile = kzalloc(sizeof(*profile), GFP_KERNEL_ACCOUNT);

	if (!profile)
		return NULL;
	strscpy(profile->name, name, sizeof(profile->name));
	kobject_init(&profile->kobj, &weir_profile_ktype);
	weir_objects_made(&weir_profile_objects);
	return profile;
}

static int weir_profiles_create_locked(const char *name)
{
	struct weir_profile *profile;
	int ret;

	lockdep_assert_held(&weir_profiles_mutex);

	if (weir_profiles_has(name))
		return -EEXIST;
	if (weir_profiles_nr == WEIR_PROFILES_MAX)
		return -ENOSPC;
	profile = weir_profile_alloc(name);
	if (!profile)
		return -ENOMEM;
	ret = kobject_add(&profile->kobj, weir_profiles, "%s", name);
	if (ret) {
		kobject_put(&profile->kobj);
		return ret;
	}
	weir_profiles_nr++;
	weir_profiles_insert(profile);
	return 0;
}

/**
 * weir_profiles_create() - make a profile that says nothing yet
 * @text: its name
 * @len: the name's length, a newline at its end included
 *
 * Processes that asked for the name go by it when this returns.
 *
 * Return: 0, -EINVAL for what is no name, -EEXIST, -ENOSPC if there are WEIR_PROFILES_MAX, -ENOMEM.
 */
int weir_profiles_create(const char *text, size_t len)
{
	char name[WEIR_PROFILE_NAME_LEN] = { };
	int ret;

	if (!weir_profile_name_valid(text, &len))
		return -EINVAL;
	memcpy(name, text, len);
	if (weir_profile_name_reserved(name))
		return -EINVAL;
	mutex_lock(&weir_profiles_mutex);
	ret = weir_profiles_create_locked(name);
	mutex_unlock(&weir_profiles_mutex);
	return ret;
}

/*
 * Whoever writes to a file of the profile is waited for, and takes the layers' lock: that is
 * dropped before the directory goes.
 */
static void weir_profile_remove(struct weir_profile *profile)
{
	lockdep_assert_held(&weir_profiles_mutex);

	weir_layers_lock();
	profile->gone = true;
	list_del_rcu(&profile->node);
	weir_profiles_count_match(rcu_dereference_protected(profile->match, weir_layers_locked()),
				  -1);
	weir_registry_rematch();
	weir_layers_unlock();
	weir_profiles_nr--;
	kobject_del(&profile->kobj);
	kobject_put(&profile->kobj);
}

/**
 * weir_profiles_remove() - remove a profile
 * @text: its name
 * @len: the name's length, a newline at its end included
 *
 * No process goes by it when this returns.
 *
 * Return: 0, -EINVAL for what is no name, -ENOENT if there is no such profile.
 */
int weir_profiles_remove(const char *text, size_t len)
{
	char name[WEIR_PROFILE_NAME_LEN] = { };
	struct weir_profile *profile;

	if (!weir_profile_name_valid(text, &len))
		return -EINVAL;
	memcpy(name, text, len);
	mutex_lock(&weir_profiles_mutex);
	rcu_read_lock();
	/* Who removes it holds the mutex. */
	profile = weir_profiles_find(name);
	rcu_read_unlock();
	if (profile)
		weir_profile_remove(profile);
	mutex_unlock(&weir_profiles_mutex);
	return profile ? 0 : -ENOENT;
}

/**
 * weir_profile_store_knob() - change a profile's knob
 * @profile: the profile
 * @knob: enum weir_knob
 * @text: a value of the knob, or "default", with which the profile says nothing of it any more
 * @len: the text's length
 *
 * It has reached every process that goes by the profile when this returns.
 *
 * Return: 0, -EINVAL, -ERANGE, or -ENODEV if the profile has been removed.
 */
int weir_profile_store_knob(struct weir_profile *profile, unsigned int knob, const char *text,
			    size_t len)
{
	s64 value;
	int ret;

	ret = weir_knob_parse(knob, text, len, &value);
	if (ret < 0)
		return ret;
	weir_layers_lock();
	if (profile->gone) {
		weir_layers_unlock();
		return -ENODEV;
	}
	if (ret == WEIR_KNOB_RESET)
		weir_knob_layer_reset(&profile->knobs, knob);
	else
		weir_knob_layer_write(&profile->knobs, knob, value, WEIR_SOURCE_PROFILE);
	weir_registry_refresh(1u << knob);
	weir_layers_unlock();
	return 0;
}

/* Takes over @match; nothing is left of one without a condition. */
static int weir_profile_replace_match(struct weir_profile *profile, struct weir_match *match)
{
	struct weir_match *old;

	old = rcu_dereference_protected(profile->match, weir_layers_locked());
	if (profile->gone) {
		kfree(match);
		return -ENODEV;
	}
	if (!match->comm[0] && !match->cgroup[0]) {
		kfree(match);
		match = NULL;
	}
	rcu_assign_pointer(profile->match, match);
	weir_profiles_count_match(old, -1);
	weir_profiles_count_match(match, 1);
	if (old)
		kfree_rcu(old, rcu);
	weir_registry_rematch();
	return 0;
}

/**
 * weir_profile_store_match() - change which processes a profile is for
 * @profile: the profile
 * @text: a condition
 * @len: its length
 * @parse: reads the condition
 *
 * Every process has been matched anew when this returns.
 *
 * Return: 0, -EINVAL, -ENOMEM, or -ENODEV if the profile has been removed.
 */
int weir_profile_store_match(struct weir_profile *profile, const char *text, size_t len,
			     int (*parse)(struct weir_match *match, const char *text, size_t len))
{
	struct weir_match *match = kzalloc(sizeof(*match), GFP_KERNEL_ACCOUNT), *old;
	int ret;

	if (!match)
		return -ENOMEM;
	weir_layers_lock();
	old = rcu_dereference_protected(profile->match, weir_layers_locked());
	if (old)
		*match = *old;
	ret = parse(match, text, len);
	if (ret)
		kfree(match);
	else
		ret = weir_profile_replace_match(profile, match);
	weir_layers_unlock();
	return ret;
}

/* The last reference: kfree_rcu() as whoever walks the list under RCU may be standing on it. */
void weir_profile_release(struct kobject *kobj)
{
	struct weir_profile *profile = container_of(kobj, struct weir_profile, kobj);
	struct weir_match *match = rcu_access_pointer(profile->match);

	if (match)
		kfree_rcu(match, rcu);
	kfree_rcu(profile, rcu);
	weir_objects_released(&weir_profile_objects);
}

/* Nobody can make a profile any more, and there is no record that goes by one. */
void weir_profiles_exit(void)
{
	struct weir_profile *profile, *next;

	mutex_lock(&weir_profiles_mutex);
	list_for_each_entry_safe(profile, next, &weir_profiles_list, node)
		weir_profile_remove(profile);
	mutex_unlock(&weir_profiles_mutex);
	weir_objects_wait(&weir_profile_objects);
}
