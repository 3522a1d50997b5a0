// SPDX-License-Identifier: LGPL-2.1-or-later
#include "inject.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct injection *_Atomic now;
static _Atomic unsigned long counted, failed;

void inject(const struct injection *injection)
{
	now = NULL;
	counted = failed = 0;
	now = injection;
}

unsigned long injected(void)
{
	return failed;
}

/* The same for the same seed, whoever is asked how often (splitmix64). */
static uint64_t random_of(uint64_t seed, uint64_t n)
{
	uint64_t z = seed * 0x9e3779b97f4a7c15UL + n * 0xd1342543de82ef95UL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9UL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebUL;
	return z ^ z >> 31;
}

/* For a preloaded layer: WEIR_INJECT="calls first length one_in seed always". */
static const struct injection *from_environment(void)
{
	static struct injection wanted;
	const char *text = getenv("WEIR_INJECT");

	if (!text || sscanf(text, "%u %lu %lu %lu %lu %u", &wanted.calls, &wanted.first, &wanted.length,
			    &wanted.one_in, &wanted.seed, &wanted.always) != 6)
		return NULL;
	return &wanted;
}

static bool is_hit(const struct injection *i, unsigned long n)
{
	if (i->one_in)
		return random_of(i->seed, n) % i->one_in == 0;
	return n >= i->first && n - i->first < i->length;
}

static bool fails(unsigned int call)
{
	static _Atomic bool asked;
	const struct injection *i;
	unsigned long n;
	bool yes;

	if (!asked && environ) {
		asked = true;
		i = from_environment();
		if (i)
			inject(i);
	}
	i = now;
	if (!i)
		return false;
	yes = i->always & call;
	if (i->calls & call) {
		n = atomic_fetch_add(&counted, 1) + 1;
		if (is_hit(i, n)) {
			yes = true;
			failed++;
		}
	}
	if (yes)
		errno = i->error ? i->error : ENOMEM;
	return yes;
}

void *mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset)
{
	return fails(MMAP) ? MAP_FAILED : (void *)syscall(SYS_mmap, at, size, prot, flags, fd, offset);
}

int munmap(void *start, size_t size)
{
	return fails(MUNMAP) ? -1 : syscall(SYS_munmap, start, size);
}

void *mremap(void *start, size_t size, size_t new_size, int flags, ...)
{
	void *at;
	va_list args;

	va_start(args, flags);
	at = flags & MREMAP_FIXED ? va_arg(args, void *) : NULL;
	va_end(args);
	return fails(MREMAP) ? MAP_FAILED : (void *)syscall(SYS_mremap, start, size, new_size, flags, at);
}

int madvise(void *start, size_t size, int advice)
{
	return fails(MADVISE) ? -1 : syscall(SYS_madvise, start, size, advice);
}

int mprotect(void *start, size_t size, int prot)
{
	return fails(MPROTECT) ? -1 : syscall(SYS_mprotect, start, size, prot);
}

void *sbrk(intptr_t increment)
{
	static char *kernel_break;
	char *old;

	if (fails(SBRK))
		return (void *)-1;
	if (!kernel_break)
		kernel_break = (char *)syscall(SYS_brk, 0);
	old = kernel_break;
	if (!increment)
		return old;
	kernel_break = (char *)syscall(SYS_brk, old + increment);
	if (kernel_break == old + increment)
		return old;
	errno = ENOMEM;
	return (void *)-1;
}
