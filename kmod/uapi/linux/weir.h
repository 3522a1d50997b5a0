/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * <linux/weir.h> - the interface between weir.ko and the processes that use it
 *
 * A process opens /dev/weir, calls WEIR_IOC_ATTACH, maps one page of the file read-only and
 * closes the descriptor.  The mapping holds the attachment: it ends with munmap, exec, exit or
 * SIGKILL.  Every other call works through any descriptor of /dev/weir and concerns the caller's
 * own address space, so none needs to stay open.
 *
 * How it grows: structures grow at their end only and carry their size; new behaviour gets a
 * feature bit (enum weir_feature), never a version number.  A bit that the module does not know,
 * and padding that is not zero, is refused with EINVAL.  A caller may pass a structure longer
 * than the module's if the excess is zero, and a shorter one down to the first published size.
 *
 * Threads and signals: each call is one ioctl(2), safe from any thread and in a signal handler.
 * Layout: fixed-width members, 64-bit ones aligned to 8, so that a 32-bit program on a 64-bit
 * kernel uses the same bytes.
 *
 * Changes: first version; then WEIR_KNOB_HUGETLB; then WEIR_SOURCE_LIMIT and
 * WEIR_FEATURE_PROFILES; then WEIR_FEATURE_TRIM with the last line of the control page,
 * WEIR_IOC_TRIM_WAIT and WEIR_IOC_TRIM_DONE, WEIR_FEATURE_FIGURES with struct weir_figures, and
 * WEIR_FEATURE_PRESSURE.
 */
#ifndef _UAPI_LINUX_WEIR_H
#define _UAPI_LINUX_WEIR_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define WEIR_DEVICE	"/dev/weir"
#define WEIR_SYSFS	"/sys/kernel/mm/weir"

/* What the module can do; reported by WEIR_IOC_INFO, WEIR_IOC_ATTACH and the control page. */
enum weir_feature {
	WEIR_FEATURE_KNOBS	= 1 << 0,	/* knobs with a generation in the control page */
	WEIR_FEATURE_COUNTERS	= 1 << 1,	/* fault counters, whole process */
	WEIR_FEATURE_REGIONS	= 1 << 2,	/* fault counters by region, WEIR_IOC_SET_REGIONS */
	WEIR_FEATURE_INHERIT	= 1 << 3,	/* WEIR_ATTACH_INHERIT */
	WEIR_FEATURE_PROFILES	= 1 << 4,	/* @profile in struct weir_attach */
	WEIR_FEATURE_TRIM	= 1 << 8,	/* requests to trim, WEIR_IOC_TRIM_WAIT and _DONE */
	WEIR_FEATURE_FIGURES	= 1 << 9,	/* the figures page */
	WEIR_FEATURE_PRESSURE	= 1 << 10,	/* memory pressure in the control page */
};

/*
 * The knobs, named as mallopt(3) and the glibc tunables name them.  Sizes are in bytes.
 *
 * policy          enum weir_policy
 * mmap_threshold  requests of this many bytes or more are mapped alone
 * mmap_max        at most this many chunks are mapped alone at a time; 0 maps none
 * trim_threshold  the top of the heap is trimmed when it exceeds this; -1 turns trimming off
 * top_pad         bytes asked for beyond the need when the heap grows, and kept by a trim
 * arena_max       at most this many arenas; 0 lets the library choose by the number of CPUs
 * hugetlb         1 asks the kernel for transparent huge pages (madvise(2), MADV_HUGEPAGE), 0 does
 *                 not; glibc's 2, a mapping from the pool of huge pages, is none of its values
 */
enum weir_knob {
	WEIR_KNOB_POLICY,
	WEIR_KNOB_MMAP_THRESHOLD,
	WEIR_KNOB_MMAP_MAX,
	WEIR_KNOB_TRIM_THRESHOLD,
	WEIR_KNOB_TOP_PAD,
	WEIR_KNOB_ARENA_MAX,
	WEIR_KNOB_HUGETLB,
	WEIR_KNOB_NR,			/* how many this header knows */
	WEIR_KNOB_SLOTS	= 24,		/* room in every structure */
};

