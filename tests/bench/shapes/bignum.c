// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Exact arithmetic: every result is a new number in a block of its own, most die at the next step.
 * Computes factorials and the partial sums of their reciprocals' numerators.
 */
#include "shape.h"

SHAPE(bignum, "arithmetic on numbers of 4 to 800 bytes, a new block for every result");

struct number {
	uint32_t digits;
	uint32_t digit[];
};

static struct number *number(uint32_t digits)
{
	struct number *n = take(sizeof(*n) + digits * sizeof(*n->digit));

	n->digits = digits;
	return n;
}

static struct number *multiplied(const struct number *a, uint32_t by)
{
	struct number *n = number(a->digits + 1);
	uint64_t carry = 0;
	uint32_t i;

	for (i = 0; i < a->digits; i++) {
		carry += (uint64_t)a->digit[i] * by;
		n->digit[i] = carry;
		carry >>= 32;
	}
	n->digit[i] = carry;
	n->digits -= !carry;
	return n;
}

static struct number *sum(const struct number *a, const struct number *b)
{
	const struct number *longer = a->digits < b->digits ? b : a;
	const struct number *shorter = longer == a ? b : a;
	struct number *n = number(longer->digits + 1);
	uint64_t carry = 0;
	uint32_t i;

	for (i = 0; i < longer->digits; i++) {
		carry += (uint64_t)longer->digit[i] + (i < shorter->digits ? shorter->digit[i] : 0);
		n->digit[i] = carry;
		carry >>= 32;
	}
	n->digit[i] = carry;
	n->digits -= !carry;
	return n;
}

static void replace(struct number **n, struct number *by)
{
	free(*n);
	*n = by;
}

static void series(uint32_t upto)
{
	struct number *factorial = number(1), *total = number(1), *term;
	uint32_t i;

	factorial->digit[0] = total->digit[0] = 1;
	for (i = 2; i < upto; i++) {
		replace(&factorial, multiplied(factorial, i));
		term = multiplied(total, i);
		replace(&total, sum(term, factorial));
		free(term);
	}
	free(factorial);
	free(total);
}

static void compute(unsigned int i)
{
	long n;

	(void)i;
	for (n = times(8000); n; n--)
		series(8 + n % 512);
}

static void run(unsigned int threads)
{
	parallel(threads, compute);
}
