// SPDX-License-Identifier: LGPL-2.1-or-later
/* Writes into the top, the chunk that borders the end of the heap; and the heap's end itself. */
#include "misuse.h"

/* The first word behind the last block. */
static struct chunk *top(void)
{
	struct chunk *c = behind(hide(malloc(50000)));
	char *end = sbrk(0);

	while ((char *)next_chunk(c) < end)
		c = next_chunk(c);
	return hide(c);
}

static void use_it(void)
{
	hide(malloc(100 * K));
	/* More than it ever had. */
	hide(malloc(120 * K));
	hide(malloc(120 * K));
}

static void top_size(size_t size)
{
	top()->size = size;
	use_it();
}

static void huge(void) { top_size(-1); }
static void negative(void) { top_size((size_t)1 << 63 | 1); }
static void small(void) { top_size(0x21); }
static void shortened(void) { top_size(0xa01); }
static void one(void) { top_size(1); }
static void zero(void) { top_size(0); }
static void text(void) { top_size(0x4141414141414141); }
static void before_is_free(void) { top()->size &= ~PREV_INUSE; use_it(); }
static void longer(void) { top()->size += PAGE; use_it(); }
static void much_longer(void) { top()->size += M; use_it(); }

/* What comes of the last block's end being overrun. */
static void overrun(int byte, size_t length)
{
	struct chunk *t = top();

	memset(&t->size, byte, length);
	use_it();
}

static void nul_byte(void) { overrun(0, 1); }
static void text_byte(void) { overrun('A', 1); }
static void long_text(void) { overrun('A', 400); }
static void long_zeroes(void) { overrun(0, 400); }

/* Found out at a free: the block before the top joins it. */
static void then_freed(size_t size)
{
	void *p = hide(malloc(50000));

	behind(p)->size = size;
	free(p);
	use_it();
}

static void freed_huge(void) { then_freed(-1); }
static void freed_text(void) { then_freed(0x4141414141414141); }
static void freed_zero(void) { then_freed(0); }

static void then_resized(size_t size)
{
	void *p = hide(malloc(50000));

	behind(p)->size = size;
	hide(realloc(p, 100000));
	use_it();
}

static void resized_huge(void) { then_resized(-1); }
static void resized_text(void) { then_resized(0x4141414141414141); }
static void resized_zero(void) { then_resized(0); }

static void then_trimmed(size_t size)
{
	top()->size = size;
	malloc_trim(0);
	use_it();
}

static void trimmed_huge(void) { then_trimmed(-1); }
static void trimmed_text(void) { then_trimmed(0x4141414141414141); }

static void break_moved_back(void)
{
	hide(malloc(2000));
	sbrk(-4096);
	hide(malloc(120 * K));
	hide(malloc(120 * K));
}

static const struct misuse table[] = {
	{ "size -1", huge, "malloc(): corrupted top size" },
	{ "size negative", negative, "malloc(): corrupted top size" },
	{ "text", text, "malloc(): corrupted top size" },
	{ "size too small", small, "malloc(): corrupted top size" },
	{ "size 1", one, "malloc(): corrupted top size" },
	{ "size 0", zero, "malloc(): corrupted top size" },
	{ "shortened", shortened, "malloc(): corrupted top size" },
	{ "longer by a page", longer, "malloc(): break adjusted to free malloc space" },
	{ "longer by 1 MiB", much_longer, "malloc(): corrupted top size" },
	{ "says that the one before is free", before_is_free, "malloc(): corrupted top size" },
	{ "NUL", nul_byte, "malloc(): corrupted top size" },
	{ "\"A\"", text_byte, "malloc(): corrupted top size" },
	{ "long text", long_text, "malloc(): corrupted top size" },
	{ "long zeroes", long_zeroes, "malloc(): corrupted top size" },
	{ "size -1, then the block before freed", freed_huge, "free(): invalid next size (normal)" },
	{ "text, then the block before freed", freed_text, "free(): invalid next size (normal)" },
	{ "size 0, then the block before freed", freed_zero, "free(): double free or corruption (!prev)" },
	{ "size -1, then the block before grown", resized_huge, "realloc(): invalid next size" },
	{ "text, then the block before grown", resized_text, "realloc(): invalid next size" },
	{ "size 0, then the block before grown", resized_zero, "realloc(): invalid next size" },
	{ "size -1, then malloc_trim()", trimmed_huge, "malloc(): corrupted top size" },
	{ "text, then malloc_trim()", trimmed_text, "malloc(): corrupted top size" },
	{ "the break moved back by others", break_moved_back, "malloc(): break adjusted to free malloc space" },
};

MISUSE_MAIN("The top", table)
