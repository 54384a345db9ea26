/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the peer of our TLS does, what is done to its bytes on their way, and what has to come of it then.
 * Places are bytes of its, from the end of the handshake on.
 */
#pragma once

#include "../t/unit/tlspeer.h"
#include "tls_net.h"
#include "worker/tls.h"

enum {
	SAID_MOST = 1 << 20, /* bytes of data, in each direction */
	MARKS = 300,         /* more than an input has steps */
	WIRE_FREE = 40000,   /* what the peer needs for a step */
	EMPTY_MOST = 200,    /* records without data, one behind the other */
	UPDATES_MOST = 8,    /* KeyUpdates that GnuTLS takes in a second */
	PERIOD = 65521,
};

static uint8_t pattern[PERIOD + SAID_MOST]; /* what both say, but for what the input has sealed */
static uint8_t said[SAID_MOST];
static size_t said_size, heard;
static struct {
	uint64_t end;
	size_t said;
} marks[MARKS]; /* the ends of its records with data */
static size_t n_marks;
static uint64_t come;           /* of its bytes */
static uint64_t spoilt;         /* from there on anything may be understood */
static uint64_t ends_at;        /* there we have to end */
static enum tls_io ends_how;
static uint64_t alert_at;       /* its alert is there */
static uint64_t asks_at;        /* it wants a new key of ours */
static bool closes, alerts;     /* it has said so, or may have */
static bool mute;               /* its GnuTLS writes no more */
static unsigned empty, updates; /* of its records; its KeyUpdates */

static void promise_nothing(void)
{
	size_t i;

	for (i = pattern[1] ? sizeof(pattern) : 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)((i % PERIOD + 1) * 2654435761u >> 13);
	said_size = heard = n_marks = 0;
	come = 0;
	spoilt = ends_at = alert_at = asks_at = UINT64_MAX;
	closes = alerts = mute = false;
	empty = updates = 0;
}

/* ---- what has to come */

static void spoil(size_t at)
{
	if (come + at < spoilt)
		spoilt = come + at;
}

static void end_there(size_t at, enum tls_io how)
{
	if (come + at >= ends_at)
		return;
	ends_at = come + at;
	ends_how = how;
}

/* A record with this data, which the last of its bytes end; before it, from `at` on, may be KeyUpdates. */
static void promise(size_t at, const void *data, size_t size)
{
	size_t next = at + record_size(peer.wire + at);

	for (; next < peer.size; next += record_size(peer.wire + next))
		updates++;
	must(next == peer.size && said_size + size <= SAID_MOST && n_marks < MARKS);
	if (updates > UPDATES_MOST)
		spoil(at);
	if (size == 0) {
		if (++empty > EMPTY_MOST)
			end_there(peer.size, TLS_FAILED);
		return;
	}
	empty = 0;
	memcpy(said + said_size, data, size);
	said_size += size;
	marks[n_marks].end = come + peer.size;
	marks[n_marks++].said = said_size;
}

static size_t promised(void)
{
	size_t i, size = 0;

	for (i = 0; i < n_marks && marks[i].end <= come && marks[i].end <= spoilt && marks[i].end <= ends_at; i++)
		size = marks[i].said;
	return size;
}

/* Nothing is left to read. */
static void must_end_well(enum tls_io io)
{
	must(heard >= promised());
	must(io != TLS_CLOSED || closes);
	if (come >= spoilt)
		return;
	if (come >= ends_at)
		must(io == ends_how);
	else
		must(io == (shut || broken ? TLS_LOST : TLS_WANT_READ));
}

/* ---- what it says */

static const uint8_t *its_next(void)
{
	return pattern + said_size % PERIOD;
}

static void peer_says(size_t size, size_t pad)
{
	size_t at = peer.size;
	const uint8_t *data = its_next();

	if (mute || size == 0 || size + pad > RECORD_DATA_MOST - RECORD_OVERHEAD * (pad > 0))
		return;
	must(gnutls_record_send2(peer.session, data, size, pad, 0) == (ssize_t)size);
	promise(at, data, size);
}

static void peer_says_nothing(unsigned n)
{
	for (; n > 0; n--) {
		size_t at = peer.size;

		peer_writes("\x17", 1);
		promise(at, NULL, 0);
	}
}

static void peer_updates(bool asks)
{
	size_t at = peer.size;

	if (mute)
		return;
	must(gnutls_session_key_update(peer.session, asks ? GNUTLS_KU_PEER : 0) == 0);
	if (++updates > UPDATES_MOST)
		spoil(at);
	if (asks && asks_at == UINT64_MAX)
		asks_at = come + peer.size;
}

static void peer_ends(enum tls_io how, uint8_t alert)
{
	if (mute)
		return;
	mute = true;
	if (how == TLS_CLOSED) {
		must(gnutls_bye(peer.session, GNUTLS_SHUT_WR) == 0);
		closes = true;
	} else {
		must(gnutls_alert_send(peer.session, GNUTLS_AL_FATAL, alert) == 0);
		alerts = true;
		alert_at = come + peer.size;
	}
	end_there(peer.size, how);
}

/* Data, its type, padding. */
static void peer_seals_data(const uint8_t *data, size_t size, size_t padding)
{
	static uint8_t inner[RECORD_DATA_MOST + 256];
	size_t at = peer.size;

	memcpy(inner, data, size);
	inner[size] = RECORD_DATA;
	memset(inner + size + 1, 0, padding);
	peer_writes(inner, size + 1 + padding);
	if (size + 1 + padding > RECORD_DATA_MOST + 1)
		end_there(at + RECORD_HEADER, TLS_FAILED);
	else
		promise(at, data, size);
}

/* What is no data is the end, but for a KeyUpdate (of which its GnuTLS knows nothing) and an alert. */
static void peer_seals(const uint8_t *inner, size_t size)
{
	size_t at = peer.size, last = size;
	uint8_t type;

	while (last > 0 && inner[last - 1] == 0)
		last--;
	type = last > 0 ? inner[last - 1] : 0;
	if (type == RECORD_DATA) {
		peer_seals_data(inner, last - 1, size - last);
		return;
	}
	peer_writes(inner, size);
	if (type == RECORD_ALERT && last == 3) {
		alerts = closes = true;
		spoil(at);
	} else if (type == RECORD_HANDSHAKE && last == 6 && memcmp(inner, "\x18\0\0\1", 4) == 0 && inner[4] < 2) {
		spoil(at);
	} else {
		end_there(size > 0 ? peer.size : at + RECORD_HEADER, TLS_FAILED);
	}
}

/* ---- what is done to it */

static void raw(const uint8_t *data, size_t size)
{
	if (size >= RECORD_HEADER && record_size(data) == 0)
		end_there(peer.size + RECORD_HEADER, TLS_FAILED);
	else
		spoil(peer.size);
	peer_keeps(NULL, data, size);
}

static void damage(size_t at, uint8_t bits)
{
	if (at < peer.size) {
		peer.wire[at] ^= bits ? bits : 1;
		spoil(at);
	}
}

static void replay(size_t size)
{
	spoil(peer.size);
	if (size <= peer.size)
		peer_keeps(NULL, peer.wire + peer.size - size, size);
}

static void lose(size_t size)
{
	peer.size -= size < peer.size ? size : peer.size;
	spoil(peer.size);
}

static void let_come(size_t size)
{
	if (shut || broken)
		return;
	size = put(&to_us, peer.wire, size < peer.size ? size : peer.size);
	come += size;
	peer_lets_go(size);
}
