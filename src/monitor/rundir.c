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

/* Whether the name is the number of a process that does not exist; or our own, which was another's
 * before, as long as we have made none. */
static bool is_stale(const char *name)
{
	char *end;
	long pid = strtol(name, &end, 10);

	if (*name < '1' || *name > '9' || *end || pid > INT_MAX)
		return false;
	if (pid == getpid())
		return directory < 0;
	return kill((pid_t)pid, 0) < 0 && errno == ESRCH;
}

static void sweep_one(int parent, const char *name, void (*settle)(int dir, void *context),
		      void *context)
{
	auto_close int fd = openat(parent, name, O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return;
	if (settle && st.st_uid == geteuid())
		settle(fd, context);
	unlinkat(fd, "status.json.new", 0);
	unlinkat(fd, "status.json", 0);
	unlinkat(parent, name, AT_REMOVEDIR);
}

void rundir_sweep(void (*settle)(int dir, void *context), void *context)
{
	DIR *all = opendir(RUNDIR);
	const struct dirent *entry;

	if (!all)
		return;
	while ((entry = readdir(all)))
		if (is_stale(entry->d_name))
			sweep_one(dirfd(all), entry->d_name, settle, context);
	closedir(all);
}

/* ---- ours */

/* The service's user may write to RUNDIR, and must not make a monitor that is root write elsewhere:
 * no link is followed, and the directory has to be ours. */
static int open_directory(int parent, const char *path)
{
	auto_close int fd = openat(parent, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	return st.st_uid == geteuid() ? take_fd(&fd) : -EPERM;
}

static int make_directory(void)
{
	auto_close int parent = open(RUNDIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_close int fd = -1;

	if (parent < 0)
		return -errno;
	snprintf(own_name, sizeof(own_name), "%d", (int)getpid());
	sweep_one(parent, own_name, NULL, NULL); /* of somebody who had our number before */
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
