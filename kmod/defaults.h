/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The system defaults: the layer below every record.
 */
#ifndef _WEIR_DEFAULTS_H
#define _WEIR_DEFAULTS_H

#include "knobs.h"

/* Written under the registry's lock, with WRITE_ONCE(); read with READ_ONCE(). */
extern struct weir_knob_set weir_defaults;

int weir_defaults_store(unsigned int knob, const char *text, size_t len);
void weir_defaults_init(void);

#endif /* _WEIR_DEFAULTS_H */
