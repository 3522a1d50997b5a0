// SPDX-License-Identifier: GPL-2.0
/*
 * The knobs: one table, one parser for sysfs and module parameters, one order of values.  Nothing
 * here takes a lock or looks at a record.
 */
#include <asm/barrier.h>
#include <linux/ctype.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/overflow.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "knobs.h"

const struct weir_knob_desc weir_knobs[WEIR_KNOB_NR] = {
	[WEIR_KNOB_POLICY] = {
		.name = "policy",
		.max = WEIR_POLICY_NR - 1,
		.builtin = WEIR_POLICY_BUILTIN,
		.unlimited = WEIR_KNOB_NO_UNLIMITED,
		.is_policy = true,
	},
	[WEIR_KNOB_MMAP_THRESHOLD] = {
		.name = "mmap_threshold",
		.max = WEIR_MMAP_THRESHOLD_MAX,
		.builtin = WEIR_MMAP_THRESHOLD_BUILTIN,
		.unlimited = WEIR_KNOB_NO_UNLIMITED,
		.is_size = true,
	},
	[WEIR_KNOB_MMAP_MAX] = {
		.name = "mmap_max",
		.max = WEIR_MMAP_MAX_MAX,
		.builtin = WEIR_MMAP_MAX_BUILTIN,
		.unlimited = WEIR_KNOB_NO_UNLIMITED,
	},
	[WEIR_KNOB_TRIM_THRESHOLD] = {
		.name = "trim_threshold",
		.min = WEIR_TRIM_THRESHOLD_MIN,
		.max = WEIR_TRIM_THRESHOLD_MAX,
		.builtin = WEIR_TRIM_THRESHOLD_BUILTIN,
		.unlimited = -1,
		.is_size = true,
	},
	[WEIR_KNOB_TOP_PAD] = {
		.name = "top_pad",
		.max = WEIR_TOP_PAD_MAX,
		.builtin = WEIR_TOP_PAD_BUILTIN,
		.unlimited = WEIR_KNOB_NO_UNLIMITED,
		.is_size = true,
	},
	[WEIR_KNOB_ARENA_MAX] = {
		.name = "arena_max",
		.max = WEIR_ARENA_MAX_MAX,
		.builtin = WEIR_ARENA_MAX_BUILTIN,
		.unlimited = 0,
	},
	[WEIR_KNOB_HUGETLB] = {
		.name = "hugetlb",
		.max = WEIR_HUGETLB_MAX,
		.builtin = WEIR_HUGETLB_BUILTIN,
		.unlimited = WEIR_KNOB_NO_UNLIMITED,
	},
};

static_assert(WEIR_KNOB_NR <= WEIR_KNOB_SLOTS);

static const char * const weir_policy_names[WEIR_POLICY_NR] = {
	[WEIR_POLICY_FIXED] = "fixed",
	[WEIR_POLICY_DYNAMIC] = "dynamic",
	[WEIR_POLICY_AUTO] = "auto",
};

static const char * const weir_source_names[WEIR_SOURCE_NR] = {
	[WEIR_SOURCE_BUILTIN] = "builtin",
	[WEIR_SOURCE_DEFAULT] = "default",
	[WEIR_SOURCE_PROFILE] = "profile",
	[WEIR_SOURCE_ENVIRONMENT] = "environment",
	[WEIR_SOURCE_SELF] = "self",
	[WEIR_SOURCE_SYSFS] = "sysfs",
	[WEIR_SOURCE_LIMIT] = "limit",
};

static int weir_policy_parse(const char *text, size_t len, s64 *value)
{
	int policy;

	for (policy = 0; policy < WEIR_POLICY_NR; policy++) {
		if (weir_text_is(text, len, weir_policy_names[policy])) {
			*value = policy;
			return 0;
		}
	}
	return -EINVAL;
}

/* The power of two that a suffix stands for, or -1. */
static int weir_suffix_shift(char suffix)
{
	switch (toupper(suffix)) {
	case 'K':
		return 10;
	case 'M':
		return 20;
	case 'G':
		return 30;
	default:
		return -1;
	}
}

/**
 * weir_number_parse() - read a number: an optional minus, digits, an optional suffix
 * @text: the text; need not be terminated, may contain any byte
 * @len: its length
 * @is_size: whether K, M or G may stand behind the digits
 * @value: where the number goes if 0 is returned
 *
 * Not kstrtoll(): that takes a plus and a base prefix, and reports an overflow before it has seen
 * junk behind the digits.
 *
 * Return: 0, -EINVAL for what is no number, -ERANGE for one that does not fit.
 */
