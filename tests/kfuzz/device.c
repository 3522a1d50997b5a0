// SPDX-License-Identifier: GPL-2.0
/*
 * Calls of the device and of its mappings, valid, nearly valid and random.
 */
#include <sys/syscall.h>

#include "kfuzz.h"

/* Sizes, counts and values at which something may change. */
uint64_t number(struct actor *a)
{
	static const uint64_t edges[] = {
		0, 1, 2, 3, 7, 8, 24, 4095, 4096, 4097, 65536, 131072, 1 << 20, 1 << 30, INT32_MAX,
		UINT32_MAX, 1ULL << 32, 1ULL << 46, (1ULL << 46) + 1, 1ULL << 47, (1ULL << 47) - 4096,
		INT64_MAX, 1ULL << 63, -1ULL, -2ULL, -4096ULL,
	};

	switch (below(a, 4)) {
	case 0: return random64(a);
	case 1: return random64(a) >> below(a, 64);
	default: return edges[below(a, sizeof(edges) / sizeof(edges[0]))];
	}
}

static int descriptor(struct actor *a)
{
	return a->fd[below(a, 4)];
}

static volatile struct weir_ctlpage *page(struct actor *a)
{
	return a->page[below(a, 4)];
}

union argument {
	struct weir_info info;
	struct weir_attach attach;
	struct weir_knobs knobs;
	struct weir_counters counters;
	struct weir_regions regions;
	uint32_t word[256];
	uint64_t quad[128];
};

static void fill_attach(struct actor *a, union argument *arg)
{
	static const char * const names[] = { "", "fuzz0", "fuzz1", "fuzz2", "none", "default", ".", "a/b" };

	strcpy(arg->attach.profile, names[below(a, sizeof(names) / sizeof(names[0]))]);
	if (below(a, 2))
		return;
	arg->attach.flags = WEIR_ATTACH_INHERIT;
	arg->attach.inherit = (unsigned long)page(a);
}

static void fill_knobs(struct actor *a, union argument *arg)
{
	int knob = below(a, WEIR_KNOB_NR);

	arg->knobs.flags = below(a, 2);
	if (below(a, 3))
		arg->knobs.set_mask = 1u << knob;
	else
		arg->knobs.default_mask = 1u << knob;
	arg->knobs.value[knob] = below(a, 2) ? below(a, 3) : number(a);
}

static void fill_regions(struct actor *a, union argument *arg)
{
	uint64_t at = (unsigned long)a->memory;
	uint32_t i;

	if (!below(a, 3))
		at = number(a) & ~4095ULL;
	arg->regions.nr = below(a, WEIR_REGION_SLOTS + 2);
	for (i = 0; i < arg->regions.nr && i < WEIR_REGION_SLOTS; i++) {
		arg->regions.region[i].start = at;
		at += 4096ULL << below(a, 4);
		arg->regions.region[i].end = at;
		arg->regions.region[i].kind = 1 + below(a, 2);
		at += 4096ULL * below(a, 3);
	}
}

static const struct {
	unsigned int cmd;
	void (*fill)(struct actor *a, union argument *arg);
} known[] = {
	{ WEIR_IOC_INFO, NULL },
	{ WEIR_IOC_ATTACH, fill_attach },
	{ WEIR_IOC_ATTACH, fill_attach },
	{ WEIR_IOC_GET_KNOBS, NULL },
	{ WEIR_IOC_SET_KNOBS, fill_knobs },
	{ WEIR_IOC_GET_COUNTERS, NULL },
	{ WEIR_IOC_SET_REGIONS, fill_regions },
};

/* A call that this program does not know, or one of those with another size or direction. */
static unsigned int unknown(struct actor *a, uint32_t *size)
{
	static const uint32_t directions[] = { _IOC_READ | _IOC_WRITE, _IOC_WRITE, _IOC_READ, _IOC_NONE };
	uint32_t nr = below(a, 8) ? below(a, 0x30) : below(a, 256);

	*size = below(a, 4) ? 8 * (1 + below(a, 64)) : below(a, sizeof(union argument));
	return _IOC(directions[below(a, below(a, 4) ? 2 : 4)], WEIR_IOC_MAGIC, nr, *size);
}

/* Some bits are not as they should be. */
static void spoil(struct actor *a, union argument *arg, uint32_t size)
{
	uint32_t n = 1 + below(a, 3);

	while (n-- && size >= 8) {
		if (below(a, 2))
			arg->word[below(a, size / 4)] ^= 1u << below(a, 32);
		else
			arg->quad[below(a, size / 8)] = number(a);
	}
}

static void *pointer(struct actor *a, union argument *arg)
{
	switch (below(a, 16)) {
	case 0: return (void *)number(a);
	case 1: return (void *)page(a);
	case 2: return a->memory + MEMORY - 8 * below(a, 64);	/* ends where the memory does */
	case 3: return a->memory + 4096 * below(a, 64);
	default: return arg;
	}
}

