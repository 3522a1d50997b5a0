/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The knobs: what they are called, what they accept, and which layer has the last word.
 */
#ifndef _WEIR_KNOBS_H
#define _WEIR_KNOBS_H

#include <asm/barrier.h>
#include <linux/compiler.h>
#include <linux/limits.h>
#include <linux/string.h>
#include <linux/types.h>
#include <linux/weir.h>

#define WEIR_KNOB_MASK	((1u << WEIR_KNOB_NR) - 1)

/* Longer text than any value needs, even one far out of range, is no number. */
#define WEIR_KNOB_TEXT_MAX	32

/* Longest text that weir_knob_accepts() writes, its NUL included. */
#define WEIR_KNOB_ACCEPTS_LEN	96

struct weir_knob_desc {
	const char *name;
	s64 min;
	s64 max;
	s64 builtin;
	s64 unlimited;		/* a value above all others, or WEIR_KNOB_NO_UNLIMITED */
	bool is_size;		/* takes a K, M or G */
	bool is_policy;		/* a word, not a number */
};

#define WEIR_KNOB_NO_UNLIMITED	S64_MIN

extern const struct weir_knob_desc weir_knobs[WEIR_KNOB_NR];

/*
 * Where a value stands in the order by which limits go: by number, but for the value that stands
 * for "no end": -1 of trim_threshold and 0 of arena_max are above all others.  Policies go from
 * fixed to dynamic to auto.
 */
static inline s64 weir_knob_rank(unsigned int knob, s64 value)
{
	return value == weir_knobs[knob].unlimited ? S64_MAX : value;
}

/* A value for every knob, and where each comes from. */
struct weir_knob_set {
	s64 value[WEIR_KNOB_NR];
	u8 source[WEIR_KNOB_NR];
};

/*
 * A layer: only the knobs in @mask say something.  One writer at a time; whoever reads meanwhile
 * reads @mask first.
 */
struct weir_knob_layer {
	u32 mask;
	struct weir_knob_set set;
};

/* weir_knob_parse() has read "default". */
#define WEIR_KNOB_RESET	1

static inline bool weir_text_is(const char *text, size_t len, const char *word)
{
	return len == strlen(word) && !memcmp(text, word, len);
}

int weir_knob_parse(unsigned int knob, const char *text, size_t len, s64 *value);
int weir_knob_check(unsigned int knob, s64 value);
s64 weir_knob_lowest(unsigned int knob);
s64 weir_knob_highest(unsigned int knob);
int weir_number_parse(const char *text, size_t len, bool is_size, s64 *value);
void weir_knob_accepts(unsigned int knob, char *buf, size_t size);
int weir_knob_emit(unsigned int knob, s64 value, char *buf);
const char *weir_source_name(u8 source);

void weir_knob_layer_write(struct weir_knob_layer *layer, unsigned int knob, s64 value, u8 source);
void weir_knob_layer_reset(struct weir_knob_layer *layer, unsigned int knob);

/* Whether a layer, which may be NULL, says something of a knob, and then what. */
static inline bool weir_knob_layer_read(const struct weir_knob_layer *layer, unsigned int knob,
					s64 *value, u8 *source)
{
	/* Pairs with weir_knob_layer_write(). */
	if (!layer || !(smp_load_acquire(&layer->mask) & 1u << knob))
		return false;
	*value = READ_ONCE(layer->set.value[knob]);
	*source = READ_ONCE(layer->set.source[knob]);
	return true;
}

#endif /* _WEIR_KNOBS_H */
