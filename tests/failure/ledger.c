// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ledger.h"

#include <malloc.h>

#include "check.h"
#include "process.h"
#include "unmap.h"
#include "work.h"

/* All that is mapped but the stack, which grows by itself. */
static size_t mapped_by_kernel(void)
{
	static char text[1 << 20];
	size_t have = 0, sum = 0;
	unsigned long start, end;
	char *line, *next;
	ssize_t n;
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);

	while (have < sizeof(text) - 1 && (n = read(fd, text + have, sizeof(text) - 1 - have)) > 0)
		have += n;
	close(fd);
	MUST(have > 0 && have < sizeof(text) - 1);
	text[have] = 0;
	for (line = text; *line; line = next) {
		next = strchr(line, '\n') + 1;
		start = strtoul(line, &line, 16);
		end = strtoul(line + 1, &line, 16);
		if (!memmem(line, next - line, "[stack]", 7))
			sum += end - start;
	}
	return sum;
}

void ledger_read(struct ledger *l)
{
	struct heap_sum sum;
	char why[200];

	malloc_trim(0);
	if (!heap_check_sum(why, sizeof(why), &sum))
		broken(__FILE__, __LINE__, why);
	MUST(unmap_waiting() == 0);
	*l = (struct ledger){
		.used_count = sum.used_count,
		.used_bytes = sum.used_bytes,
		.mapped_count = mallinfo2().hblks,
		.foreign = mapped_by_kernel() - sum.mapped,
		.pieces = sum.pieces,
		.resident = physical_memory(),
	};
}

void ledger_read_pristine(struct ledger *l)
{
	MUST(mallinfo2().arena == 0);
	*l = (struct ledger){ .foreign = mapped_by_kernel(), .resident = physical_memory() };
}

void ledger_compare(const struct ledger *before, const struct ledger *now)
{
	if (now->used_count != before->used_count || now->used_bytes != before->used_bytes ||
	    now->mapped_count != before->mapped_count || now->foreign != before->foreign)
		say("# before: %zu chunks, %zu bytes, %zu mapped chunks, %zu foreign bytes\n"
			"# now:    %zu chunks, %zu bytes, %zu mapped chunks, %zu foreign bytes\n",
			before->used_count, before->used_bytes, before->mapped_count, before->foreign,
			now->used_count, now->used_bytes, now->mapped_count, now->foreign);
	MUST(now->mapped_count == before->mapped_count);
	MUST(now->used_count == before->used_count);
	MUST(now->used_bytes == before->used_bytes);
	MUST(now->foreign == before->foreign);
}
