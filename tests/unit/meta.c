// SPDX-License-Identifier: LGPL-2.1-or-later
/* Memory for the allocator's own structures where there is none, for a while. */
#include <errno.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"
#include "meta.h"
#include "process.h"

static bool refuse;

/* Stands before the C library's: the library calls this one. */
void *mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset)
{
	if (!refuse)
		return (void *)syscall(SYS_mmap, at, size, prot, flags, fd, offset);
	errno = ENOMEM;
	return MAP_FAILED;
}

TEST(aligned_and_zero)
{
	for (size_t size = 1; size < 20000; size *= 3) {
		void *p = meta_alloc(size);

		ASSERT_NE(NULL, p);
		EXPECT_TRUE(is_aligned_to(p, 64));
		EXPECT_TRUE(is_filled(p, 0, size));
		memset(p, 1, size);
	}
}

/* What there was is not forgotten when there is no more. */
TEST(refused)
{
	char *p = meta_alloc(160 * K);
	size_t mapped = meta_mapped;

	ASSERT_NE(NULL, p);
	refuse = true;
	EXPECT_EQ(NULL, meta_alloc(160 * K));
	EXPECT_EQ(p + 160 * K, meta_alloc(10 * K));
	refuse = false;
	EXPECT_EQ(p + 170 * K, meta_alloc(10 * K));
	EXPECT_EQ(mapped, meta_mapped);
	EXPECT_NE(NULL, meta_alloc(160 * K));
	EXPECT_LT(mapped, meta_mapped);
}

TEST_HARNESS_MAIN
