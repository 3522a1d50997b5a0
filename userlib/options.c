// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * options.c - what the environment says at start
 *
 * WEIR_OPTIONS="knob=value,..." beats GLIBC_TUNABLES beats MALLOC_*_. A setuid program ignores all. What
 * is wrong in WEIR_OPTIONS is named on standard error and left out, the rest holds; glibc's variables
 * are meant for another library too, so what is wrong there is passed over in silence, as glibc does.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/uio.h>
#include <unistd.h>

#include "internal.h"
#include "klink.h"
#include "tcache.h"

/* A piece of the environment: not terminated. */
struct text {
	const char *at;
	size_t length;
};

static const char *const policy_names[WEIR_POLICY_NR] = { "fixed", "dynamic", "auto" };
static const char *const attach_names[] = {
	[KLINK_LATE] = "late", [KLINK_START] = "start", [KLINK_NEVER] = "never",
};

static bool text_is(struct text t, const char *s)
{
	return strlen(s) == t.length && memcmp(t.at, s, t.length) == 0;
}

static struct text text_of(const char *s)
{
	return (struct text){ s, strlen(s) };
}

/* Cut t at the first separator; the part before it. */
static struct text next_part(struct text *t, char separator)
{
	const char *end = memchr(t->at, separator, t->length);
	struct text part = { t->at, end ? (size_t)(end - t->at) : t->length };

	t->at += part.length + (end != NULL);
	t->length -= part.length + (end != NULL);
	return part;
}

static int word_index(struct text t, const char *const *words, int n)
{
	for (int i = 0; i < n; i++)
		if (text_is(t, words[i]))
			return i;
	return -1;
}

/* Decimal, with K, M or G if units; -1 as it is. False: no such number. */
static bool parse_number(struct text t, bool units, int64_t *value)
{
	unsigned int shift = 0;
	int64_t n = 0;

	if (text_is(t, "-1")) {
		*value = -1;
		return true;
	}
	if (units && t.length > 1) {
		switch (t.at[t.length - 1] | 0x20) {
		case 'k': shift = 10; break;
		case 'm': shift = 20; break;
		case 'g': shift = 30; break;
		}
		t.length -= shift != 0;
	}
	if (!t.length)
		return false;
	for (size_t i = 0; i < t.length; i++) {
		if (t.at[i] < '0' || t.at[i] > '9' || __builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, t.at[i] - '0', &n))
			return false;
	}
	return !__builtin_mul_overflow(n, (int64_t)1 << shift, value);
}

static bool parse_knob(enum weir_knob k, struct text t, int64_t *value)
{
	if (k == WEIR_KNOB_POLICY)
		*value = word_index(t, policy_names, WEIR_POLICY_NR);
	else if (!parse_number(t, knob_table[k].is_size, value))
		return false;
	return knob_in_range(k, *value);
}

static int knob_index(struct text name)
{
	for (int k = 0; k < WEIR_KNOB_NR; k++)
		if (text_is(name, knob_table[k].name))
			return k;
	return -1;
}

/* glibc's settings that are no knobs of ours. */
static bool set_other(struct text name, struct text value)
{
	int64_t n;

	if (!parse_number(value, false, &n) || n < 0)
		return false;
	if (text_is(name, "perturb")) {
		perturb_byte = n & 0xff;
		if (perturb_byte)
			tcache_set_count(0);
	} else if (text_is(name, "mxfast")) {
		return set_mxfast(n);
	} else if (text_is(name, "tcache_count")) {
		tcache_set_count(n < UINT16_MAX ? n : UINT16_MAX - 1);
	} else if (text_is(name, "tcache_max")) {
		tcache_set_max(n);
	} else {
		return false;
	}
	return true;
}

static bool set_option(struct text name, struct text text)
{
	int k = knob_index(name), word;
	int64_t value;

	if (text_is(name, "attach")) {
		word = word_index(text, attach_names, sizeof(attach_names) / sizeof(attach_names[0]));
		if (word >= 0)
			klink_set_mode(word);
		return word >= 0;
	}
	if (k < 0)
		return set_other(name, text);
	if (!parse_knob(k, text, &value))
		return false;
	knobs_say(k, value, WEIR_SOURCE_ENVIRONMENT);
	return true;
}

static void complain(struct text option)
{
	static const char before[] = "weir: WEIR_OPTIONS: ignored: \"",
		after[] = "\"; accepted: policy=fixed|dynamic|auto, mmap_threshold=SIZE, mmap_max=NUMBER, "
			"trim_threshold=SIZE|-1, top_pad=SIZE (at most 1G), arena_max=NUMBER (at most 65536), "
			"attach=late|start|never, perturb=BYTE, mxfast=BYTES, tcache_count=NUMBER, "
			"tcache_max=BYTES; SIZE in bytes or with K, M, G\n";
	struct iovec line[] = {
		{ (void *)before, sizeof(before) - 1 },
		{ (void *)option.at, option.length },
		{ (void *)after, sizeof(after) - 1 },
	};

	if (writev(STDERR_FILENO, line, 3) < 0)
		return;	/* nobody is listening */
}

static void read_weir_options(const char *s)
{
	struct text rest = text_of(s), option, name, value;

	while (rest.length) {
		option = value = next_part(&rest, ',');
		name = next_part(&value, '=');
		if (option.length && (name.length == option.length || !set_option(name, value)))
			complain(option);
	}
}

static void read_glibc_tunables(const char *s)
{
	static const char prefix[] = "glibc.malloc.";
	struct text rest = text_of(s), name, value;

	while (rest.length) {
		value = next_part(&rest, ':');
		name = next_part(&value, '=');
		if (name.length < sizeof(prefix) || memcmp(name.at, prefix, sizeof(prefix) - 1) != 0)
			continue;
		name.at += sizeof(prefix) - 1;
		name.length -= sizeof(prefix) - 1;
		if (knob_index(name) != WEIR_KNOB_POLICY)
			set_option(name, value);
	}
}

static void read_glibc_variables(void)
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
			set_option(text_of(table[i].name), text_of(value));
	}
}

void options_init(void)
{
	int saved = errno;
	const char *s;
	struct knob_set set;

	if (getauxval(AT_SECURE))
		return;
	read_glibc_variables();
	s = getenv("GLIBC_TUNABLES");
	if (s)
		read_glibc_tunables(s);
	s = getenv("WEIR_OPTIONS");
	if (s)
		read_weir_options(s);
	knobs_own(&set);
	knobs_publish(&set);
	errno = saved;
}
