// SPDX-License-Identifier: GPL-2.0
/*
 * Which processes a profile is for: by name, by cgroup, or by both.
 */
#include <linux/cgroup.h>
#include <linux/errno.h>
#include <linux/glob.h>
#include <linux/sched/task.h>
#include <linux/string.h>

#include "match.h"

/*
 * A line, which one newline may end, as a string.  Sysfs puts a NUL behind what was written, and
 * hands over any that was written itself.
 */
static int weir_line_copy(char *to, size_t max, const char *text, size_t len)
{
	if (len && text[len - 1] == '\n')
		len--;
	if (len > max || memchr(text, '\0', len) || memchr(text, '\n', len))
		return -EINVAL;
	memcpy(to, text, len);
	memset(to + len, 0, max + 1 - len);
	return 0;
}

/**
 * weir_match_parse_comm() - read the pattern for a process's name
 * @match: where it goes if 0 is returned; nobody else sees it yet
 * @text: a name, or a pattern with "*", "?", "[...]" and "\"; empty for no condition
 * @len: its length, a newline at its end included
 *
 * Return: 0, or -EINVAL, also for a name longer than one that a process can have.
 */
int weir_match_parse_comm(struct weir_match *match, const char *text, size_t len)
{
	char comm[sizeof(match->comm)];
	int ret;

	ret = weir_line_copy(comm, WEIR_MATCH_COMM_MAX, text, len);
	if (ret)
		return ret;
	if (strlen(comm) >= TASK_COMM_LEN && !strpbrk(comm, "*?[\\"))
		return -EINVAL;
	memcpy(match->comm, comm, sizeof(comm));
	return 0;
}

/* Absolute, one slash between components, none at the end, no "." and "..". */
static bool weir_cgroup_valid(const char *path)
{
	const char *end;
	size_t len;

	if (!strcmp(path, "/"))
		return true;
	for (; *path; path = end) {
		if (*path++ != '/')
			return false;
		end = strchrnul(path, '/');
		len = end - path;
		if (!len || (len <= 2 && !memcmp(path, "..", len)))
			return false;
	}
	return true;
}

/**
 * weir_match_parse_cgroup() - read the path of a cgroup
 * @match: where it goes if 0 is returned; nobody else sees it yet
 * @text: the path from the root of cgroup v2, "/a/b"; empty for no condition
 * @len: its length, a newline at its end included
 *
 * The cgroup need not be there.
 *
 * Return: 0 or -EINVAL.
 */
int weir_match_parse_cgroup(struct weir_match *match, const char *text, size_t len)
{
	char cgroup[sizeof(match->cgroup)];
	int ret;

	ret = weir_line_copy(cgroup, WEIR_MATCH_CGROUP_MAX, text, len);
	if (ret)
		return ret;
	if (!weir_cgroup_valid(cgroup))
		return -EINVAL;
	memcpy(match->cgroup, cgroup, sizeof(cgroup));
	return 0;
}

/* The task's cgroups are there as long as an RCU section, and so are their nodes in kernfs. */
static void weir_subject_read_cgroup(struct weir_subject *subject, struct task_struct *task)
{
#ifdef CONFIG_CGROUPS
	cgroup_path(task_dfl_cgroup(task), subject->cgroup, sizeof(subject->cgroup));
#endif
}

/**
 * weir_subject_read() - look at what a process is to be matched by
 * @subject: where it goes
 * @pid: the process
 * @want_cgroup: whether its cgroup is needed
 */
void weir_subject_read(struct weir_subject *subject, struct pid *pid, bool want_cgroup)
{
	struct task_struct *task;

	subject->comm[0] = '\0';
	subject->cgroup[0] = '\0';
	rcu_read_lock();
	task = pid_task(pid, PIDTYPE_TGID);
	subject->is_process = task;
	if (task) {
		get_task_comm(subject->comm, task);
		if (want_cgroup)
			weir_subject_read_cgroup(subject, task);
	}
	rcu_read_unlock();
}

/* Whether @path is the cgroup @prefix or one below it. */
static bool weir_cgroup_below(const char *path, const char *prefix)
{
	size_t len = strlen(prefix);

	if (strncmp(path, prefix, len))
		return false;
	return len == 1 || !path[len] || path[len] == '/';
}

/* Whether all conditions hold, of which there must be one. */
bool weir_match_fits(const struct weir_match *match, const struct weir_subject *subject)
{
	if (!match || !subject->is_process || (!match->comm[0] && !match->cgroup[0]))
		return false;
	if (match->comm[0] && !glob_match(match->comm, subject->comm))
		return false;
	return !match->cgroup[0] || weir_cgroup_below(subject->cgroup, match->cgroup);
}
