/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bootsecret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/fdutil.h"
#include "common/secret.h"

#define KEY_FILE "rl.key"

struct content {
	char boot_id[BOOT_ID_SIZE];
	uint8_t secret[BOOT_SECRET_SIZE];
};

int bootsecret_boot_id(char ret_id[static BOOT_ID_SIZE])
{
	char text[BOOT_ID_SIZE + 1];
	ssize_t n = fd_read_file("/proc/sys/kernel/random/boot_id", text, sizeof(text));

	if (n < 0)
		return (int)n;
	if (n < BOOT_ID_SIZE)
		return -EBADMSG;
	memcpy(ret_id, text, BOOT_ID_SIZE);
	return 0;
}

/* 0; -ENOENT if there is none that is good for this boot. */
static int read_key(const struct privdir *dir, const char *boot_id, uint8_t *ret_secret)
{
	auto_close int fd = privfile_open(dir, KEY_FILE, O_RDONLY);
	uint8_t bytes[sizeof(struct content) + 1];
	struct content *c = (void *)bytes;
	ssize_t n;
	int r;

	if (fd < 0)
		return fd;
	n = read(fd, bytes, sizeof(bytes));
	if (n < 0)
		r = -errno;
	else if (n != sizeof(*c) || memcmp(c->boot_id, boot_id, BOOT_ID_SIZE) != 0)
		r = -ENOENT;
	else
		r = 0;
	if (r == 0)
		memcpy(ret_secret, c->secret, BOOT_SECRET_SIZE);
	secret_wipe(&bytes);
	return r;
}

static int make_key(const struct privdir *dir, const char *boot_id, uint8_t *ret_secret)
{
	auto_close int fd = -1;
	struct content c;
	int r;

	if (unlinkat(dir->fd, KEY_FILE, 0) < 0 && errno != ENOENT)
		return -errno;
	fd = privfile_open(dir, KEY_FILE, O_WRONLY | O_CREAT | O_EXCL);
	if (fd < 0)
		return fd;
	memcpy(c.boot_id, boot_id, BOOT_ID_SIZE);
	randombytes_buf(c.secret, BOOT_SECRET_SIZE);
	r = fd_write_all(fd, &c, sizeof(c));
	if (r == 0)
		memcpy(ret_secret, c.secret, BOOT_SECRET_SIZE);
	secret_wipe(&c);
	return r;
}

int bootsecret_load(const struct privdir *dir, const char boot_id[static BOOT_ID_SIZE],
		    uint8_t ret_secret[static BOOT_SECRET_SIZE])
{
	int r = read_key(dir, boot_id, ret_secret);

	return r == -ENOENT ? make_key(dir, boot_id, ret_secret) : r;
}
