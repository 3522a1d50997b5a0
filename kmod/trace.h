/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tracepoints: what happens seldom and an admin may want to see as it happens.  A pid is the
 * global one, as in processes/<pid>.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM weir

#if !defined(_WEIR_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _WEIR_TRACE_H

#include <linux/tracepoint.h>

/* A process has attached; @parent: the pid whose knobs it has inherited by fork, or 0. */
TRACE_EVENT(attach,
	TP_PROTO(int pid, u32 uid, int parent),
	TP_ARGS(pid, uid, parent),
	TP_STRUCT__entry(
		__field(int, pid)
		__field(u32, uid)
		__field(int, parent)
	),
	TP_fast_assign(
		__entry->pid = pid;
		__entry->uid = uid;
		__entry->parent = parent;
	),
	TP_printk("pid=%d uid=%u parent=%d", __entry->pid, __entry->uid, __entry->parent)
);

/* An attachment has ended: by munmap, exec, exit, a signal, or as its pid was taken over. */
TRACE_EVENT(detach,
	TP_PROTO(int pid, u64 minflt, u64 majflt),
	TP_ARGS(pid, minflt, majflt),
	TP_STRUCT__entry(
		__field(int, pid)
		__field(u64, minflt)
		__field(u64, majflt)
	),
	TP_fast_assign(
		__entry->pid = pid;
		__entry->minflt = minflt;
		__entry->majflt = majflt;
	),
	TP_printk("pid=%d minflt=%llu majflt=%llu", __entry->pid, __entry->minflt,
		  __entry->majflt)
);

/*
 * A knob was written, or given back to the layer below: what is in force now.  pid 0: the system
 * default.  What a process has by a change of its defaults has no event of its own.
 */
TRACE_EVENT(knob,
	TP_PROTO(int pid, const char *knob, s64 value, const char *source),
	TP_ARGS(pid, knob, value, source),
	TP_STRUCT__entry(
		__field(int, pid)
		__string(knob, knob)
		__field(s64, value)
		__string(source, source)
	),
	TP_fast_assign(
		__entry->pid = pid;
		__assign_str(knob, knob);
		__entry->value = value;
		__assign_str(source, source);
	),
	TP_printk("pid=%d %s=%lld source=%s", __entry->pid, __get_str(knob), __entry->value,
		  __get_str(source))
);

/* A process was asked to trim; @pressure: enum weir_pressure_level, 0 if somebody asked for it. */
TRACE_EVENT(trim_request,
	TP_PROTO(int pid, u32 request, u64 keep, u32 pressure),
	TP_ARGS(pid, request, keep, pressure),
	TP_STRUCT__entry(
		__field(int, pid)
		__field(u32, request)
		__field(u64, keep)
		__field(u32, pressure)
	),
	TP_fast_assign(
		__entry->pid = pid;
		__entry->request = request;
		__entry->keep = keep;
		__entry->pressure = pressure;
	),
	TP_printk("pid=%d request=%u keep=%llu pressure=%u", __entry->pid, __entry->request,
		  __entry->keep, __entry->pressure)
);

/* It has answered; @usec: how long after the latest request. */
TRACE_EVENT(trim_done,
	TP_PROTO(int pid, u32 request, u64 bytes, s64 usec),
	TP_ARGS(pid, request, bytes, usec),
	TP_STRUCT__entry(
		__field(int, pid)
		__field(u32, request)
		__field(u64, bytes)
		__field(s64, usec)
	),
	TP_fast_assign(
		__entry->pid = pid;
		__entry->request = request;
		__entry->bytes = bytes;
		__entry->usec = usec;
	),
	TP_printk("pid=%d request=%u bytes=%llu usec=%lld", __entry->pid, __entry->request,
		  __entry->bytes, __entry->usec)
);

/* The level of memory pressure has changed; pid 0: the machine's. */
TRACE_EVENT(pressure,
	TP_PROTO(int pid, u32 level, u64 events),
	TP_ARGS(pid, level, events),
	TP_STRUCT__entry(
		__field(int, pid)
		__field(u32, level)
		__field(u64, events)
	),
	TP_fast_assign(
		__entry->pid = pid;
		__entry->level = level;
		__entry->events = events;
	),
	TP_printk("pid=%d level=%u events=%llu", __entry->pid, __entry->level, __entry->events)
);

#endif /* _WEIR_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
