// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tunables.c - glibc's own words in the environment: GLIBC_TUNABLES and MALLOC_*_
 *
 * Numbers and ranges are glibc's, whose types differ from our knobs': a size is a size_t there, and one that
 * our knob cannot take stands for the largest that it can. Where glibc of Debian 12 takes the
 * number in front of some junk, or 0 without one, the setting is passed over, as in glibc since 2.39. Sizes may
 * have a K, M or G behind them.
 */
#include <stdlib.h>

#include "options.h"

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

/* Blanks, a sign, then decimal, octal behind a 0 or hexadecimal behind 0x. Too many digits are as many as fit. */
static bool parse_number(struct text t, unsigned int shift, uint64_t *value)
{
	unsigned int base = 10;
	uint64_t n = 0;
	bool negative;

	while (t.length && (*t.at == ' ' || *t.at == '\t'))
		t.at++, t.length--;
	negative = t.length && *t.at == '-';
	if (t.length && (negative || *t.at == '+'))
		t.at++, t.length--;
	if (!t.length || digit_of(*t.at) > 9)
		return false;
	if (t.length > 1 && *t.at == '0') {
		base = (t.at[1] | 0x20) == 'x' ? 16 : 8;
		t.at += base == 16 ? 2 : 1;
		t.length -= base == 16 ? 2 : 1;
	}
	for (; t.length; t.at++, t.length--) {
		unsigned int digit = digit_of(*t.at);

		if (digit >= base)
			return false;
		if (__builtin_mul_overflow(n, base, &n) || __builtin_add_overflow(n, digit, &n))
			n = UINT64_MAX;
	}
	if (n > UINT64_MAX >> shift)
		n = UINT64_MAX;
	else
		n <<= shift;
	*value = negative && n != UINT64_MAX ? -n : n;
	return true;
}

/* What glibc's number means for the knob; false where glibc, or the knob, takes no such number. */
static bool knob_value(enum weir_knob k, uint64_t n, int64_t *value)
{
	*value = n > (uint64_t)knob_table[k].max ? knob_table[k].max : (int64_t)n;
	switch (k) {
	case WEIR_KNOB_TRIM_THRESHOLD:	/* (size_t)-1, glibc's "never" */
		if (n > INT64_MAX)
			*value = -1;
		return true;
	case WEIR_KNOB_MMAP_THRESHOLD:
		return true;
	case WEIR_KNOB_TOP_PAD:		/* glibc would add a negative one */
		return n <= INT64_MAX;
	case WEIR_KNOB_ARENA_MAX:
		return n >= 1;
	default:
		return n <= (uint64_t)knob_table[k].max;
	}
}

static void set(struct text name, struct text text)
{
	int k = option_knob(name);
	unsigned int shift = 0;
	int64_t value;
	uint64_t n;

	if (k == WEIR_KNOB_POLICY)
		return;
	if (k >= 0 && knob_table[k].is_size)
		shift = text_cut_unit(&text);
	if (!parse_number(text, shift, &n))
		return;
	if (k < 0)
		option_set_other(name, n);
	else if (knob_value(k, n, &value))
		knobs_say(k, value, WEIR_SOURCE_ENVIRONMENT);
}

static void read_variables(void)
{
	static const struct { const char *variable, *name; } table[] = {
		{ "MALLOC_MMAP_THRESHOLD_", "mmap_threshold" },
		{ "MALLOC_MMAP_MAX_", "mmap_max" },
		{ "MALLOC_TRIM_THRESHOLD_", "trim_threshold" },
		{ "MALLOC_TOP_PAD_", "top_pad" },
		{ "MALLOC_ARENA_MAX", "arena_max" },
		{ "MALLOC_PERTURB_", "perturb" },
		{ "MALLOC_TCACHE_COUNT", "tcache_count" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const char *value = getenv(table[i].variable);

		if (value)
			set(text_of(table[i].name), text_of(value));
	}
}

/* name=value between colons; who has a name of another kind is none of ours. */
static void read_tunables(struct text rest)
{
	static const char prefix[] = "glibc.malloc.";
	struct text name, value;

	while (rest.length) {
		value = text_next(&rest, ':');
		name = text_next(&value, '=');
		if (name.length < sizeof(prefix) || memcmp(name.at, prefix, sizeof(prefix) - 1) != 0)
			continue;
		name.at += sizeof(prefix) - 1;
		name.length -= sizeof(prefix) - 1;
		set(name, value);
	}
}

void tunables_read(void)
{
	const char *tunables = getenv("GLIBC_TUNABLES");

	read_variables();
	if (tunables)
		read_tunables(text_of(tunables));
}
