// SPDX-License-Identifier: LGPL-2.1-or-later
/* Frees of what is free already. */
#include "misuse.h"

static void twice(void *p)
{
	free(p);
	free(hide(p));
}

/* Of a size that others hold blocks of, and not at the end of the heap. */
static void *one_of_many(size_t size)
{
	void *p;

	hide(malloc(size));
	p = hide(malloc(size));
	hide(malloc(size));
	return p;
}

static void free_others(size_t size, int n)
{
	void *others[1000];

	for (int i = 0; i < n; i++)
		others[i] = hide(malloc(size));
	for (int i = 0; i < n; i++)
		free(others[i]);
}

static void between(size_t size, int n)
{
	void *p = one_of_many(size), *others[1000];

	for (int i = 0; i < n; i++)
		others[i] = hide(malloc(size));
	free(p);
	for (int i = 0; i < n; i++)
		free(others[i]);
	free(hide(p));
}

/* glibc's thread cache holds seven. */
static void after_seven(size_t size, int others)
{
	void *p = one_of_many(size), *q = one_of_many(size);

	free_others(size, 7);
	free(p);
	if (others)
		free(q);
	free(hide(p));
}

static void at_once_0(void) { twice(one_of_many(0)); }
static void at_once_40(void) { twice(one_of_many(40)); }
static void at_once_1032(void) { twice(one_of_many(1032)); }
static void at_once_5000(void) { twice(one_of_many(5000)); }
static void at_once_50000(void) { twice(one_of_many(50000)); }
static void at_top_5000(void) { twice(hide(malloc(5000))); }
static void at_top_50000(void) { twice(hide(malloc(50000))); }
static void mapped(void) { twice(hide(malloc(300 * K))); }
static void aligned_40(void) { twice(hide(memalign(64, 40))); }
static void aligned_5000(void) { twice(hide(memalign(256, 5000))); }
static void aligned_mapped(void) { twice(hide(memalign(64 * K, 300 * K))); }

static void one_between_40(void) { between(40, 1); }
static void one_between_1032(void) { between(1032, 1); }
static void one_between_5000(void) { between(5000, 1); }
static void one_between_50000(void) { between(50000, 1); }
static void hundred_between(void) { between(40, 100); }
static void thousand_between(void) { between(40, 1000); }
static void hundred_between_1032(void) { between(1032, 100); }

static void after_seven_40(void) { after_seven(40, 0); }
static void after_seven_200(void) { after_seven(200, 0); }
static void after_seven_and_one_40(void) { after_seven(40, 1); }
static void after_seven_and_one_200(void) { after_seven(200, 1); }

static void trim_between(size_t size)
{
	void *p = one_of_many(size);

	free(p);
	malloc_trim(0);
	free(hide(p));
}

static void trim_between_40(void) { trim_between(40); }
static void trim_between_1032(void) { trim_between(1032); }
static void trim_between_5000(void) { trim_between(5000); }

static void large_free_between(size_t size)
{
	void *p = one_of_many(size), *large = hide(malloc(100 * K));

	free(p);
	free(large);
	free(hide(p));
}

static void large_free_between_40(void) { large_free_between(40); }
static void large_free_between_1032(void) { large_free_between(1032); }

/* The block in the middle of three; those whose bits are set are free when it is freed. */
static void joined(size_t size, int free_ones)
{
	void *a, *b, *c;

	hide(malloc(2000));
	a = hide(malloc(size));
	b = hide(malloc(size));
	c = guarded(size);
	if (free_ones & 1)
		free(a);
	if (free_ones & 2)
		free(c);
	twice(b);
}

static void joined_before_5000(void) { joined(5000, 1); }
static void joined_behind_5000(void) { joined(5000, 2); }
static void joined_both_5000(void) { joined(5000, 3); }
static void joined_before_50000(void) { joined(50000, 1); }
static void joined_behind_50000(void) { joined(50000, 2); }
static void joined_both_50000(void) { joined(50000, 3); }

/* Free for a while, then swallowed by the one before it. */
static void swallowed(size_t size)
{
	void *a = hide(malloc(size)), *b = guarded(size);

	free(b);
	free(a);
	free(hide(b));
}

static void swallowed_5000(void) { swallowed(5000); }
static void swallowed_50000(void) { swallowed(50000); }

static void sorted(size_t size)
{
	void *p = one_of_many(size);

	free(p);
	hide(malloc(110 * K));	/* sorts it into its bin */
	free(hide(p));
}

static void sorted_5000(void) { sorted(5000); }
static void sorted_50000(void) { sorted(50000); }

