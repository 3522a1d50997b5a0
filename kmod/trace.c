// SPDX-License-Identifier: GPL-2.0
/*
 * The tracepoints themselves; trace.h says what they are.
 */
#include <linux/module.h>
#include <linux/types.h>

#define CREATE_TRACE_POINTS
#include "trace.h"
