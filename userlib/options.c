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
#include <sys/auxv.h>
#include <sys/uio.h>
#include <unistd.h>

#include "internal.h"
#include "klink.h"
#include "options.h"

static const char *const policy_names[WEIR_POLICY_NR] = { "fixed", "dynamic", "auto" };
static const char *const attach_names[] = {
	[KLINK_LATE] = "late", [KLINK_START] = "start", [KLINK_NEVER] = "never",
};

/* The first thread may have a cache by now, if a constructor before ours has allocated. */
static bool cache_said;

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
	unsigned int shift;
	int64_t n = 0;

	if (text_is(t, "-1")) {
		*value = -1;
		return true;
	}
	shift = units ? text_cut_unit(&t) : 0;
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

int option_knob(struct text name)
{
	for (int k = 0; k < WEIR_KNOB_NR; k++)
		if (text_is(name, knob_table[k].name))
			return k;
	return -1;
}

bool option_set_other(struct text name, uint64_t value)
{
	if (text_is(name, "mxfast"))
		return set_mxfast(value);
	cache_said = true;
	if (text_is(name, "perturb"))
		return set_perturb_byte(value);
	if (text_is(name, "tcache_count"))
		return set_tcache_count(value);
	if (text_is(name, "tcache_max"))
		return set_tcache_max(value);
	return false;
}

/* As the module takes it: see struct weir_attach. */
static bool set_profile(struct text t)
{
	static const char accepted[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

	if (!t.length || t.length >= WEIR_PROFILE_NAME_LEN || t.at[0] == '.' || text_is(t, "create") ||
	    text_is(t, "remove"))
		return false;
	for (size_t i = 0; i < t.length; i++)
		if (!memchr(accepted, t.at[i], sizeof(accepted) - 1))
			return false;
	klink_set_profile(t.at, t.length);
	return true;
}

static bool set_option(struct text name, struct text text)
{
	int k = option_knob(name), word;
	int64_t value;

	if (text_is(name, "attach")) {
		word = word_index(text, attach_names, sizeof(attach_names) / sizeof(attach_names[0]));
		if (word >= 0)
			klink_set_mode(word);
		return word >= 0;
	}
	if (text_is(name, "profile"))
		return set_profile(text);
	if (k < 0)
		return parse_number(text, false, &value) && value >= 0 && option_set_other(name, value);
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
			"hugetlb=0|1 (not 2: nothing is taken from the pool of reserved huge pages), "
			"attach=late|start|never, profile=NAME|none|default (at most 31 of A-Z a-z 0-9 . _ -, no dot in front), "
			"perturb=BYTE, mxfast=BYTES, tcache_count=NUMBER, "
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
		option = value = text_next(&rest, ',');
		name = text_next(&value, '=');
		if (option.length && (name.length == option.length || !set_option(name, value)))
			complain(option);
	}
}

void options_init(void)
{
	int saved = errno;
	const char *s;
	struct knob_set set;

	if (getauxval(AT_SECURE))
		return;
	tunables_read();
	s = getenv("WEIR_OPTIONS");
	if (s)
		read_weir_options(s);
	knobs_own(&set);
	knobs_publish(&set);
	if (cache_said)
		apply_cache_settings();
	errno = saved;
}
