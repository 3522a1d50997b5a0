// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Record a process's calls of malloc and its relatives, preloaded into it; trace.h has the format.
 *
 *   BENCH_TRACE         the file to write; must not exist, so that of several processes one is recorded
 *   BENCH_TRACE_COMM    record only a program of this name
 *   BENCH_TRACE_EVENTS  stop after this many (5000000)
 *
 * The file is mapped and written in place, so that it is whole however the process ends.  One lock
 * puts all events into one order.  A block enters the books after it was allocated and leaves them
 * before it is freed: while it is in them nobody else can be given its address.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "trace.h"

/* glibc's own, under the names that nobody interposes. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *block);

#define HEADS (1u << 20)
#define SLOTS (1u << 24)

struct slot {
	void *block;
	uint32_t next;		/* of those with the same hash, or of the free ones; 0 ends a list */
	uint32_t turn;
};

struct books {
	struct trace_header *header;
	struct trace_chapter *chapters;
	struct trace_chapter *open[TRACE_THREADS];	/* the one a thread writes to */
	uint32_t free[TRACE_THREADS];			/* slots that the thread has freed */
	uint64_t limit;
	uint32_t head[HEADS];
	struct slot slot[SLOTS];			/* the first is not used */
};

/* Zero in a forked child, however it was forked: the child is not recorded. */
static volatile bool *recording = &(bool){ false };
static struct books *books;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint32_t threads;
static __thread uint32_t me __attribute__((tls_model("initial-exec")));	/* number + 1 */
static size_t (*usable_size)(void *block);

static uint32_t *head_of(const void *block)
{
	return &books->head[((uintptr_t)block >> 4) * 0x9e3779b97f4a7c15 >> 44];
}

static uint32_t thread_number(void)
{
	if (!me) {
		me = threads++ % TRACE_THREADS + 1;
		if (threads <= TRACE_THREADS)
			books->header->threads = threads;
	}
	return me - 1;
}

static struct trace_event *new_event(void)
{
	uint32_t thread = thread_number();
	struct trace_chapter *c = books->open[thread];

	if (!c || c->events == TRACE_CHAPTER) {
		c = &books->chapters[books->header->chapters++];
		c->thread = thread;
		books->open[thread] = c;
	}
	if (++books->header->events == books->limit)
		*recording = false;
	return &c->event[c->events++];
}

static void note(uint32_t slot, enum trace_call call, size_t alignment, size_t size)
{
	*new_event() = (struct trace_event){
		.slot = slot, .turn = books->slot[slot].turn++, .call = call,
		.alignment = alignment ? __builtin_ctzl(alignment) : 0, .size = size,
	};
}

static uint32_t new_slot(void)
{
	uint32_t *free_slots = &books->free[thread_number()], slot = *free_slots;

	if (!slot)
		return ++books->header->slots;
	*free_slots = books->slot[slot].next;
	return slot;
}

static void link_slot(uint32_t slot, void *block)
{
	uint32_t *head = head_of(block);

	books->slot[slot].block = block;
	books->slot[slot].next = *head;
	*head = slot;
}

/* 0: the block is older than the recording. */
static uint32_t unlink_slot(const void *block)
{
	uint32_t *link = head_of(block), slot;

	for (; (slot = *link); link = &books->slot[slot].next)
		if (books->slot[slot].block == block) {
			*link = books->slot[slot].next;
			break;
		}
	return slot;
}

static void *allocated(void *block, enum trace_call call, size_t alignment, size_t size)
{
	uint32_t slot;

	if (!block || !*recording)
		return block;
	pthread_mutex_lock(&lock);
	if (*recording && books->header->slots < SLOTS - 1) {
		slot = new_slot();
		link_slot(slot, block);
		note(slot, call, alignment, size);
	}
	pthread_mutex_unlock(&lock);
	return block;
}

static void freed(void *block)
{
	uint32_t slot, *free_slots;

	if (!block || !*recording)
		return;
	pthread_mutex_lock(&lock);
	slot = *recording ? unlink_slot(block) : 0;
	if (slot) {
		note(slot, TRACE_FREE, 0, 0);
		free_slots = &books->free[thread_number()];
		books->slot[slot].next = *free_slots;
		*free_slots = slot;
	}
	pthread_mutex_unlock(&lock);
}

