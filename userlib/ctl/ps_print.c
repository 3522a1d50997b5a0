// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdio.h>
#include <string.h>

#include "ctl.h"
#include "json.h"
#include "knobs.h"
#include "procs.h"
#include "ps_print.h"
#include "units.h"

#define COMM_WIDTH	15

/* A table has what is looked at most; get and JSON have all. */
static const struct {
	enum weir_knob knob;
	const char *title;
} knob_columns[] = {
	{ WEIR_KNOB_POLICY,		"POLICY" },
	{ WEIR_KNOB_MMAP_THRESHOLD,	"MMAP_THR" },
	{ WEIR_KNOB_MMAP_MAX,		"MMAP_MAX" },
	{ WEIR_KNOB_TRIM_THRESHOLD,	"TRIM_THR" },
	{ WEIR_KNOB_TOP_PAD,		"TOP_PAD" },
};
#define KNOB_COLUMNS	(sizeof(knob_columns) / sizeof(knob_columns[0]))

/* Indexed as proc_counter_names. */
static const char *const count_titles[PROC_COUNTERS] = {
	"MINFLT", "MAJFLT", "HEAP-MIN", "HEAP-MAJ", "MMAP-MIN", "MMAP-MAJ",
};

/* The record of the same process, not of an earlier one with its pid. */
static const struct proc_record *find_record(const struct proc_table *table,
					     const struct proc_record *record)
{
	size_t low = 0, high = table->nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (table->record[mid].pid < record->pid)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == table->nr || table->record[low].pid != record->pid ||
	    table->record[low].ino != record->ino)
		return NULL;
	return &table->record[low];
}

static double seconds_between(const struct timespec *a, const struct timespec *b)
{
	return (b->tv_sec - a->tv_sec) + (b->tv_nsec - a->tv_nsec) / 1e9;
}

static double fault_rate(const struct proc_record *before, const struct proc_record *now, int i)
{
	double seconds = seconds_between(&before->when, &now->when);

	/* A fault may move from minor to major when its I/O is done. */
	if (now->count[i] <= before->count[i] || seconds <= 0)
		return 0;
	return (now->count[i] - before->count[i]) / seconds;
}

static void print_comm(const char *comm)
{
	size_t width = 0;

	/* Bytes, as many as will stand there once made safe to print. */
	for (const unsigned char *s = (const unsigned char *)comm; *s; s++)
		width += *s < ' ' || *s == 0x7f || *s == '\\' ? strlen("\\x00") : (*s & 0xc0) != 0x80;
	ctl_print_safe(comm);
	for (; width < COMM_WIDTH; width++)
		putchar(' ');
}

static void print_knob(int knob, const struct knob_value *value)
{
	char text[KNOB_TEXT_MAX] = "-", cell[KNOB_TEXT_MAX + 2];

	if (value->present && value->known) {
		knob_format(knob, value->value, text);
		snprintf(cell, sizeof(cell), "%s:%c", text, knob_source_letter(value->source));
	} else {
		snprintf(cell, sizeof(cell), "%s", value->present ? "?" : "-");
	}
	printf(" %10s", cell);
}

static void print_header(bool rates)
{
	printf("%7s %-*s", "PID", COMM_WIDTH, "COMMAND");
	for (int i = 0; i < PROC_COUNTERS; i++)
		printf(rates ? " %8s/s" : " %10s", count_titles[i]);
	for (size_t i = 0; i < KNOB_COLUMNS; i++)
		printf(" %10s", knob_columns[i].title);
	printf(" PROFILE\n");
}

static void print_legend(void)
{
	printf("behind a value, where it comes from:");
	for (int i = 0; i < WEIR_SOURCE_NR; i++)
		printf("%s %c %s", i ? "," : "", knob_source_letter(i), knob_source_name(i));
	putchar('\n');
}

static void print_row(const struct proc_record *before, const struct proc_record *now, bool rates)
{
	char rate[UNITS_TEXT_MAX];

	printf("%7d ", now->pid);
	print_comm(now->comm);
	for (int i = 0; i < PROC_COUNTERS; i++) {
		if (!rates) {
			printf(" %10llu", now->count[i]);
			continue;
		}
		snprintf(rate, sizeof(rate), "-");
		if (before)
			units_format_rate(fault_rate(before, now, i), rate);
		printf(" %10s", rate);
	}
	for (size_t i = 0; i < KNOB_COLUMNS; i++)
		print_knob(knob_columns[i].knob, &now->knob[knob_columns[i].knob]);
	putchar(' ');
	ctl_print_safe(*now->profile ? now->profile : "-");
	putchar('\n');
}

void ps_print_table(const struct proc_table *before, const struct proc_table *now, bool header)
{
	if (header)
		print_header(before != NULL);
	for (size_t i = 0; i < now->nr; i++) {
		const struct proc_record *record = &now->record[i];

		print_row(before ? find_record(before, record) : NULL, record, before != NULL);
	}
	if (header)
		print_legend();
}

static void json_knob(int knob, const struct knob_value *value)
{
	const char *source = value->source < 0 ? NULL : knob_source_name(value->source);
	char text[KNOB_TEXT_MAX];

	printf("\"%s\":{\"value\":", knob_table[knob].name);
	if (!value->present || !value->known) {
		printf("null");
	} else {
		knob_format_raw(knob, value->value, text);
		if (knob_table[knob].kind == KNOB_POLICY)
			json_print_string(text);
		else
			printf("%s", text);
	}
	printf(",\"source\":");
	if (source)
		json_print_string(source);
	else
		printf("null");
	putchar('}');
}

static void json_record(const struct proc_record *before, const struct proc_record *now)
{
	printf("{\"pid\":%d,\"comm\":", now->pid);
	json_print_string(now->comm);
	printf(",\"profile\":");
	if (*now->profile && strcmp(now->profile, "none"))
		json_print_string(now->profile);
	else
		printf("null");
	for (int i = 0; i < PROC_COUNTERS; i++)
		printf(",\"%s\":%llu", proc_counter_names[i], now->count[i]);
	printf(",\"per_second\":");
	if (before) {
		for (int i = 0; i < PROC_COUNTERS; i++)
			printf("%c\"%s\":%.3f", i ? ',' : '{', proc_counter_names[i],
			       fault_rate(before, now, i));
		putchar('}');
	} else {
		printf("null");
	}
	printf(",\"knobs\":{");
	for (int i = 0; i < WEIR_KNOB_NR; i++) {
		if (i)
			putchar(',');
		json_knob(i, &now->knob[i]);
	}
	printf("}}");
}

void ps_print_json(const struct proc_table *before, const struct proc_table *now)
{
	printf("{\"processes\":[");
	for (size_t i = 0; i < now->nr; i++) {
		if (i)
			putchar(',');
		json_record(before ? find_record(before, &now->record[i]) : NULL, &now->record[i]);
	}
	printf("],\"hidden\":%zu}\n", now->hidden);
}
