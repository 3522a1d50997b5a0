/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The layers that a knob's value can come from, one on top of the other.
 */
#ifndef _WEIR_LAYERS_H
#define _WEIR_LAYERS_H

#include "knobs.h"

void weir_layers_lock(void);
void weir_layers_unlock(void);
bool weir_layers_locked(void);
void weir_layers_publish(u32 mask);

bool weir_layers_resolve(const struct weir_knob_layer *own, const struct weir_knob_layer *profile,
			 u32 mask, struct weir_knob_set *effective);

#endif /* _WEIR_LAYERS_H */