enum weir_policy {
	WEIR_POLICY_FIXED,		/* ptmalloc exactly as documented */
	WEIR_POLICY_DYNAMIC,		/* freeing a mapped chunk raises the thresholds */
	WEIR_POLICY_AUTO,		/* idle memory is kept as long as it pays */
	WEIR_POLICY_NR,
};

/* Room for the name of a profile and the NUL behind it. */
#define WEIR_PROFILE_NAME_LEN	32

/* Accepted ranges, ends included. */
#define WEIR_MMAP_THRESHOLD_MAX	(1LL << 46)
#define WEIR_MMAP_MAX_MAX	0x7fffffffLL
#define WEIR_TRIM_THRESHOLD_MIN	(-1LL)
#define WEIR_TRIM_THRESHOLD_MAX	(1LL << 46)
#define WEIR_TOP_PAD_MAX	(1LL << 30)
#define WEIR_ARENA_MAX_MAX	65536LL
#define WEIR_HUGETLB_MAX	1LL

/* What a knob is when nobody has said anything (mallopt(3)'s defaults). */
#define WEIR_POLICY_BUILTIN		WEIR_POLICY_AUTO
#define WEIR_MMAP_THRESHOLD_BUILTIN	(128LL * 1024)
#define WEIR_MMAP_MAX_BUILTIN		65536LL
#define WEIR_TRIM_THRESHOLD_BUILTIN	(128LL * 1024)
#define WEIR_TOP_PAD_BUILTIN		(128LL * 1024)
#define WEIR_ARENA_MAX_BUILTIN		0LL
#define WEIR_HUGETLB_BUILTIN		0LL

/*
 * Where a knob's effective value comes from.  ENVIRONMENT, SELF and SYSFS are one layer, the
 * process's own record, in which the latest write wins; it beats PROFILE, which beats DEFAULT.
 * LIMIT stands in place of each of them whose value lies outside of the admin's limits: the
 * effective value is then the limit.
 */
enum weir_source {
	WEIR_SOURCE_BUILTIN,		/* the system default, as compiled in */
	WEIR_SOURCE_DEFAULT,		/* the system default, written by the admin */
	WEIR_SOURCE_PROFILE,		/* the process's profile */
	WEIR_SOURCE_ENVIRONMENT,	/* record: the environment at start */
	WEIR_SOURCE_SELF,		/* record: the process itself (mallopt, ioctl) */
	WEIR_SOURCE_SYSFS,		/* record: processes/<pid>/ written by admin or owner */
	WEIR_SOURCE_LIMIT,		/* another layer's value, replaced by a limit */
	WEIR_SOURCE_NR,
};

/*
 * How short memory is, of the machine or of the process's cgroup, whichever is more.  CRITICAL:
 * less than a 64th is left of a limit (memory.max) of the cgroup or of one above it, or less than a
 * 32nd of the machine's memory is available.
 */
enum weir_pressure_level {
	WEIR_PRESSURE_NONE,
	WEIR_PRESSURE_SOME,		/* the kernel reclaims memory, with effort */
	WEIR_PRESSURE_CRITICAL,		/* next to nothing is left */
	WEIR_PRESSURE_NR,
};

#define WEIR_PAGE_MAGIC		0x72696577u	/* "weir" in little-endian bytes */

enum weir_state {
	WEIR_STATE_DETACHED,		/* the page of a child that has not attached yet */
	WEIR_STATE_ATTACHED,
};

/*
 * Fault counters.  minflt and majflt are those of the whole address space and start from the
 * process's own count (getrusage(2), ps -o minflt,majflt) at the moment it attached, so they agree
 * with it afterwards; the regions' start from zero.  heap is brk memory and regions declared
 * WEIR_REGION_HEAP, mmap is regions declared WEIR_REGION_MMAP.  They only ever grow, except that
 * a major fault is seen as minor until its I/O is done.
 */
struct weir_faults {
	__aligned_u64 minflt;
	__aligned_u64 majflt;
	__aligned_u64 heap_minflt;
	__aligned_u64 heap_majflt;
	__aligned_u64 mmap_minflt;
	__aligned_u64 mmap_majflt;
};

