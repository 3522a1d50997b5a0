/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The admin's limits: a lowest and a highest effective value for each knob.
 */
#ifndef _WEIR_LIMITS_H
#define _WEIR_LIMITS_H

#include <linux/types.h>

s64 weir_limits_clamp(unsigned int knob, s64 value);
s64 weir_limits_read(unsigned int knob, bool is_max);
int weir_limits_store(unsigned int knob, bool is_max, const char *text, size_t len);
void weir_limits_init(void);

#endif /* _WEIR_LIMITS_H */
