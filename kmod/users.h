/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How many attachments each user has.
 */
#ifndef _WEIR_USERS_H
#define _WEIR_USERS_H

#include <linux/types.h>
#include <linux/uidgid.h>

/* As many as there can be processes (PID_MAX_LIMIT). */
#define WEIR_PROCESSES_PER_UID_MAX	4194304
#define WEIR_PROCESSES_PER_UID_BUILTIN	4096

struct weir_user;

struct weir_user *weir_user_charge(kuid_t uid);
void weir_user_uncharge(struct weir_user *user);
unsigned int weir_users_limit(void);
int weir_users_store_limit(const char *text, size_t len);

#endif /* _WEIR_USERS_H */
