/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weirctl: several files of a directory changed together, all or none
 */
#ifndef WEIR_CTL_FILES_H
#define WEIR_CTL_FILES_H

#include <stdbool.h>

#include "knobs.h"
#include "sysfs.h"

#define FILE_NAME_MAX	64
#define FILE_TEXT_MAX	(SYSFS_VALUE_MAX + 1)

struct file_change {
	char name[FILE_NAME_MAX];
	char text[FILE_TEXT_MAX];	/* as it is written */
	char accepted[2 * KNOB_TEXT_MAX];	/* in words, should the kernel refuse it */
	char old[FILE_TEXT_MAX];	/* filled in */
	bool done;			/* filled in */
};

/*
 * Writes all, or says what stood in the way, takes back what was written, and returns the exit
 * status for it.  A change that is out of range is tried again after the others: a minimum may have
 * to wait for its maximum.
 */
int files_change_or_say(int dir, const char *whose, struct file_change *change, int nr);

/* Says that a file of @whose (the directory for NULL) failed, and why; returns the exit status. */
int files_say_error(const char *whose, const char *file, int err);

/* Splits @arg at '=' into name and text; -1 after having said that it has none, or is too long. */
int file_change_split(const char *arg, const char *form, struct file_change *change);

/* -1 after having said so if the last of @nr has the name of another. */
int file_change_check_twice(const struct file_change *change, int nr);

#endif /* WEIR_CTL_FILES_H */
