/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "rundir.h"

/* ---- JSON (RFC 8259) */

static void put_string(FILE *f, const char *name, const char *value)
{
	const unsigned char *s;

	fprintf(f, "\t\"%s\": \"", name);
	for (s = (const unsigned char *)value; *s; s++) {
		if (*s == '"' || *s == '\\')
			fprintf(f, "\\%c", *s);
		else if (*s < 0x20 || *s >= 0x7f)
			fprintf(f, "\\u%04x", *s);
		else
			putc(*s, f);
	}
	fputs("\",\n", f);
}

static void put_number(FILE *f, const char *name, uint64_t value)
{
	fprintf(f, "\t\"%s\": %llu,\n", name, (unsigned long long)value);
}

static void put_flag(FILE *f, const char *name, int value)
{
	fprintf(f, "\t\"%s\": %s,\n", name, value ? "true" : "false");
}

static void put_terms(FILE *f, const struct terms *t)
{
	put_string(f, "type", tunnel_type_name(t->type));
	put_string(f, "proto", t->proto == PROTO_UDP ? "udp" : "tcp");
	put_flag(f, "encrypt", t->encrypt);
	put_string(f, "compress", comp_alg_name(t->comp_alg));
	put_number(f, "compress_level", t->comp_level);
	put_number(f, "keepalive_s", t->keepalive_s);
	put_number(f, "keepalive_misses", t->keepalive_misses);
	put_number(f, "speed_to_client_kbit", t->speed_to_client);
	put_number(f, "speed_to_server_kbit", t->speed_to_server);
	put_number(f, "mtu", t->mtu);
	put_string(f, "peer_version", t->version);
}

static void put_tally(FILE *f, const struct tally *t)
{
	const struct {
		const char *name;
		uint64_t value;
	} all[] = {
		{ "tx_frames", t->tx_frames }, { "tx_bytes", t->tx_bytes },
		{ "rx_frames", t->rx_frames }, { "rx_bytes", t->rx_bytes },
		{ "tx_wire_bytes", t->tx_wire }, { "rx_wire_bytes", t->rx_wire },
		{ "tx_raw_bytes", t->tx_raw }, { "tx_packed_bytes", t->tx_packed },
		{ "tx_drops", t->tx_drops }, { "rx_drops", t->rx_drops },
		{ "srtt_us", t->srtt_us },
		{ "peer_tx_frames", t->peer_tx_frames }, { "peer_tx_bytes", t->peer_tx_bytes },
		{ "peer_rx_frames", t->peer_rx_frames }, { "peer_rx_bytes", t->peer_rx_bytes },
		{ "peer_drops", t->peer_drops },
		{ "udp_lost", t->udp_lost }, { "udp_duplicated", t->udp_duplicated },
		{ "udp_reordered", t->udp_reordered }, { "udp_bad", t->udp_bad },
		{ "udp_resent", t->udp_resent }, { "udp_given_up", t->udp_given_up },
		{ "udp_unprotected", t->udp_unprotected },
		{ "rekeys", t->rekeys },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(all); i++)
		put_number(f, all[i].name, all[i].value);
}

static void put_state(FILE *f, const struct state *s)
{
	fputs("{\n", f);
	put_string(f, "session", s->session);
	put_string(f, "role", s->role);
	put_string(f, "device", s->device);
	put_string(f, "peer", s->peer);
	put_number(f, "since", (uint64_t)s->since);
	put_number(f, "updated", (uint64_t)time(NULL));
	put_terms(f, s->terms);
	put_string(f, "path", s->udp_up ? "udp" : "tcp");
	put_tally(f, s->tally);
	fprintf(f, "\t\"pid\": %d\n}\n", (int)getpid());
}

/* ---- the file */

static bool written;

int state_write(const struct state *s)
{
	int fd, r, dir = rundir_open();
	FILE *f;

	if (dir < 0)
		return dir;
	written = true;
	fd = openat(dir, "status.json.new",
		    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return -errno;
	f = fchmod(fd, 0644) == 0 ? fdopen(fd, "w") : NULL;
	if (!f) {
		r = -errno;
		close(fd);
		return r;
	}
	put_state(f, s);
	r = fflush(f) == 0 ? 0 : -errno;
	fclose(f);
	if (r == 0 && renameat(dir, "status.json.new", dir, "status.json") < 0)
		r = -errno;
	return r;
}

void state_remove(void)
{
	if (!written)
		return;
	written = false;
	unlinkat(rundir_open(), "status.json.new", 0);
	unlinkat(rundir_open(), "status.json", 0);
	rundir_leave();
}