/*
 * The control page, mapped read-only and shared.
 *
 * To read several knobs consistently: read @generation until it is even, read the knobs, and
 * start again if @generation has changed; loads in that order (acquire).  A reader must bound its
 * tries: the writer can be preempted on a PREEMPT_RT kernel.  One knob alone may be read with a
 * plain 64-bit load at any time.
 *
 * @generation is never 0 on an attached page and is 0 on a detached one, so that comparing it
 * with the last value seen notices a changed knob, a request to trim and a fork alike.
 *
 * With WEIR_FEATURE_TRIM: @trim_request counts the requests to let go of idle memory, made through
 * sysfs or by the module under memory pressure; it starts from 0, which no request has. A request
 * replaces an earlier one that has not been answered. @trim_keep is the number of idle bytes
 * that may stay. Both belong to the @generation. The process lets go of what it can, a little at a
 * time, and answers by WEIR_IOC_TRIM_DONE.
 *
 * With WEIR_FEATURE_PRESSURE: @pressure is how short memory is. It is no part of the
 * @generation, and goes back to none two seconds after the last sign.
 */
struct weir_ctlpage {
	__u32 magic;			/* WEIR_PAGE_MAGIC */
	__u32 size;			/* sizeof(struct weir_ctlpage) of the module */
	__aligned_u64 features;		/* enum weir_feature */
	__u32 state;			/* enum weir_state */
	__u32 knob_nr;			/* knobs that the module knows: knob[0 .. knob_nr - 1] */
	__u8 reserved0[40];

	__u32 generation;
	__u8 reserved1[60];
	__aligned_s64 knob[WEIR_KNOB_SLOTS];	/* effective values */
	__u8 source[WEIR_KNOB_SLOTS];		/* enum weir_source of each */
	__u8 reserved2[40];

	struct weir_faults faults;	/* on a cache line of their own */
	__u8 reserved3[16];

	/* Since WEIR_FEATURE_TRIM. */
	__u32 trim_request;		/* number of the latest request; 0: there was none */
	__u32 pressure;			/* enum weir_pressure_level, with WEIR_FEATURE_PRESSURE */
	__aligned_u64 trim_keep;	/* bytes, 0 to WEIR_TRIM_KEEP_MAX */
	__u8 reserved4[48];
};

/*
 * The figures page: what the process says of its own allocator, for processes/<pid>/ and for whom
 * to ask first when memory is short.  With WEIR_FEATURE_FIGURES; mapped through the descriptor that
 * attached: map_size bytes at offset map_size, PROT_READ and PROT_WRITE, MAP_SHARED.
 *
 * EINVAL   another length, MAP_PRIVATE
 * ENOTCONN the address space has not attached through this descriptor
 * ENOMEM   no memory, or the caller's cgroup has none
 *
 * The process writes it with plain stores, @size last and never again; the module loads each value
 * by itself, and only when somebody asks.  Nothing is checked.  The mapping does not hold the
 * attachment, does not go into a forked child, cannot be moved, and may stay when the attachment
 * has ended; nobody reads it then.
 */
struct weir_figures {
	__u32 size;			/* sizeof(struct weir_figures); 0: no figures yet */
	__u32 arenas;			/* how many there are */
	__aligned_u64 arena_bytes;	/* what the arenas have from the kernel */
	__aligned_u64 in_use_bytes;	/* of them: what is not idle, cached blocks included */
	__aligned_u64 idle_bytes;	/* of them: free and, as far as known, resident */
	__aligned_u64 mapped_bytes;	/* in chunks mapped alone */
	__aligned_u64 trims;		/* how often memory of the arenas went back */
};

/* WEIR_IOC_INFO: what the module is; works unattached.  EFAULT, EINVAL. */
struct weir_info {
	__u32 size;			/* in: sizeof(struct weir_info) */
	__u32 flags;			/* in: 0 */
	__aligned_u64 features;		/* out */
	__u32 knob_nr;			/* out */
	__u32 map_size;			/* out: length to mmap, in bytes */
};

