// SPDX-License-Identifier: LGPL-2.1-or-later
/* checks.c - the heap as a whole, and what a forked child sees of it */
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "knobs.h"
#include "os.h"
#include "run.h"
#include "stress.h"

#define CHILD_CALLS	300
#define CHILD_SECONDS	120	/* it may hang, the machine may be busy */
/* In use though all was freed: what each arena needs, and the C library for itself and its threads. */
#define LEFT_AT_MOST	((size_t)16 << 10)
#define LEFT_BY_ARENA	((size_t)8 << 10)

void check_mine(const struct worker *w)
{
	char why[200];

	if (!heap_check(why, sizeof(why)))
		fail(w, why, NULL);
}

/* Thread-safe, but one moment's picture only while no other thread works. */
void check_statistics(const struct worker *w)
{
	struct mallinfo2 info = mallinfo2();

	if (info.arena != info.uordblks + info.fordblks || info.fsmblks > info.fordblks ||
	    info.keepcost > info.fordblks || info.hblkhd < info.hblks * 4096)
		fail(w, "mallinfo2 does not add up", NULL);
	if (options.threads == 1) {
		struct mallinfo2 again = mallinfo2();

		if (again.uordblks != info.uordblks || again.hblks != info.hblks || again.fordblks != info.fordblks)
			fail(w, "mallinfo2 is not the same twice", NULL);
	}
}

static int by_address(const void *a, const void *b)
{
	const void *const *x = a, *const *y = b;

	return *x < *y ? -1 : *x > *y;
}

struct used {
	void *block[MAX_USED];
	size_t n;
	size_t bytes;			/* asked for */
	size_t mapped, in_arenas;	/* blocks mapped alone; bytes of chunks of others */
};

static void use(struct used *u, const struct block *b)
{
	if (!b->mem)
		return;
	u->block[u->n++] = b->mem;
	u->bytes += b->size;
	if (piece_class(b->mem))
		u->in_arenas += block_usable(b->mem);
	else if (is_mmapped(mem2chunk(b->mem)))
		u->mapped++;
	else
		u->in_arenas += chunksize(mem2chunk(b->mem));
}

static void expect_apart(const struct worker *w, const struct used *u)
{
	const char *end = NULL;

	for (size_t i = 0; i < u->n; i++) {
		const char *mem = u->block[i];

		if (mem < end)
			fail(w, "blocks overlap", mem);
		end = mem + malloc_usable_size(u->block[i]);
	}
}

static size_t most_left(void)
{
	return LEFT_AT_MOST + arena_count() * LEFT_BY_ARENA;
}

void check_all(struct worker *workers, const struct worker *w)
{
	static struct used u;
	struct mallinfo2 info;
	size_t more;
	char why[200];

	u.n = u.bytes = u.mapped = u.in_arenas = 0;
	for (unsigned int i = 0; i < options.threads; i++)
		for (unsigned int j = 0; j < options.blocks; j++)
			use(&u, &workers[i].block[j]);
	for (unsigned int i = 0; i < SHARED; i++)
		use(&u, shared_block(i));
	if (!heap_check_quiet(why, sizeof(why), u.block, u.n))
		fail(w, why, NULL);
	qsort(u.block, u.n, sizeof(u.block[0]), by_address);
	expect_apart(w, &u);
	info = mallinfo2();
	if (info.uordblks < u.in_arenas || info.uordblks + info.hblkhd < u.bytes || info.hblks < u.mapped)
		fail(w, "mallinfo2 has less in use than we have", NULL);
	/* Pieces come with the head and the rest of their run, and cached chunks may be longer than their class. */
	more = chunks_only() && !options.turn_knobs ? 0 : (u.in_arenas + info.fsmblks) / 3;
	if (options.threads == 1 && info.uordblks > u.in_arenas + more + most_left())
		fail(w, "mallinfo2 has more in use than we have", NULL);
}

/* Of what was mapped alone nothing is mapped any more, though no count knows. */
static void expect_unmapped(const struct worker *w)
{
	static char line[512];
	struct weir_region region[2];
	unsigned long start, end;
	FILE *maps = fopen("/proc/self/maps", "r");

	if (!maps)
		fail(w, "no /proc/self/maps", NULL);
	os_regions(region);
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx", &start, &end) == 2 && start >= region[0].start && end <= region[0].end)
			fail(w, "mapped, and all was freed", (void *)start);
	fclose(maps);
}

void check_nothing_left(const struct worker *w)
{
	struct mallinfo2 info;
	char why[200];

	malloc_trim(0);
	if (!heap_check_quiet(why, sizeof(why), NULL, 0))
		fail(w, why, NULL);
	info = mallinfo2();
	if (info.hblks || info.hblkhd)
		fail(w, "mapped blocks left", NULL);
	expect_unmapped(w);
	if (info.uordblks > most_left()) {
		snprintf(why, sizeof(why), "%zu bytes in use, and all was freed", info.uordblks);
		fail(w, why, NULL);
	}
}

static void *work_in_child(void *worker)
{
	for (int i = 0; i < CHILD_CALLS; i++)
		operate(worker);
	return NULL;
}

/*
 * What the sanitizers cannot do: one knows no threads in the child of a process with threads, to the other the
 * stacks of those that are gone there are in use for ever, whatever is mapped in their place.
 */
#ifdef __SANITIZE_THREAD__
#define THREADS_IN_CHILD false
#else
#define THREADS_IN_CHILD true
#endif
#ifdef __SANITIZE_ADDRESS__
#define FORKS_WITH_THREADS false
#else
#define FORKS_WITH_THREADS true
#endif

static _Noreturn void be_child(struct worker *w)
{
	pthread_t thread;

	alarm(CHILD_SECONDS);
	w->child = true;
	work_in_child(w);
	if (THREADS_IN_CHILD && below(w, 4) == 0) {
		if (pthread_create(&thread, NULL, work_in_child, w) != 0)
			fail(w, "no thread in the child", NULL);
		pthread_join(thread, NULL);
	}
	for (unsigned int i = 0; i < options.blocks; i++)
		if (w->block[i].mem)
			release(w, &w->block[i]);
	check_mine(w);
	_exit(0);
}

void fork_and_work(struct worker *w)
{
	pid_t child;
	int status;
	char why[100];

	if (w->child || (!FORKS_WITH_THREADS && options.threads > 1))
		return;
	child = fork();
	if (child == 0)
		be_child(w);
	if (child < 0 || waitpid(child, &status, 0) != child)
		fail(w, "no child", NULL);
	if (status) {
		snprintf(why, sizeof(why), "the child's status is %#x", status);
		fail(w, why, NULL);
	}
}
