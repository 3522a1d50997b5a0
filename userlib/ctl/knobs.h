/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weirctl: the knobs, their names, what they accept, and where a value comes from
 *
 * Everything is made from <linux/weir.h>; a knob added there fails to compile here until it has
 * its line in the table.
 */
#ifndef WEIR_CTL_KNOBS_H
#define WEIR_CTL_KNOBS_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/weir.h>

#define KNOB_TEXT_MAX	128

enum knob_kind {
	KNOB_POLICY,
	KNOB_SIZE,
	KNOB_COUNT,
};

struct knob {
	const char *name;
	enum knob_kind kind;
	long long min;
	long long max;
	long long builtin;
	const char *meaning;
};

extern const struct knob knob_table[WEIR_KNOB_NR];

/* The knob of this name, of @len characters, or -1. */
int knob_find(const char *name, size_t len);

/* Says that there is none of this name, and which there are. */
void knob_say_unknown(const char *name, size_t len);

/* Returns 0, -EINVAL for text that is no value of this knob, -ERANGE for one out of range. */
int knob_parse(enum weir_knob knob, const char *text, long long *value);

/* For people: 128K, auto. */
void knob_format(enum weir_knob knob, long long value, char buf[KNOB_TEXT_MAX]);

/* For the kernel and WEIR_OPTIONS: 131072, auto. */
void knob_format_raw(enum weir_knob knob, long long value, char buf[KNOB_TEXT_MAX]);

/* What the knob accepts, in words. */
void knob_accepted(enum weir_knob knob, char buf[KNOB_TEXT_MAX]);

/* An argp help filter that tells at the end each knob, what it means, what it accepts. */
char *knob_help_filter(int key, const char *text, void *input);

/* "builtin", "default", ...; NULL beyond the known ones. */
const char *knob_source_name(unsigned int source);
char knob_source_letter(unsigned int source);
/* The source of this name, or -1. */
int knob_source_find(const char *name);

#endif /* WEIR_CTL_KNOBS_H */