/*
 * WEIR_IOC_ATTACH: give the calling address space a record; the next mmap of the same descriptor,
 * of @map_size bytes at offset 0, PROT_READ and MAP_SHARED, makes it last.  A descriptor closed
 * without it takes the record away again.
 *
 * With WEIR_ATTACH_INHERIT, @inherit is the address of a control page mapping that the caller has
 * from its parent by fork; what stands in the parent's record, knobs and regions, is copied, not
 * its counts.
 *
 * @profile names the profile that the process wants to go by: a name (A-Z a-z 0-9 . _ -, no dot
 * in front), "none", or "default" for the first profile that matches, which is also what "" means
 * unless the process inherits.  It need not be there: as long as there is none of this name the
 * process goes by what matches.  A child inherits what its parent said, or what was said of the
 * parent in processes/<pid>/profile since, unless it names one itself.
 *
 * EINVAL   size, flags, features in @features that the module does not have, @inherit no such page,
 *          @profile no name, or not zero behind its end
 * EEXIST   this address space is attached already
 * EBUSY    this process's pid has a record of another address space in which a task still runs, or
 *          the descriptor holds another process's record that was never mapped
 * EDQUOT   the caller's real user has limits/processes_per_uid attachments, and the caller no
 *          CAP_SYS_RESOURCE
 * ENOMEM   no memory, or the caller's cgroup has none
 * EOPNOTSUPP  faults cannot be counted on this kernel
 */
struct weir_attach {
	__u32 size;			/* in: sizeof(struct weir_attach) */
	__u32 flags;			/* in: WEIR_ATTACH_* */
	__aligned_u64 features;		/* in: those the caller cannot do without; out: all */
	__aligned_u64 inherit;		/* in: address, or 0 without WEIR_ATTACH_INHERIT */
	__u32 map_size;			/* out: length to mmap, in bytes; in: 0 */
	__u32 reserved;			/* 0 */
	char profile[WEIR_PROFILE_NAME_LEN];	/* in: ends with NUL, zero behind that */
};

#define WEIR_ATTACH_INHERIT	(1u << 0)

/*
 * WEIR_IOC_GET_KNOBS fills @value and @source with the effective values; the masks come back with
 * a bit for each knob known (@set_mask) and 0 (@default_mask).
 *
 * WEIR_IOC_SET_KNOBS writes the knobs in @set_mask to the caller's record and gives those in
 * @default_mask back to the layer below: all of them or, on an error, none.  @source is not read
 * and must be zero.  With WEIR_KNOBS_ENVIRONMENT the source is recorded as the environment.
 *
 * A caller newer than the module leaves out what is at or beyond the control page's @knob_nr: one
 * such knob and the whole call is refused.
 *
 * EINVAL   size, flags, an unknown knob, a knob in both masks
 * ERANGE   a value out of its range
 * ENOTCONN the caller is not attached
 */
struct weir_knobs {
	__u32 size;			/* in: sizeof(struct weir_knobs) */
	__u32 flags;			/* in: WEIR_KNOBS_* */
	__u32 set_mask;			/* bit 1 << enum weir_knob */
	__u32 default_mask;
	__aligned_s64 value[WEIR_KNOB_SLOTS];
	__u8 source[WEIR_KNOB_SLOTS];
};

#define WEIR_KNOBS_ENVIRONMENT	(1u << 0)

/* WEIR_IOC_GET_COUNTERS: the caller's own counters.  EFAULT, EINVAL, ENOTCONN. */
struct weir_counters {
	__u32 size;			/* in: sizeof(struct weir_counters) */
	__u32 flags;			/* in: 0 */
	struct weir_faults faults;	/* out */
};

enum weir_region_kind {
	WEIR_REGION_HEAP = 1,
	WEIR_REGION_MMAP = 2,
};

#define WEIR_REGION_SLOTS	8

struct weir_region {
	__aligned_u64 start;		/* first byte; a multiple of the page size */
	__aligned_u64 end;		/* first byte behind; likewise */
	__u32 kind;			/* enum weir_region_kind */
	__u32 reserved;			/* 0 */
};