/* It has a new owner by then, who frees it too. */
static void by_both_owners(size_t size)
{
	void *p = one_of_many(size), *q;

	free(p);
	for (int i = 0; (q = hide(malloc(size))) != p; i++)
		if (i == 1000)
			misuse_ends("not the same block");
	free(hide(p));
	free(q);
}

static void by_both_owners_40(void) { by_both_owners(40); }
static void by_both_owners_5000(void) { by_both_owners(5000); }
static void by_both_owners_50000(void) { by_both_owners(50000); }

static const struct misuse table[] = {
	{ "at once, 0 bytes", at_once_0, DOUBLE_FREE },
	{ "at once, 40 bytes", at_once_40, DOUBLE_FREE },
	{ "at once, 1032 bytes", at_once_1032, DOUBLE_FREE },
	{ "at once, 5000 bytes", at_once_5000, DOUBLE_FREE },
	{ "at once, 50000 bytes", at_once_50000, DOUBLE_FREE },
	{ "at once, 5000 bytes before the top", at_top_5000, DOUBLE_FREE },
	{ "at once, 50000 bytes before the top", at_top_50000, DOUBLE_FREE },
	{ "at once, 300 KiB mapped alone", mapped, SEGFAULT },
	{ "at once, 40 bytes aligned to 64", aligned_40, DOUBLE_FREE_JOINED },
	{ "at once, 5000 bytes aligned to 256", aligned_5000, DOUBLE_FREE_JOINED },
	{ "at once, 300 KiB aligned to 64 KiB", aligned_mapped, SEGFAULT },
	{ "one free between, 40 bytes", one_between_40, DOUBLE_FREE },
	{ "one free between, 1032 bytes", one_between_1032, DOUBLE_FREE },
	{ "one free between, 5000 bytes", one_between_5000, DOUBLE_FREE },
	{ "one free between, 50000 bytes", one_between_50000, DOUBLE_FREE },
	{ "100 frees between, 40 bytes", hundred_between, DOUBLE_FREE },
	{ "1000 frees between, 40 bytes", thousand_between, DOUBLE_FREE },
	{ "100 frees between, 1032 bytes", hundred_between_1032, DOUBLE_FREE },
	{ "after 7 frees, 40 bytes", after_seven_40, DOUBLE_FREE },
	{ "after 7 frees, 200 bytes", after_seven_200, DOUBLE_FREE },
	{ "after 7 frees and one between, 40 bytes", after_seven_and_one_40, DOUBLE_FREE },
	{ "after 7 frees and one between, 200 bytes", after_seven_and_one_200, DOUBLE_FREE },
	{ "malloc_trim() between, 40 bytes", trim_between_40, DOUBLE_FREE },
	{ "malloc_trim() between, 1032 bytes", trim_between_1032, DOUBLE_FREE },
	{ "malloc_trim() between, 5000 bytes", trim_between_5000, DOUBLE_FREE },
	{ "a large free between, 40 bytes", large_free_between_40, DOUBLE_FREE },
	{ "a large free between, 1032 bytes", large_free_between_1032, DOUBLE_FREE },
	{ "joined the free one before, 5000 bytes", joined_before_5000, DOUBLE_FREE },
	{ "joined the free one behind, 5000 bytes", joined_behind_5000, DOUBLE_FREE },
	{ "joined those on both sides, 5000 bytes", joined_both_5000, DOUBLE_FREE_JOINED },
	{ "joined the free one before, 50000 bytes", joined_before_50000, DOUBLE_FREE },
	{ "joined the free one behind, 50000 bytes", joined_behind_50000, DOUBLE_FREE },
	{ "joined those on both sides, 50000 bytes", joined_both_50000, DOUBLE_FREE_JOINED },
	{ "swallowed by the one before, 5000 bytes", swallowed_5000, DOUBLE_FREE },
	{ "swallowed by the one before, 50000 bytes", swallowed_50000, DOUBLE_FREE },
	{ "sorted into a bin, 5000 bytes", sorted_5000, DOUBLE_FREE },
	{ "sorted into a bin, 50000 bytes", sorted_50000, DOUBLE_FREE },
	{ "given out again and freed by both, 40 bytes", by_both_owners_40, DOUBLE_FREE },
	{ "given out again and freed by both, 5000 bytes", by_both_owners_5000, DOUBLE_FREE },
	{ "given out again and freed by both, 50000 bytes", by_both_owners_50000, DOUBLE_FREE },
};

MISUSE_MAIN("Double frees", table)
