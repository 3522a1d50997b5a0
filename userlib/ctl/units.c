// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdio.h>

#include "units.h"

static int suffix_shift(char c)
{
	switch (c) {
	case 'K': case 'k':
		return 10;
	case 'M': case 'm':
		return 20;
	case 'G': case 'g':
		return 30;
	default:
		return -1;
	}
}

int units_parse(const char *text, bool suffix, long long *value)
{
	bool negative = *text == '-', overflow = false;
	long long v = 0;

	if (negative)
		text++;
	if (*text < '0' || *text > '9')
		return -EINVAL;
	for (; *text >= '0' && *text <= '9'; text++) {
		overflow |= __builtin_mul_overflow(v, 10, &v);
		overflow |= __builtin_add_overflow(v, *text - '0', &v);
	}
	if (suffix && suffix_shift(*text) > 0) {
		overflow |= __builtin_mul_overflow(v, 1LL << suffix_shift(*text), &v);
		text++;
	}
	/* Junk behind makes a number that is too large no number at all.  -0 is none either. */
	if (*text || (negative && !v && !overflow))
		return -EINVAL;
	if (overflow)
		return -ERANGE;
	*value = negative ? -v : v;
	return 0;
}

void units_format(long long bytes, char buf[UNITS_TEXT_MAX])
{
	static const char suffixes[] = "GMK";

	for (int i = 0; bytes && suffixes[i]; i++) {
		long long unit = 1LL << suffix_shift(suffixes[i]);

		if (bytes % unit == 0) {
			snprintf(buf, UNITS_TEXT_MAX, "%lld%c", bytes / unit, suffixes[i]);
			return;
		}
	}
	snprintf(buf, UNITS_TEXT_MAX, "%lld", bytes);
}

void units_format_rate(double rate, char buf[UNITS_TEXT_MAX])
{
	if (rate <= 0)
		snprintf(buf, UNITS_TEXT_MAX, "0");
	else if (rate < 0.1)
		snprintf(buf, UNITS_TEXT_MAX, "<0.1");
	else if (rate < 9.95)
		snprintf(buf, UNITS_TEXT_MAX, "%.1f", rate);
	else
		snprintf(buf, UNITS_TEXT_MAX, "%.0f", rate);
}