/*
 * WEIR_IOC_SET_REGIONS: the address ranges whose faults are counted apart; replaces what was
 * declared before, counts stay.  Nothing needs to be mapped there.  brk memory is heap undeclared.
 *
 * EINVAL   size, flags, more than WEIR_REGION_SLOTS, an unknown kind, a range that is empty, not
 *          page-aligned, beyond the address space or overlapping another
 * ENOTCONN the caller is not attached
 */
struct weir_regions {
	__u32 size;			/* in: sizeof(struct weir_regions) */
	__u32 flags;			/* in: 0 */
	__u32 nr;			/* in: how many of @region are meant, the rest is zero */
	__u32 reserved;			/* 0 */
	struct weir_region region[WEIR_REGION_SLOTS];
};

/* The most that a request to trim may leave idle. */
#define WEIR_TRIM_KEEP_MAX	(1LL << 46)

/*
 * WEIR_IOC_TRIM_WAIT: sleep until the latest request has another number than @request, the last one
 * that the caller knows of; 0 if it knows of none. Returns at once if it has that already. For a
 * thread that waits for requests in a process whose other threads may not come to its allocator for
 * long. poll(2) on the device says POLLIN while a request of the caller's is not answered, and
 * POLLERR while the caller is not attached.
 *
 * @deadline is in nanoseconds of CLOCK_MONOTONIC; one that is past only looks, WEIR_TRIM_FOREVER
 * is none. A signal handler ends the wait, or with SA_RESTART lets it go on.
 *
 * EINVAL    size, flags, @keep not zero
 * ENOTCONN  the caller is not attached, or is no more
 * ETIMEDOUT the deadline has passed
 * EINTR     a signal was caught
 */
struct weir_trim_wait {
	__u32 size;			/* in: sizeof(struct weir_trim_wait) */
	__u32 flags;			/* in: 0 */
	__u32 request;			/* in: a number; out: that of the latest request */
	__u32 reserved;			/* 0 */
	__aligned_u64 deadline;		/* in: nanoseconds */
	__aligned_u64 keep;		/* in: 0; out: bytes that may stay idle */
};

#define WEIR_TRIM_FOREVER	(~0ULL)

/*
 * WEIR_IOC_TRIM_DONE: the process has done what it could for @request, and for those before it.
 * @bytes is how much resident memory it has let go of: a claim, added to
 * processes/<pid>/trimmed_bytes.
 *
 * EINVAL   size, flags, a @request that was not made or is answered already, @bytes beyond
 *          WEIR_TRIM_BYTES_MAX
 * ENOTCONN the caller is not attached
 */
struct weir_trim_done {
	__u32 size;			/* in: sizeof(struct weir_trim_done) */
	__u32 flags;			/* in: 0 */
	__u32 request;			/* in: its number */
	__u32 reserved;			/* 0 */
	__aligned_u64 bytes;		/* in */
};

#define WEIR_TRIM_BYTES_MAX	(1LL << 47)

#define WEIR_IOC_MAGIC		0xBB
#define WEIR_IOC_INFO		_IOWR(WEIR_IOC_MAGIC, 0x01, struct weir_info)
#define WEIR_IOC_ATTACH		_IOWR(WEIR_IOC_MAGIC, 0x10, struct weir_attach)
#define WEIR_IOC_GET_KNOBS	_IOWR(WEIR_IOC_MAGIC, 0x11, struct weir_knobs)
#define WEIR_IOC_SET_KNOBS	_IOW(WEIR_IOC_MAGIC, 0x12, struct weir_knobs)
#define WEIR_IOC_GET_COUNTERS	_IOWR(WEIR_IOC_MAGIC, 0x13, struct weir_counters)
#define WEIR_IOC_SET_REGIONS	_IOW(WEIR_IOC_MAGIC, 0x14, struct weir_regions)

/* 0x15 to 0x1f: attaching and knobs; 0x20 and up: what follows. */
#define WEIR_IOC_TRIM_WAIT	_IOWR(WEIR_IOC_MAGIC, 0x20, struct weir_trim_wait)
#define WEIR_IOC_TRIM_DONE	_IOW(WEIR_IOC_MAGIC, 0x21, struct weir_trim_done)

#endif /* _UAPI_LINUX_WEIR_H */
