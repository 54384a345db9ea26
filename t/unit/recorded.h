/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What kernels have made, for tests: t/data/gso, written by t/tools/gso-capture.  A file is a superframe
 * and the packets that the kernel cut it into, or packets alone.
 */
#pragma once

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "frames.h"
#include "tap.h"

enum { RECORDED_PACKETS = 16, RECORDED_PACKET = 2000 };

struct recorded {
	const char *name; /* of the file */
	enum tunnel_type type;
	uint8_t superframe[FRAME_ROOM]; /* behind its virtio-net header */
	struct vnet_hdr h;
	size_t size; /* of it; 0: there is none */
	uint8_t packets[RECORDED_PACKETS][RECORDED_PACKET];
	size_t sizes[RECORDED_PACKETS];
	unsigned count;
};

/* "word HEX" -> bytes; the number of them. */
static size_t recorded_bytes(const char *line, const char *key, uint8_t *out, size_t room)
{
	size_t n = strlen(key);

	if (strncmp(line, key, n) != 0 || line[n] != ' ')
		return 0;
	return unhex(line + n + 1, out, room);
}

static void recorded_line(const char *line, struct recorded *r)
{
	static uint8_t bytes[FRAME_ROOM];
	size_t n;

	if (!strcmp(line, "type ether"))
		r->type = TUNNEL_ETHER;
	n = recorded_bytes(line, "superframe", bytes, sizeof(bytes));
	if (n > VNET_HDR_SIZE) {
		vnet_get(bytes, &r->h);
		r->size = n - VNET_HDR_SIZE;
		memcpy(r->superframe, bytes + VNET_HDR_SIZE, r->size);
	}
	if (r->count < RECORDED_PACKETS) {
		n = recorded_bytes(line, "packet", r->packets[r->count], RECORDED_PACKET);
		r->sizes[r->count] = n;
		r->count += n > 0;
	}
}

/* All files, one after the other; the number of them. */
static int recorded_each(void (*check)(const struct recorded *))
{
	static struct recorded r;
	const char *top = getenv("top_srcdir");
	char path[500], *line = NULL;
	struct dirent *d;
	size_t room = 0;
	int files = 0;
	DIR *dir;
	FILE *f;

	snprintf(path, sizeof(path), "%s/t/data/gso", top ? top : ".");
	dir = opendir(path);
	while (dir && (d = readdir(dir))) {
		if (!strstr(d->d_name, ".txt"))
			continue;
		snprintf(path, sizeof(path), "%s/t/data/gso/%s", top ? top : ".", d->d_name);
		f = fopen(path, "r");
		memset(&r, 0, sizeof(r));
		r.name = d->d_name;
		r.type = TUNNEL_TUN;
		while (f && getline(&line, &room, f) > 0) {
			line[strcspn(line, "\n")] = '\0';
			recorded_line(line, &r);
		}
		if (f)
			fclose(f);
		check(&r);
		files++;
	}
	if (dir)
		closedir(dir);
	free(line);
	return files;
}
