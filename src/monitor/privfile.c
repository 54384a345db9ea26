/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "privfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/log.h"

int privfile_open_dir(const char *path, struct privdir *ret)
{
	auto_close int fd = -1;
	struct stat st;

	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return -errno;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	/* Root may use the service user's directory, nobody else a stranger's. */
	if ((st.st_uid != geteuid() && geteuid() != 0) || (st.st_mode & 022)) {
		log_error("%s (owner %u, mode %03o) is not safe to keep state in: it must belong to "
			  "uid %u and be writable to nobody else", path, (unsigned)st.st_uid,
			  (unsigned)st.st_mode & 0777, (unsigned)geteuid());
		return -EPERM;
	}
	*ret = (struct privdir){ take_fd(&fd), st.st_uid, path };
	return 0;
}

int privfile_open(const struct privdir *dir, const char *name, int flags)
{
	const int safely = O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK;
	auto_close int fd = openat(dir->fd, name, flags | safely, 0600);
	struct stat st;

	if (fd < 0 && errno != ELOOP && errno != EACCES)
		return -errno;
	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_nlink == 0)
		return -ENOENT; /* removed while we looked */
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_nlink != 1 ||
	    (st.st_uid != dir->owner && st.st_uid != geteuid()) || (st.st_mode & 077)) {
		log_error("%s/%s is not a private file of uid %u: somebody has tampered with it; look "
			  "at it, then remove it", dir->path, name, (unsigned)dir->owner);
		return -EPERM;
	}
	if (st.st_uid != dir->owner && fchown(fd, dir->owner, (gid_t)-1) < 0)
		return -errno;
	return take_fd(&fd);
}
