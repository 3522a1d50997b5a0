/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* options.h - what the readers of the environment share: pieces of text, and what they set */
#ifndef WEIR_OPTIONS_H
#define WEIR_OPTIONS_H

#include <string.h>
#include "knobs.h"

/* A piece of the environment: not terminated. */
struct text {
	const char *at;
	size_t length;
};

static inline struct text text_of(const char *s)
{
	return (struct text){ s, strlen(s) };
}

static inline bool text_is(struct text t, const char *s)
{
	return strlen(s) == t.length && memcmp(t.at, s, t.length) == 0;
}

/* Cut t at the first separator; the part before it. */
static inline struct text text_next(struct text *t, char separator)
{
	const char *end = memchr(t->at, separator, t->length);
	struct text part = { t->at, end ? (size_t)(end - t->at) : t->length };

	t->at += part.length + (end != NULL);
	t->length -= part.length + (end != NULL);
	return part;
}

/* K, M or G behind a number is cut off; the power of two that it stands for, 0 without one. */
static inline unsigned int text_cut_unit(struct text *t)
{
	unsigned int shift = 0;

	if (t->length > 1) {
		switch (t->at[t->length - 1] | 0x20) {
		case 'k': shift = 10; break;
		case 'm': shift = 20; break;
		case 'g': shift = 30; break;
		}
		t->length -= shift != 0;
	}
	return shift;
}

/* options.c: -1 if no knob is called so. */
int option_knob(struct text name);
/* glibc's settings that are no knobs of ours. False: none is called so, or not with this value. */
bool option_set_other(struct text name, uint64_t value);
/* tunables.c: read MALLOC_*_, then GLIBC_TUNABLES. */
void tunables_read(void);

#endif
