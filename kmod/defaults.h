/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The system defaults: the layer below every record.
 */
#ifndef _WEIR_DEFAULTS_H
#define _WEIR_DEFAULTS_H

#include "knobs.h"

/*
 * As written, not clamped.  Written under the layers' lock, with WRITE_ONCE(); read with
 * READ_ONCE().
 */
extern struct weir_knob_set weir_defaults;

int weir_defaults_store(unsigned int knob, const char *text, size_t len);
s64 weir_defaults_read(unsigned int knob);
void weir_defaults_init(void);
void weir_defaults_exit(void);

#endif /* _WEIR_DEFAULTS_H */
