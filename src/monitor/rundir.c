/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rundir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"

static int directory = -1;
static char own_name[16]; /* of the directory in RUNDIR; empty: it is systemd's */

/* ---- what the dead have left */

/* Whose number the name is, 0: nobody's.  Our own was another's before, as long as we have made
 * none. */
static pid_t number(const char *name)
{
	char *end;
	long pid = strtol(name, &end, 10);

	if (*name < '1' || *name > '9' || *end || pid > INT_MAX)
		return 0;
	return pid == getpid() && directory >= 0 ? 0 : (pid_t)pid;
}

static bool is_dead(pid_t pid)
{
	return pid == getpid() || (kill(pid, 0) < 0 && errno == ESRCH);
}

static int open_dir(int parent, const char *name)
{
	return openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static void remove_left(int parent, const char *name, int dir)
{
	static const char *const files[] = { "down.new", "status.json.new", "status.json" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(files); i++)
		unlinkat(dir, files[i], 0);
	unlinkat(parent, name, AT_REMOVEDIR);
}

static void sweep_one(int parent, const char *name, pid_t pid, rundir_settle *settle, void *context)
{
	auto_close int dir = open_dir(parent, name);
	struct stat st;
	int r = -ENOENT;

	if (dir < 0 || fstat(dir, &st) < 0)
		return;
	if (st.st_uid == geteuid())
		r = settle(dir, name, context);
	if (r == 0 || (r != -EAGAIN && is_dead(pid)))
		remove_left(parent, name, dir);
}

void rundir_sweep(rundir_settle *settle, void *context)
{
	DIR *all = opendir(RUNDIR);
	const struct dirent *entry;
	pid_t pid;

	if (!all)
		return;
	while ((entry = readdir(all))) {
		pid = number(entry->d_name);
		if (pid)
			sweep_one(dirfd(all), entry->d_name, pid, settle, context);
	}
	closedir(all);
}

/* ---- ours */

/* The service's user may write to RUNDIR, and must not make a monitor that is root write elsewhere:
 * no link is followed, and the directory has to be ours. */
static int open_directory(int parent, const char *path)
{
	auto_close int fd = open_dir(parent, path);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	return st.st_uid == geteuid() ? take_fd(&fd) : -EPERM;
}

static int make_directory(void)
{
	auto_close int parent = open(RUNDIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_close int left = -1, fd = -1;

	if (parent < 0)
		return -errno;
	snprintf(own_name, sizeof(own_name), "%d", (int)getpid());
	left = open_dir(parent, own_name);
	if (left >= 0)
		remove_left(parent, own_name, left); /* of somebody who had our number before */
	if (mkdirat(parent, own_name, 0755) < 0)
		return -errno;
	fd = open_directory(parent, own_name);
	if (fd < 0)
		return fd;
	return fchmod(fd, 0755) < 0 ? -errno : take_fd(&fd); /* whatever our umask is */
}

int rundir_open(void)
{
	const char *given = getenv("RUNTIME_DIRECTORY");

	if (directory >= 0)
		return directory;
	own_name[0] = '\0';
	directory = given && *given == '/' ? open_directory(AT_FDCWD, given) : make_directory();
	return directory;
}

void rundir_leave(void)
{
	auto_close int parent = -1;

	if (directory < 0)
		return;
	if (own_name[0]) {
		parent = open(RUNDIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (unlinkat(parent, own_name, AT_REMOVEDIR) < 0 && errno == ENOTEMPTY)
			return;
	}
	cleanup_fd(&directory);
	directory = -1;
}
