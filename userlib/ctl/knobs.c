// SPDX-License-Identifier: LGPL-2.1-or-later
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "knobs.h"
#include "units.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

const struct knob knob_table[WEIR_KNOB_NR] = {
	[WEIR_KNOB_POLICY] = {
		"policy", KNOB_POLICY, 0, WEIR_POLICY_NR - 1, WEIR_POLICY_BUILTIN,
		"when memory is mapped apart and given back",
	},
	[WEIR_KNOB_MMAP_THRESHOLD] = {
		"mmap_threshold", KNOB_SIZE, 0, WEIR_MMAP_THRESHOLD_MAX,
		WEIR_MMAP_THRESHOLD_BUILTIN,
		"requests of this many bytes or more are mapped alone",
	},
	[WEIR_KNOB_MMAP_MAX] = {
		"mmap_max", KNOB_COUNT, 0, WEIR_MMAP_MAX_MAX, WEIR_MMAP_MAX_BUILTIN,
		"at most this many chunks are mapped alone; 0 maps none",
	},
	[WEIR_KNOB_TRIM_THRESHOLD] = {
		"trim_threshold", KNOB_SIZE, WEIR_TRIM_THRESHOLD_MIN, WEIR_TRIM_THRESHOLD_MAX,
		WEIR_TRIM_THRESHOLD_BUILTIN,
		"the top of the heap is trimmed when larger; -1 never trims",
	},
	[WEIR_KNOB_TOP_PAD] = {
		"top_pad", KNOB_SIZE, 0, WEIR_TOP_PAD_MAX, WEIR_TOP_PAD_BUILTIN,
		"added when the heap grows, and kept by a trim",
	},
	[WEIR_KNOB_ARENA_MAX] = {
		"arena_max", KNOB_COUNT, 0, WEIR_ARENA_MAX_MAX, WEIR_ARENA_MAX_BUILTIN,
		"at most this many arenas; 0 chooses by the number of CPUs",
	},
	[WEIR_KNOB_HUGETLB] = {
		"hugetlb", KNOB_COUNT, 0, WEIR_HUGETLB_MAX, WEIR_HUGETLB_BUILTIN,
		"1 asks the kernel for transparent huge pages",
	},
};

/* enum weir_knob grows: a new knob must get its line above. */
_Static_assert(WEIR_KNOB_HUGETLB + 1 == WEIR_KNOB_NR, "a knob without a line in knob_table");

static const char *const policy_names[] = {
	[WEIR_POLICY_FIXED]	= "fixed",
	[WEIR_POLICY_DYNAMIC]	= "dynamic",
	[WEIR_POLICY_AUTO]	= "auto",
};
_Static_assert(ARRAY_SIZE(policy_names) == WEIR_POLICY_NR, "a policy without a name");

static const struct {
	const char *name;
	char letter;
} source_names[] = {
	[WEIR_SOURCE_BUILTIN]		= { "builtin", 'B' },
	[WEIR_SOURCE_DEFAULT]		= { "default", 'D' },
	[WEIR_SOURCE_PROFILE]		= { "profile", 'P' },
	[WEIR_SOURCE_ENVIRONMENT]	= { "environment", 'E' },
	[WEIR_SOURCE_SELF]		= { "self", 'S' },
	[WEIR_SOURCE_SYSFS]		= { "sysfs", 'W' },
	[WEIR_SOURCE_LIMIT]		= { "limit", 'L' },
};
_Static_assert(ARRAY_SIZE(source_names) == WEIR_SOURCE_NR, "a source without a name");

int knob_find(const char *name, size_t len)
{
	for (int i = 0; i < WEIR_KNOB_NR; i++)
		if (strlen(knob_table[i].name) == len && !memcmp(knob_table[i].name, name, len))
			return i;
	return -1;
}

int knob_parse(enum weir_knob knob, const char *text, long long *value)
{
	const struct knob *k = &knob_table[knob];
	long long v = -1;
	int err = 0;

	if (k->kind == KNOB_POLICY) {
		for (unsigned int i = 0; i < ARRAY_SIZE(policy_names); i++)
			if (!strcmp(text, policy_names[i]))
				v = i;
		err = v < 0 ? -EINVAL : 0;
	} else {
		err = units_parse(text, k->kind == KNOB_SIZE, &v);
		if (!err && (v < k->min || v > k->max))
			err = -ERANGE;
	}
	if (!err)
		*value = v;
	return err;
}

void knob_format_raw(enum weir_knob knob, long long value, char buf[KNOB_TEXT_MAX])
{
	if (knob_table[knob].kind == KNOB_POLICY)
		snprintf(buf, KNOB_TEXT_MAX, "%s", policy_names[value]);
	else
		snprintf(buf, KNOB_TEXT_MAX, "%lld", value);
}

void knob_format(enum weir_knob knob, long long value, char buf[KNOB_TEXT_MAX])
{
	char text[UNITS_TEXT_MAX];

	if (knob_table[knob].kind != KNOB_SIZE) {
		knob_format_raw(knob, value, buf);
		return;
	}
	units_format(value, text);
	snprintf(buf, KNOB_TEXT_MAX, "%s", text);
}

void knob_accepted(enum weir_knob knob, char buf[KNOB_TEXT_MAX])
{
	const struct knob *k = &knob_table[knob];
	char max[UNITS_TEXT_MAX];
	size_t len = 0;

	switch (k->kind) {
	case KNOB_POLICY:
		for (unsigned int i = 0; i < ARRAY_SIZE(policy_names); i++)
			len += snprintf(buf + len, KNOB_TEXT_MAX - len, "%s%s",
					!i ? "" : i + 1 < ARRAY_SIZE(policy_names) ? ", " : " or ",
					policy_names[i]);
		break;
	case KNOB_SIZE:
		units_format(k->max, max);
		snprintf(buf, KNOB_TEXT_MAX, "%sbytes, or with K, M or G, from 0 to %s",
			 k->min < 0 ? "-1, or " : "", max);
		break;
	case KNOB_COUNT:
		snprintf(buf, KNOB_TEXT_MAX, "a number from %lld to %lld", k->min, k->max);
		break;
	}
}

static char *knob_help(void)
{
	char accepted[KNOB_TEXT_MAX];
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	fprintf(f, "Knobs:\n\n");
	for (int i = 0; i < WEIR_KNOB_NR; i++) {
		knob_accepted(i, accepted);
		fprintf(f, "  %-15s %s\n  %-15s = %s\n", knob_table[i].name,
			knob_table[i].meaning, "", accepted);
	}
	fclose(f);
	return text;
}

char *knob_help_filter(int key, const char *text, void *input)
{
	(void)input;
	return key == ARGP_KEY_HELP_EXTRA ? knob_help() : (char *)text;
}

const char *knob_source_name(unsigned int source)
{
	return source < WEIR_SOURCE_NR ? source_names[source].name : NULL;
}

char knob_source_letter(unsigned int source)
{
	return source < WEIR_SOURCE_NR ? source_names[source].letter : '?';
}

int knob_source_find(const char *name)
{
	for (int i = 0; i < WEIR_SOURCE_NR; i++)
		if (!strcmp(name, source_names[i].name))
			return i;
	return -1;
}

void knob_say_unknown(const char *name, size_t len)
{
	char names[KNOB_TEXT_MAX * 2];
	size_t used = 0;

	for (int i = 0; i < WEIR_KNOB_NR; i++)
		used += snprintf(names + used, sizeof(names) - used, "%s%s", i ? ", " : "",
				 knob_table[i].name);
	ctl_error("no knob is called '%.*s'; there are %s", (int)len, name, names);
}
