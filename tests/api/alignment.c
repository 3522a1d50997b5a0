// SPDX-License-Identifier: LGPL-2.1-or-later
/* Every function keeps its promise of alignment, at every power of two and size class. */
#include <malloc.h>

#include "kselftest_harness.h"
#include "process.h"

RUN_WITH_ENVIRONMENT("WEIR_OPTIONS", "policy=fixed")

static const size_t sizes[] = { 0, 1, 15, 16, 17, 24, 25, 1000, 1033, 4096, 40000, 131056, 131073, 300000 };
#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

/* All of it can be used, and neighbours do not overlap: fill now, look when it is freed. */
static void fill(void *p, size_t size)
{
	memset(p, (uintptr_t)p >> 4, size);
}

static bool is_own(const void *p, size_t size)
{
	return is_filled(p, (uintptr_t)p >> 4, size);
}

TEST(plain_functions_align_to_16)
{
	for (size_t size = 0; size < 3000; size++) {
		void *p = hide(malloc(size)), *q = hide(calloc(1, size)), *r;

		ASSERT_TRUE(p && q && is_aligned_to(p, 16) && is_aligned_to(q, 16));
		r = hide(realloc(p, size * 2 + 1));
		ASSERT_TRUE(r && is_aligned_to(r, 16));
		if (size % 3)
			free(r);
		if (size % 2)
			free(q);
	}
	for (size_t size = 3000; size < 4 * M; size += size / 5)
		ASSERT_TRUE(is_aligned_to(hide(malloc(size)), 16));
}

TEST(memalign_and_friends)
{
	for (size_t align = 1; align <= 64 * M; align *= 2)
		for (size_t i = 0; i < SIZES; i++) {
			void *p = hide(memalign(align, sizes[i])), *q = hide(aligned_alloc(align, sizes[i])), *r;

			ASSERT_TRUE(p && q && p != q);
			ASSERT_TRUE(is_aligned_to(p, align) && is_aligned_to(q, align));
			ASSERT_LE(sizes[i], malloc_usable_size(p));
			fill(p, malloc_usable_size(p));
			fill(q, malloc_usable_size(q));
			if (align >= sizeof(void *)) {
				ASSERT_EQ(0, posix_memalign(&r, align, sizes[i]));
				ASSERT_TRUE(is_aligned_to(r, align));
				fill(r, sizes[i]);
				ASSERT_TRUE(is_own(r, sizes[i]));
				free(r);
			}
			ASSERT_TRUE(is_own(p, malloc_usable_size(p)));
			ASSERT_TRUE(is_own(q, malloc_usable_size(q)));
			free(p);
			free(q);
		}
}

/* Many at a time, freed in another order, so that leads and rests are joined and cut again. */
TEST(many_aligned)
{
	enum { N = 400 };
	static void *p[N];
	static size_t size[N];
	unsigned int random = 1;

	for (int round = 0; round < 20000; round++) {
		size_t align, i;

		random = random * 1103515245 + 12345;
		i = random / 65536 % N;
		if (p[i])
			ASSERT_TRUE(is_own(p[i], size[i]));
		free(p[i]);
		align = (size_t)1 << random / 1024 % 14;
		size[i] = random / 16 % (random % 7 == 0 ? 50000 : 2000);
		p[i] = memalign(align, size[i]);
		ASSERT_TRUE(p[i] && is_aligned_to(p[i], align));
		fill(p[i], size[i]);
	}
	for (int i = 0; i < N; i++) {
		ASSERT_TRUE(!p[i] || is_own(p[i], size[i]));
		free(p[i]);
	}
	/* All joined again: what is free is the top, and what the thread has cached. */
	malloc_trim(0);
	EXPECT_EQ(1, mallinfo2().ordblks);
}

TEST(valloc_pvalloc)
{
	for (size_t i = 0; i < SIZES; i++) {
		void *p = hide(valloc(sizes[i])), *q = hide(pvalloc(sizes[i]));

		ASSERT_TRUE(is_aligned_to(p, PAGE) && is_aligned_to(q, PAGE));
		ASSERT_LE((sizes[i] + PAGE - 1) & -PAGE, malloc_usable_size(q));
		fill(p, malloc_usable_size(p));
		fill(q, malloc_usable_size(q));
		free(p);
		free(q);
	}
}

/* An aligned block mapped alone has no more pages around it than it needs. */
TEST(mapped_aligned)
{
	for (size_t align = 16; align <= 64 * M; align *= 2) {
		size_t before = mallinfo2().hblkhd;
		void *p = hide(memalign(align, 300000));

		ASSERT_EQ(1, mallinfo2().hblks);
		EXPECT_GE(300000 + 3 * PAGE, mallinfo2().hblkhd - before);
		free(p);
		ASSERT_EQ(0, mallinfo2().hblkhd);
	}
}

TEST_HARNESS_MAIN