static void call_ioctl(struct actor *a)
{
	static __thread union argument arg;
	unsigned int cmd;
	uint32_t size, i;
	long ret;

	memset(&arg, 0, sizeof(arg));
	if (below(a, 4)) {
		i = below(a, sizeof(known) / sizeof(known[0]));
		cmd = known[i].cmd;
		size = _IOC_SIZE(cmd);
		if (known[i].fill)
			known[i].fill(a, &arg);
	} else {
		cmd = unknown(a, &size);
	}
	arg.word[0] = below(a, 32) ? size : number(a);
	if (!below(a, 3))
		spoil(a, &arg, size);
	ret = ioctl(descriptor(a), cmd, pointer(a, &arg));
	if (!ret && (cmd & 0xff) == (WEIR_IOC_ATTACH & 0xff))
		atomic_fetch_add(&shared->attaches, 1);
	called(ret);
}

static void call_open(struct actor *a)
{
	static const int modes[] = { O_RDWR, O_RDONLY, O_WRONLY, O_RDWR | O_NONBLOCK, O_PATH };
	int i = below(a, 4), fd = open(WEIR_DEVICE, modes[below(a, 5)] | O_CLOEXEC);

	called(fd);
	if (fd >= 0 && a->fd[i] >= 0)
		close(a->fd[i]);
	if (fd >= 0)
		a->fd[i] = fd;
}

static void call_close(struct actor *a)
{
	int i = below(a, 4);

	if (a->fd[i] < 0)
		return;
	called(close(a->fd[i]));
	a->fd[i] = -1;
}

static void call_mmap(struct actor *a)
{
	bool good = below(a, 4);
	int i = below(a, 4), flags = MAP_SHARED, prot = PROT_READ;
	size_t length = 4096;
	off_t offset = 0;
	void *where = NULL;

	if (!good) {
		prot = below(a, 8);
		flags = below(a, 3) ? MAP_SHARED : MAP_PRIVATE;
		length = below(a, 2) ? 4096 : 1 + below(a, 1 << 16);
		offset = below(a, 2) ? 0 : (off_t)(number(a) & 0x7ffffffff000);
	}
	/* Over the old one, but never over what lies behind it. */
	if (a->page[i] && length <= 4096 && below(a, 2)) {
		where = (void *)a->page[i];
		flags |= MAP_FIXED;
	}
	where = mmap(where, length, prot, flags, descriptor(a), offset);
	called(where == MAP_FAILED ? -1 : 0);
	if (where == MAP_FAILED) {
		/* What was there is gone, and the address may soon be somebody else's. */
		if (flags & MAP_FIXED)
			a->page[i] = NULL;
		return;
	}
	if (a->page[i] && a->page[i] != where)
		munmap((void *)a->page[i], 4096);
	if (length > 4096)
		munmap((char *)where + 4096, length - 4096);
	a->page[i] = where;
}

/* Reads and writes through a pipe: an address that is gone is an error, no signal. */
static void look(struct actor *a, volatile void *at)
{
	char byte[64];
	ssize_t n = write(a->pipe[1], (void *)at, sizeof(byte));

	called(n);
	if (n > 0 && read(a->pipe[0], below(a, 8) ? byte : (void *)at, n) < 0)
		n = read(a->pipe[0], byte, n);
}

static void call_mapping(struct actor *a)
{
	int i = below(a, 4);
	char *at = (char *)a->page[i];
	long ret;

	if (!at)
		return;
	switch (below(a, 9)) {
	case 0: ret = mprotect(at, 4096, below(a, 8)); break;
	case 1: ret = madvise(at, 4096, below(a, 26)); break;
	case 2: ret = mremap(at, 4096, 4096 << below(a, 2), below(a, 2) * MREMAP_MAYMOVE) == MAP_FAILED ? -1 : 0; break;
	case 3: ret = below(a, 2) ? mlock(at, 4096) : munlock(at, 4096); break;
	case 4: ret = msync(at, 4096, MS_SYNC); break;
	case 5: ret = syscall(SYS_remap_file_pages, at, 4096, 0, below(a, 4), 0); break;
	case 6:
		ret = munmap(at, 4096);
		a->page[i] = NULL;
		break;
	default:
		look(a, at + below(a, 4096 - 64));
		return;
	}
	called(ret);
}

static void call_faults(struct actor *a)
{
	unsigned long i = below(a, 64), n = 1 + below(a, 8);

	if (!below(a, 8)) {
		called(madvise(a->memory, MEMORY, MADV_DONTNEED));
		return;
	}
	for (; n-- && i < 64; i++)
		look(a, a->memory + 4096 * i);
}

void device_call(struct actor *a)
{
	switch (below(a, 12)) {
	case 0: call_open(a); break;
	case 1: call_close(a); break;
	case 2: case 3: call_mmap(a); break;
	case 4: case 5: call_mapping(a); break;
	case 6: call_faults(a); break;
	default: call_ioctl(a);
	}
}
