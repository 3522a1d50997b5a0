/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory pressure: noticed, published, and turned into requests to trim.
 */
#ifndef _WEIR_PRESSURE_H
#define _WEIR_PRESSURE_H

#include <linux/types.h>
#include <linux/weir.h>

struct weir_record;
struct weir_pressure_token;

/* Written by the worker alone, but for @token. */
struct weir_pressure {
	struct weir_pressure_token *token;	/* from creation until destroyed, read under RCU */
	u8 level;				/* enum weir_pressure_level; read without lock */
	u64 events;				/* likewise */
	unsigned long until;			/* jiffies: when @level ends */
	unsigned long asked;			/* jiffies: when it was last asked to trim */
};

int weir_pressure_attach(struct weir_record *rec);
void weir_pressure_detach(struct weir_record *rec);
unsigned int weir_pressure_global(u64 *events);
const char *weir_pressure_name(unsigned int level);

int weir_pressure_init(void);
void weir_pressure_exit(void);

#endif /* _WEIR_PRESSURE_H */