int weir_number_parse(const char *text, size_t len, bool is_size, s64 *value)
{
	bool negative = len && *text == '-';
	bool overflow = false;
	int shift = 0;
	u64 number = 0;
	size_t i;

	if (negative) {
		text++;
		len--;
	}
	if (is_size && len && !isdigit(text[len - 1])) {
		shift = weir_suffix_shift(text[--len]);
		if (shift < 0)
			return -EINVAL;
	}
	if (!len)
		return -EINVAL;
	for (i = 0; i < len; i++) {
		if (!isdigit(text[i]))
			return -EINVAL;
		overflow |= check_mul_overflow(number, 10ULL, &number);
		overflow |= check_add_overflow(number, (u64)(text[i] - '0'), &number);
	}
	if (negative && !number && !overflow)
		return -EINVAL;
	overflow |= check_mul_overflow(number, 1ULL << shift, &number);
	if (overflow || number > S64_MAX)
		return -ERANGE;
	*value = negative ? -(s64)number : (s64)number;
	return 0;
}

/**
 * weir_knob_check() - whether a knob takes a value
 * @knob: enum weir_knob
 * @value: the value
 *
 * Return: 0 or -ERANGE.
 */
int weir_knob_check(unsigned int knob, s64 value)
{
	const struct weir_knob_desc *desc = &weir_knobs[knob];

	return value < desc->min || value > desc->max ? -ERANGE : 0;
}

/* The lowest and the highest value that a knob takes, in that order. */
s64 weir_knob_lowest(unsigned int knob)
{
	const struct weir_knob_desc *desc = &weir_knobs[knob];

	return desc->min == desc->unlimited ? desc->min + 1 : desc->min;
}

s64 weir_knob_highest(unsigned int knob)
{
	const struct weir_knob_desc *desc = &weir_knobs[knob];

	return desc->unlimited == WEIR_KNOB_NO_UNLIMITED ? desc->max : desc->unlimited;
}

/**
 * weir_knob_parse() - read a knob's value from text
 * @knob: enum weir_knob
 * @text: the text, which one newline may end; need not be terminated, may contain any byte
 * @len: its length
 * @value: where the value goes if 0 is returned
 *
 * Return: 0, %WEIR_KNOB_RESET for the word "default", -EINVAL for what is no value, -ERANGE for
 * a number that the knob does not take.
 */
int weir_knob_parse(unsigned int knob, const char *text, size_t len, s64 *value)
{
	const struct weir_knob_desc *desc = &weir_knobs[knob];
	s64 parsed;
	int ret;

	if (len && text[len - 1] == '\n')
		len--;
	if (len > WEIR_KNOB_TEXT_MAX)
		return -EINVAL;
	if (weir_text_is(text, len, "default"))
		return WEIR_KNOB_RESET;
	if (desc->is_policy)
		ret = weir_policy_parse(text, len, &parsed);
	else
		ret = weir_number_parse(text, len, desc->is_size, &parsed);
	if (!ret)
		ret = weir_knob_check(knob, parsed);
	if (!ret)
		*value = parsed;
	return ret;
}

/**
 * weir_knob_accepts() - say what a knob accepts, for a message
 * @knob: enum weir_knob
 * @buf: where the text goes
 * @size: room in @buf; WEIR_KNOB_ACCEPTS_LEN suffices
 */
void weir_knob_accepts(unsigned int knob, char *buf, size_t size)
{
	const struct weir_knob_desc *desc = &weir_knobs[knob];

	if (desc->is_policy)
		snprintf(buf, size, "fixed, dynamic, auto or default");
	else
		snprintf(buf, size, "%lld to %lld%s, or default", desc->min, desc->max,
			 desc->is_size ? " bytes, K, M and G understood" : "");
}

/* Print a value as a sysfs file shows it. */
int weir_knob_emit(unsigned int knob, s64 value, char *buf)
{
	if (weir_knobs[knob].is_policy)
		return sysfs_emit(buf, "%s\n", weir_policy_names[value]);
	return sysfs_emit(buf, "%lld\n", value);
}

const char *weir_source_name(u8 source)
{
	return weir_source_names[source];
}

void weir_knob_layer_write(struct weir_knob_layer *layer, unsigned int knob, s64 value, u8 source)
{
	WRITE_ONCE(layer->set.value[knob], value);
	WRITE_ONCE(layer->set.source[knob], source);
	/* Nobody sees the bit before the first value; pairs with weir_knob_layer_read(). */
	smp_store_release(&layer->mask, layer->mask | 1u << knob);
}

void weir_knob_layer_reset(struct weir_knob_layer *layer, unsigned int knob)
{
	WRITE_ONCE(layer->mask, layer->mask & ~(1u << knob));
}
