/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Profiles: knobs with a name, for processes that match or ask for them.
 */
#ifndef _WEIR_PROFILES_H
#define _WEIR_PROFILES_H

#include <linux/kobject.h>
#include <linux/list.h>

#include "knobs.h"
#include "match.h"

/* At most so many: each is compared with each process when one of them comes, goes or changes. */
#define WEIR_PROFILES_MAX	64

struct weir_profile {
	struct kobject kobj;			/* profiles/<name>; holds the references */
	/* Not the kobject's name: that goes with the last reference, not a grace period later. */
	char name[WEIR_PROFILE_NAME_LEN];	/* at creation only */
	struct list_head node;			/* layers' lock, read under RCU; by name */
	struct weir_knob_layer knobs;		/* layers' lock, read as knobs.h says */
	struct weir_match __rcu *match;		/* layers' lock; NULL matches nothing */
	bool gone;				/* layers' lock: removed */
	struct rcu_head rcu;
};

/* By what a process has its profile. */
enum weir_choice_kind {
	WEIR_CHOICE_MATCH,	/* the first that matches */
	WEIR_CHOICE_NONE,	/* it has none */
	WEIR_CHOICE_NAME,	/* that of a name; while there is none, the first that matches */
};

struct weir_profile_choice {
	enum weir_choice_kind kind;
	char name[WEIR_PROFILE_NAME_LEN];
};

int weir_profile_choice_parse(struct weir_profile_choice *choice, const char *text, size_t len);

/* What has to be known of a process to choose its profile. */
bool weir_profiles_match(void);
bool weir_profiles_match_cgroups(void);
struct weir_profile *weir_profiles_choose(const struct weir_profile_choice *choice,
					  const struct weir_subject *subject);
bool weir_profiles_has(const char *name);

static inline void weir_profile_put(struct weir_profile *profile)
{
	if (profile)
		kobject_put(&profile->kobj);
}

int weir_profiles_create(const char *text, size_t len);
int weir_profiles_remove(const char *text, size_t len);
int weir_profile_store_knob(struct weir_profile *profile, unsigned int knob, const char *text,
			    size_t len);
int weir_profile_store_match(struct weir_profile *profile, const char *text, size_t len,
			     int (*parse)(struct weir_match *match, const char *text, size_t len));
void weir_profile_release(struct kobject *kobj);
void weir_profiles_exit(void);

#endif /* _WEIR_PROFILES_H */
