// SPDX-License-Identifier: GPL-2.0
/*
 * The admin's limits.  They clamp what is in force, not what was written: each layer keeps its
 * value, which shows again when the limit is lifted.
 */
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/init.h>

#include "knobs.h"
#include "layers.h"
#include "limits.h"

/*
 * The lowest value, [0], and the highest, [1].  Written under the layers' lock, with WRITE_ONCE();
 * read with READ_ONCE().
 */
static s64 weir_limits[WEIR_KNOB_NR][2];

s64 weir_limits_read(unsigned int knob, bool is_max)
{
	return READ_ONCE(weir_limits[knob][is_max]);
}

/*
 * What the limits make of a value.  While a limit is being changed the two may be of different
 * moments; whoever has used them meanwhile is visited afterwards (weir_layers_publish()).
 */
s64 weir_limits_clamp(unsigned int knob, s64 value)
{
	s64 min = weir_limits_read(knob, false), max = weir_limits_read(knob, true);

	s64 rank = weir_knob_rank(knob, value);

	if (rank < weir_knob_rank(knob, min))
		return min;
	return rank > weir_knob_rank(knob, max) ? max : value;
}

/**
 * weir_limits_store() - change a limit
 * @knob: enum weir_knob
 * @is_max: whether it is the highest value, or else the lowest
 * @text: what was written: a value of the knob, or "default", which lifts the limit
 * @len: its length
 *
 * It holds for every process, default and profile when this returns.
 *
 * Return: 0, -EINVAL, or -ERANGE, also for a minimum above the maximum.
 */
int weir_limits_store(unsigned int knob, bool is_max, const char *text, size_t len)
{
	s64 value;
	int ret;

	ret = weir_knob_parse(knob, text, len, &value);
	if (ret < 0)
		return ret;
	if (ret == WEIR_KNOB_RESET)
		value = is_max ? weir_knob_highest(knob) : weir_knob_lowest(knob);
	weir_layers_lock();
	if (weir_knob_rank(knob, is_max ? value : weir_limits[knob][1]) <
	    weir_knob_rank(knob, is_max ? weir_limits[knob][0] : value)) {
		weir_layers_unlock();
		return -ERANGE;
	}
	WRITE_ONCE(weir_limits[knob][is_max], value);
	weir_layers_publish(1u << knob);
	weir_layers_unlock();
	return 0;
}

void __init weir_limits_init(void)
{
	unsigned int knob;

	for (knob = 0; knob < WEIR_KNOB_NR; knob++) {
		weir_limits[knob][0] = weir_knob_lowest(knob);
		weir_limits[knob][1] = weir_knob_highest(knob);
	}
}