void *malloc(size_t size)
{
	return allocated(__libc_malloc(size), TRACE_MALLOC, 0, size);
}

void *calloc(size_t n, size_t size)
{
	return allocated(__libc_calloc(n, size), TRACE_CALLOC, 0, n * size);
}

void free(void *block)
{
	int saved = errno;

	freed(block);
	__libc_free(block);
	errno = saved;
}

/* The lock is held across the call: it frees the old address before the books say so. */
static void *moved(void *block, size_t size)
{
	uint32_t slot;
	void *new;

	pthread_mutex_lock(&lock);
	new = __libc_realloc(block, size);
	slot = new && *recording ? unlink_slot(block) : 0;
	if (slot) {
		link_slot(slot, new);
		note(slot, TRACE_REALLOC, 0, size);
	}
	pthread_mutex_unlock(&lock);
	return slot ? new : allocated(new, TRACE_MALLOC, 0, size);
}

void *realloc(void *block, size_t size)
{
	if (!block)
		return malloc(size);
	if (!size)
		freed(block);
	if (!size || !*recording)
		return __libc_realloc(block, size);
	return moved(block, size);
}

void *reallocarray(void *block, size_t n, size_t size)
{
	if (__builtin_mul_overflow(n, size, &size)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(block, size);
}

void *memalign(size_t alignment, size_t size)
{
	return allocated(__libc_memalign(alignment, size), TRACE_MEMALIGN, alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return memalign(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size)
{
	int saved = errno;
	void *new;

	if (alignment % sizeof(void *) || !alignment || alignment & (alignment - 1))
		return EINVAL;
	new = memalign(alignment, size);
	errno = saved;
	if (!new)
		return ENOMEM;
	*block = new;
	return 0;
}

void *valloc(size_t size)
{
	return memalign(getpagesize(), size);
}

void *pvalloc(size_t size)
{
	return memalign(getpagesize(), (size + getpagesize() - 1) & -(size_t)getpagesize());
}

/* A program that is linked to another allocator would ask that one. */
size_t malloc_usable_size(void *block)
{
	return block && usable_size ? usable_size(block) : 0;
}

static void *mapped(size_t size, int flags, int fd)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, flags | MAP_NORESERVE, fd, 0);

	return p == MAP_FAILED ? NULL : p;
}

static bool open_books(const char *path)
{
	const char *events = getenv("BENCH_TRACE_EVENTS");
	uint64_t limit = events ? strtoull(events, NULL, 10) : 5000000;
	/* Each thread leaves one chapter that is not full. */
	uint64_t chapters = limit / TRACE_CHAPTER + 1 + TRACE_THREADS;
	off_t size = TRACE_HEADER + chapters * sizeof(struct trace_chapter);
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

	if (fd < 0)
		return false;
	books = mapped(sizeof(*books), MAP_PRIVATE | MAP_ANONYMOUS, -1);
	if (books && limit && !ftruncate(fd, size))
		books->header = mapped(size, MAP_SHARED, fd);
	close(fd);
	if (!books || !books->header)
		return false;
	books->limit = limit;
	books->chapters = (void *)((char *)books->header + TRACE_HEADER);
	memcpy(books->header->magic, TRACE_MAGIC, sizeof(TRACE_MAGIC));
	return true;
}

static void __attribute__((constructor)) start(void)
{
	const char *path = getenv("BENCH_TRACE"), *comm = getenv("BENCH_TRACE_COMM");
	void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
	volatile bool *flag;

	if (libc)
		*(void **)&usable_size = dlsym(libc, "malloc_usable_size");
	if (!path || (comm && strcmp(comm, program_invocation_short_name)))
		return;
	flag = mapped(getpagesize(), MAP_PRIVATE | MAP_ANONYMOUS, -1);
	if (!flag || madvise((void *)flag, getpagesize(), MADV_WIPEONFORK) || !open_books(path))
		return;
	recording = flag;
	*recording = true;
}
