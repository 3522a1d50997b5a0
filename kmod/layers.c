// SPDX-License-Identifier: GPL-2.0
/*
 * The layers: record, then profile, then default, clamped to the limits.  Those below the records
 * are changed by one writer at a time, until its value has reached every process.
 */
#include <linux/compiler.h>
#include <linux/kconfig.h>
#include <linux/mutex.h>

#include "ctlpage.h"
#include "defaults.h"
#include "layers.h"
#include "limits.h"
#include "registry.h"

static DEFINE_MUTEX(weir_layers_mutex);

void weir_layers_lock(void)
{
	mutex_lock(&weir_layers_mutex);
}

void weir_layers_unlock(void)
{
	mutex_unlock(&weir_layers_mutex);
}

/* For lockdep: not false unless it is sure. */
bool weir_layers_locked(void)
{
	return !IS_ENABLED(CONFIG_LOCKDEP) || lockdep_is_held(&weir_layers_mutex);
}

/**
 * weir_layers_publish() - let a changed layer reach everybody
 * @mask: the knobs that have changed: bits of enum weir_knob
 *
 * Every process goes by it when this returns, also one that attaches meanwhile
 * (weir_registry_refresh()).
 */
void weir_layers_publish(u32 mask)
{
	struct weir_knob_set defaults = { };

	lockdep_assert_held(&weir_layers_mutex);

	weir_layers_resolve(NULL, NULL, WEIR_KNOB_MASK, &defaults);
	weir_ctlpage_write_detached(&defaults);
	weir_registry_refresh(mask);
}

static void weir_layers_resolve_knob(const struct weir_knob_layer *own,
				     const struct weir_knob_layer *profile, unsigned int knob,
				     s64 *value, u8 *source)
{
	s64 clamped;

	if (!weir_knob_layer_read(own, knob, value, source) &&
	    !weir_knob_layer_read(profile, knob, value, source)) {
		*value = READ_ONCE(weir_defaults.value[knob]);
		*source = READ_ONCE(weir_defaults.source[knob]);
	}
	clamped = weir_limits_clamp(knob, *value);
	if (clamped != *value) {
		*value = clamped;
		*source = WEIR_SOURCE_LIMIT;
	}
}

/**
 * weir_layers_resolve() - put the layers on top of each other
 * @own: what stands in the process's record, or NULL
 * @profile: what its profile says, or NULL
 * @mask: the knobs to look at
 * @effective: in and out, the effective values; written while they may be read
 *
 * The layers below may be written meanwhile; weir_layers_publish() comes after that.
 *
 * Return: whether @effective has changed.
 */
bool weir_layers_resolve(const struct weir_knob_layer *own, const struct weir_knob_layer *profile,
			 u32 mask, struct weir_knob_set *effective)
{
	bool changed = false;
	unsigned int knob;

	for (knob = 0; knob < WEIR_KNOB_NR; knob++) {
		s64 value;
		u8 source;

		if (!(mask & 1u << knob))
			continue;
		weir_layers_resolve_knob(own, profile, knob, &value, &source);
		if (value == effective->value[knob] && source == effective->source[knob])
			continue;
		WRITE_ONCE(effective->value[knob], value);
		WRITE_ONCE(effective->source[knob], source);
		changed = true;
	}
	return changed;
}
