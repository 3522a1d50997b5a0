/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weirctl: how a list of processes is shown
 */
#ifndef WEIR_CTL_PS_PRINT_H
#define WEIR_CTL_PS_PRINT_H

#include "procs.h"

/*
 * Prints @now as a table.  With @before, a table sampled earlier, counters are shown as faults
 * per second between the two, "-" for a process that came in between; without it as they are.
 */
void ps_print_table(const struct proc_table *before, const struct proc_table *now, bool header);

/* The same as one line of JSON. */
void ps_print_json(const struct proc_table *before, const struct proc_table *now);

#endif /* WEIR_CTL_PS_PRINT_H */
