/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weirctl: numbers as people write them
 */
#ifndef WEIR_CTL_UNITS_H
#define WEIR_CTL_UNITS_H

#include <stdbool.h>
#include <stddef.h>

#define UNITS_TEXT_MAX	32

/*
 * Decimal digits, with a minus in front if need be; with @suffix also one of K, M, G (either
 * case) behind, for powers of 1024.  Returns 0, -EINVAL if the text is anything else, -ERANGE if
 * it does not fit.
 */
int units_parse(const char *text, bool suffix, long long *value);

/*
 * Writes @bytes with the largest of K, M, G that divides it, so that what is shown is exact and
 * is accepted as input again.
 */
void units_format(long long bytes, char buf[UNITS_TEXT_MAX]);

/* Writes a rate: whole numbers from 10 up, one decimal below, and never "0" for what is not. */
void units_format_rate(double rate, char buf[UNITS_TEXT_MAX]);

#endif /* WEIR_CTL_UNITS_H */
