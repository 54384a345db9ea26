/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * u8 which | bytes: what stands in the files of /run/vtund, whoever wrote it: the note of a claim, the
 * table of rate limits and its secret.  The files are memory; the calls that open them are ours
 * (Makefile.am, --wrap).
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sodium.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/log.h"
#include "fuzz.h"
#include "monitor/bootsecret.h"
#include "monitor/claim.h"
#include "monitor/privfile.h"
#include "monitor/ratefile.h"
#include "monitor/throttle.h"

enum { MOST = 4096, HOLDER = 4711, TABLE = 64 + RATEFILE_SLOTS * 16 };

static int claim_fd, table_fd, secret_fd;
static bool held; /* somebody has the claim */

int __wrap_privfile_open_dir(const char *path, struct privdir *ret);
int __wrap_privfile_open(const struct privdir *dir, const char *name, int flags);
int __wrap_fcntl(int fd, int command, void *argument);
int __real_fcntl(int fd, int command, void *argument);

int __wrap_privfile_open_dir(const char *path, struct privdir *ret)
{
	*ret = (struct privdir){ open("/proc/self", O_RDONLY | O_CLOEXEC), 0, path };
	return 0;
}

int __wrap_privfile_open(const struct privdir *dir, const char *name, int flags)
{
	int fd = !strcmp(name, "rl") ? table_fd : !strcmp(name, "rl.key") ? secret_fd : claim_fd;

	(void)dir;
	if (flags & O_EXCL)
		must(ftruncate(fd, 0) == 0);
	lseek(fd, 0, SEEK_SET);
	return dup(fd);
}

int __wrap_fcntl(int fd, int command, void *argument)
{
	struct flock *l = argument;

	if (command == F_SETLK && held) {
		errno = EAGAIN;
		return -1;
	}
	if (command == F_GETLK && held) {
		l->l_type = F_WRLCK;
		l->l_pid = HOLDER;
		return 0;
	}
	return command == F_GETLK || command == F_SETLK ? 0 : __real_fcntl(fd, command, argument);
}

static int memory_file(const void *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	must(fd >= 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
	return fd;
}

static void claim(void)
{
	char holder[128];
	int fd = -1, r;

	memset(holder, 'x', sizeof(holder));
	r = claim_take("office", MULTI_NO, "192.0.2.7 port 4711", &fd, holder);
	must(r == (held ? -EBUSY : 0));
	must(!held || (memchr(holder, 0, sizeof(holder)) && !strncmp(holder, "in use ", 7)));
	must(held || lseek(fd, 0, SEEK_END) < 128);
	if (fd >= 0)
		close(fd);
}

/* The secret of this boot is known here, so the table can be one that is believed: `size` bytes of it
 * are the input's, wherever the keys of one source and one name make it look. */
static void limits(const uint8_t *data, size_t size, bool believed)
{
	struct sockaddr_in source = { .sin_family = AF_INET };
	struct throttle *t;
	static uint8_t table[TABLE];
	size_t at;
	int n, r;

	if (believed && size > 0) {
		r = throttle_open("/run/vtund", &t); /* makes both files */
		must(r == 0);
		throttle_free(t);
		for (at = 0; at < TABLE - 64; at++)
			table[at] = data[at % size];
		must(pwrite(table_fd, table, TABLE - 64, 64) == TABLE - 64);
	}
	r = throttle_open("/run/vtund", &t);
	must(r == 0);
	must(lseek(table_fd, 0, SEEK_END) == TABLE && lseek(secret_fd, 0, SEEK_END) == 36 + 32);
	for (n = 0; n < 12; n++) {
		r = throttle_admit(t, (struct sockaddr *)&source);
		must(r == 0 || r == 1);
		r = throttle_attempt(t, (struct sockaddr *)&source, "office");
		must(r == 0 || r == 1);
	}
	must(r == 0); /* more than ten failures in no time */
	throttle_success(t, (struct sockaddr *)&source, "office");
	throttle_free(t);
}

static void quiet(int priority, const char *line)
{
	(void)priority;
	must(strlen(line) < 1024);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned which;

	if (size < 1 || size > MOST || sodium_init() < 0)
		return 0;
	log_set_sink(quiet);
	which = data[0] & 3;
	held = data[0] & 4;
	claim_fd = memory_file(data + 1, which == 0 ? size - 1 : 0);
	table_fd = memory_file(data + 1, which == 1 ? size - 1 : 0);
	secret_fd = memory_file(data + 1, which == 2 ? size - 1 : 0);
	if (which == 0)
		claim();
	else
		limits(data + 1, size - 1, which == 3);
	close(claim_fd);
	close(table_fd);
	close(secret_fd);
	return 0;
}
