// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "files.h"

int files_say_error(const char *whose, const char *file, int err)
{
	if (err == -EACCES || err == -EPERM) {
		ctl_error("no permission for %s of %s: that takes root", file ? file : "the files", whose);
		return CTL_DENIED;
	}
	if (err == -ENOENT && file)
		ctl_error("%s of %s: the module does not have this; module and command differ in version",
			  file, whose);
	else
		ctl_error("%s of %s: %s", file ? file : "the files", whose, strerror(-err));
	return CTL_FAILED;
}

/* What is in the way of the first write, or of a later one. */
static int look_at_all(int dir, const char *whose, struct file_change *change, int nr)
{
	for (int i = 0; i < nr; i++) {
		int err = sysfs_read(dir, change[i].name, change[i].old);

		if (!err && faccessat(dir, change[i].name, W_OK, AT_EACCESS))
			err = -errno;
		if (err)
			return files_say_error(whose, change[i].name, err);
		change[i].done = false;
	}
	return CTL_OK;
}

/* A write of no bytes never reaches the kernel. */
static int write_text(int dir, const char *name, const char *text)
{
	return sysfs_write(dir, name, *text ? text : "\n");
}

static void take_back(int dir, struct file_change *change, int nr)
{
	bool more = true;

	/* Those that are refused as out of range wait for others here, too. */
	while (more) {
		more = false;
		for (int i = nr - 1; i >= 0; i--) {
			if (!change[i].done || write_text(dir, change[i].name, change[i].old))
				continue;
			ctl_error("%s was put back to '%s'", change[i].name, change[i].old);
			change[i].done = false;
			more = true;
		}
	}
	for (int i = 0; i < nr; i++)
		if (change[i].done)
			ctl_error("%s was changed and could not be put back", change[i].name);
}

static int say_refused(const char *whose, const struct file_change *change, int err)
{
	if (err != -EINVAL && err != -ERANGE)
		return files_say_error(whose, change->name, err);
	ctl_error("%s: the kernel refuses '%s' (%s); accepted: %s", change->name, change->text,
		  strerror(-err), change->accepted);
	return CTL_FAILED;
}

int files_change_or_say(int dir, const char *whose, struct file_change *change, int nr)
{
	int status = look_at_all(dir, whose, change, nr), left = status ? 0 : nr;

	while (left) {
		const struct file_change *failed = NULL;
		int err = 0, before = left;

		for (int i = 0; i < nr; i++) {
			int this = change[i].done ? 0 : write_text(dir, change[i].name, change[i].text);

			if (!this) {
				left -= !change[i].done;
				change[i].done = true;
				continue;
			}
			failed = &change[i];
			err = this;
			if (err != -ERANGE)
				break;
		}
		if (failed && (err != -ERANGE || left == before)) {
			status = say_refused(whose, failed, err);
			take_back(dir, change, nr);
			break;
		}
	}
	return status;
}

int file_change_split(const char *arg, const char *form, struct file_change *change)
{
	const char *equals = strchr(arg, '=');

	*change = (struct file_change){ 0 };
	if (!equals || equals == arg) {
		ctl_error("'%s' is not of the form %s", arg, form);
		return -1;
	}
	if (equals - arg >= FILE_NAME_MAX || strlen(equals + 1) >= FILE_TEXT_MAX) {
		ctl_error("'%s' is too long", arg);
		return -1;
	}
	memcpy(change->name, arg, equals - arg);
	strcpy(change->text, equals + 1);
	return 0;
}

int file_change_check_twice(const struct file_change *change, int nr)
{
	for (int i = 0; i < nr - 1; i++) {
		if (!strcmp(change[i].name, change[nr - 1].name)) {
			ctl_error("%s is given twice", change[i].name);
			return -1;
		}
	}
	return 0;
}
