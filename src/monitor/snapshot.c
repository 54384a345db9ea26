/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/secret.h"

void snapshot_free(struct snapshot *s)
{
	if (s->text)
		sodium_memzero(s->text, s->size);
	free(s->text);
	*s = (struct snapshot){};
}

int snapshot_copy(const char *text, size_t size, struct snapshot *ret)
{
	char *copy = malloc(size + 1);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, text, size);
	copy[size] = '\0';
	*ret = (struct snapshot){ .text = copy, .size = size };
	return 0;
}

/* systemd guards a service's credentials by their directory.  Their mode is 0440, with or without an
 * access control list. */
static bool is_credential(const char *path)
{
	const char *directory = getenv("CREDENTIALS_DIRECTORY");
	size_t size = directory ? strlen(directory) : 0;

	return size > 0 && *directory == '/' && strncmp(path, directory, size) == 0 &&
	       path[size] == '/' && !strchr(path + size + 1, '/');
}

/* Makes room for `room` bytes and a NUL; realloc() would leave the old ones behind, not wiped. */
static int grow(struct snapshot *s, size_t room)
{
	char *larger = malloc(room + 1);
	size_t size = s->size;

	if (!larger)
		return -ENOMEM;
	if (size)
		memcpy(larger, s->text, size);
	snapshot_free(s);
	s->text = larger;
	s->size = size;
	return 0;
}

static int read_all(int fd, size_t room, struct snapshot *s)
{
	for (;;) {
		ssize_t n;
		int r = grow(s, room);

		if (r < 0)
			return r;
		while (s->size < room) {
			n = read(fd, s->text + s->size, room - s->size);
			if (n < 0 && errno == EINTR)
				continue;
			if (n < 0)
				return -errno;
			if (n == 0) {
				s->text[s->size] = '\0';
				return 0;
			}
			s->size += (size_t)n;
		}
		if (room > SNAPSHOT_MAX)
			return -EFBIG;
		room = 2 * room < SNAPSHOT_MAX ? 2 * room : SNAPSHOT_MAX + 1;
	}
}

int snapshot_read(const char *path, struct snapshot *ret)
{
	enum { LEAST_ROOM = 4096 };
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct snapshot s = {};
	struct stat st;
	size_t room = LEAST_ROOM;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (S_ISREG(st.st_mode) && st.st_size > SNAPSHOT_MAX)
		return -EFBIG;
	/* One byte more than there should be: a whole file in one read() and its end in a second. */
	if (S_ISREG(st.st_mode) && st.st_size >= LEAST_ROOM)
		room = (size_t)st.st_size + 1;
	r = read_all(fd, room, &s);
	if (r < 0) {
		snapshot_free(&s);
		return r;
	}
	if (!is_credential(path))
		exposure_of(&st, &s.exposure);
	*ret = s;
	return 0;
}

int snapshot_read_system(struct snapshot *ret)
{
	char copy[PATH_MAX];
	struct stat st;
	int r;

	if (snapshot_credential_path("vtund.conf", copy, sizeof(copy)) < 0 || access(copy, F_OK) < 0)
		return snapshot_read(SNAPSHOT_SYSTEM, ret);
	r = snapshot_read(copy, ret);
	if (r == 0 && stat(SNAPSHOT_SYSTEM, &st) == 0) {
		exposure_of(&st, &ret->exposure);
		ret->exposure.wanted = 0;
	}
	return r;
}

int snapshot_credential_path(const char *name, char *ret, size_t size)
{
	const char *directory = getenv("CREDENTIALS_DIRECTORY");
	int n;

	if (*name == '/')
		n = snprintf(ret, size, "%s", name);
	else if (directory && !strchr(name, '/'))
		n = snprintf(ret, size, "%s/%s", directory, name);
	else
		return -ENOENT;
	return n < (int)size ? 0 : -ENAMETOOLONG;
}
