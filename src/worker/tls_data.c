/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "tls_state.h"

enum {
	KEY_UPDATE = 5, /* bytes of that message */
	RECORD_SPACE = RECORD_MOST + KEY_UPDATE + RECORD_OVERHEAD, /* one of data, and a KeyUpdate before it */
	EMPTY_MOST = 200, /* records without data, one behind the other */
};

/* ---- turns */

static enum tls_io fail(struct tls *t, const char *what)
{
	tls_set_error(t, "TLS: %s", what);
	return TLS_FAILED;
}

static enum tls_io fail_writing(struct tls *t, const char *what)
{
	record_key_free(&t->out);
	return fail(t, what);
}

/* GnuTLS may read `size` bytes that have come, and write, unless there is nothing more to be written. */
static enum tls_io begin_turn(struct tls *t, size_t size)
{
	t->may_write = t->out.aead;
	if ((t->may_write && record_lend(&t->out, t->session, false) < 0) ||
	    record_lend(&t->in, t->session, true) < 0) {
		t->may_write = false;
		return fail_writing(t, "no sequence numbers for its records");
	}
	t->may_read = size;
	return TLS_OK;
}

/* It may have other keys than before. */
enum tls_io tls_end_turn(struct tls *t)
{
	bool wrote = t->may_write;

	t->may_read = 0;
	t->may_write = false;
	if ((wrote && record_take(&t->out, t->session, false) < 0) || record_take(&t->in, t->session, true) < 0)
		return fail_writing(t, "no keys for its records");
	/* Nothing may wait there of which we know nothing: RFC 8446 section 5.1 has keys change between records. */
	if (gnutls_record_check_pending(t->session) > 0)
		return fail(t, "more than one message in a record");
	return TLS_OK;
}

/* ---- what comes: our own records, and GnuTLS for KeyUpdates and alerts */

/* The next record lies in ahead[], whole. */
static enum tls_io next_record(struct tls *t, size_t *ret_size)
{
	struct transport *p = &t->transport;
	ssize_t r = transport_ahead(p, RECORD_HEADER);

	if (r > 0) {
		*ret_size = record_size(p->ahead + p->head);
		if (*ret_size == 0)
			return fail(t, "what comes is no record");
		r = transport_ahead(p, *ret_size);
	}
	if (r > 0)
		return TLS_OK;
	t->dry = r < 0 && errno == EAGAIN;
	return t->dry ? TLS_WANT_READ : tls_outcome(t, GNUTLS_E_PULL_ERROR);
}

static enum tls_io without_data(struct tls *t)
{
	return ++t->empty > EMPTY_MOST ? fail(t, "a flood of records without data") : TLS_OK;
}

/* A record of so many bytes that is GnuTLS's. */
static enum tls_io read_other(struct tls *t, size_t record)
{
	enum tls_io io = begin_turn(t, record);
	size_t left;
	uint8_t data;
	ssize_t n;

	if (io != TLS_OK)
		return io;
	n = gnutls_record_recv(t->session, &data, sizeof(data));
	left = t->may_read;
	io = tls_end_turn(t);
	if (n == 0) {
		/* Without a close_notify GnuTLS says PREMATURE_TERMINATION, not 0. */
		tls_set_error(t, "closed by the peer");
		return TLS_CLOSED;
	}
	if (n == GNUTLS_E_FATAL_ALERT_RECEIVED)
		record_key_free(&t->out); /* RFC 8446 section 6.2: nothing more is to be said */
	if (n < 0 && gnutls_error_is_fatal((int)n))
		return tls_outcome(t, (int)n);
	if (n > 0 || left > 0)
		return fail(t, "a record that GnuTLS does not understand");
	return io;
}

/* Of handshake messages only a KeyUpdate may come now, and alone: GnuTLS would store what is less than one.
 * How many it takes in a second is its affair. */
static enum tls_io read_handshake(struct tls *t, size_t record, const uint8_t *message, size_t size)
{
	static const uint8_t key_update[KEY_UPDATE - 1] = { 24, 0, 0, 1 };

	if (size != KEY_UPDATE || memcmp(message, key_update, sizeof(key_update)) != 0 || message[4] > 1)
		return fail(t, "a handshake message that may not come");
	t->answer_due |= message[4];
	return read_other(t, record);
}

static enum tls_io read_record(struct tls *t, uint8_t *data, size_t *ret_size)
{
	struct transport *p = &t->transport;
	size_t record = 0, size = 0;
	enum tls_io io = next_record(t, &record);

	*ret_size = 0;
	if (io != TLS_OK)
		return io;
	switch (record_open(&t->in, p->ahead + p->head, record, data, &size)) {
	case RECORD_DATA:
		p->head += record;
		*ret_size = size;
		if (size == 0)
			return without_data(t);
		t->empty = 0;
		return TLS_OK;
	case RECORD_HANDSHAKE:
		return read_handshake(t, record, data, size);
	case RECORD_ALERT:
		io = size == 2 ? read_other(t, record) : fail(t, "an alert that is none");
		return io == TLS_OK ? without_data(t) : io;
	case RECORD_BROKEN:
		return fail(t, "a record that does not decrypt");
	default:
		return fail(t, "a record of an unknown type");
	}
}

enum tls_io tls_read(struct tls *t, uint8_t *data, size_t *ret_size)
{
	enum tls_io io = t->ended;

	if (io == TLS_OK)
		io = t->dry ? TLS_WANT_READ : read_record(t, data, ret_size);
	if (io >= TLS_CLOSED)
		t->ended = io;
	return io;
}

/* ---- what leaves */

static enum tls_io flush(struct tls *t)
{
	if (transport_flush(&t->transport) == 0)
		return TLS_OK;
	return errno == EAGAIN ? TLS_WANT_WRITE : tls_outcome(t, GNUTLS_E_PUSH_ERROR);
}

/* Each writes one record, for which there is room; *ret_size: of the data. */
static enum tls_io write_data(struct tls *t, const uint8_t *data, size_t size, size_t *ret_size)
{
	struct transport *p = &t->transport;
	ssize_t n = record_seal(&t->out, data, size, p->gather + p->gathered);

	if (n == -EKEYEXPIRED)
		return tls_update_key(t);
	if (n < 0)
		return fail_writing(t, "a record cannot be made");
	p->gathered += (size_t)n;
	*ret_size = size;
	return TLS_OK;
}

static enum tls_io write_other(struct tls *t, const uint8_t *data, size_t size, size_t *ret_size)
{
	enum tls_io io = begin_turn(t, 0);
	ssize_t n;

	if (io != TLS_OK)
		return io;
	t->transport.more = true;
	n = gnutls_record_send(t->session, data, size);
	t->transport.more = false;
	io = tls_end_turn(t);
	if (n < 0)
		return tls_outcome(t, (int)n);
	t->answer_due = false;
	*ret_size = (size_t)n;
	return io;
}

enum tls_io tls_write(struct tls *t, const void *data, size_t size, size_t *ret_size)
{
	const uint8_t *p = data;
	enum tls_io io = size == 0 || t->out.aead ? TLS_OK : fail_writing(t, "it cannot be written to");
	size_t done = 0;

	while (done < size && io == TLS_OK) {
		size_t piece = size - done < TLS_RECORD_MOST ? size - done : TLS_RECORD_MOST, n = 0;

		if (transport_room(&t->transport) < RECORD_SPACE)
			io = flush(t);
		else if (t->answer_due && t->ended <= TLS_CLOSED)
			io = write_other(t, p + done, piece, &n);
		else
			io = write_data(t, p + done, piece, &n);
		done += n;
	}
	*ret_size = done;
	return io == TLS_OK ? flush(t) : io;
}

void tls_limit_segments(struct tls *t, size_t most)
{
	t->transport.segment = most;
}

void tls_readable(struct tls *t)
{
	t->transport.drained = t->dry = false;
}

bool tls_is_writable(const struct tls *t)
{
	return transport_is_writable(&t->transport);
}

enum tls_io tls_update_key(struct tls *t)
{
	enum tls_io io = transport_room(&t->transport) < RECORD_SPACE ? flush(t) : TLS_OK;
	int r;

	if (!t->out.aead)
		return fail_writing(t, "it cannot be written to");
	if (io == TLS_OK)
		io = begin_turn(t, 0);
	if (io != TLS_OK)
		return io;
	r = gnutls_session_key_update(t->session, 0);
	io = tls_end_turn(t);
	return r < 0 ? tls_outcome(t, r) : io;
}

void tls_close(struct tls *t)
{
	/* It is GnuTLS's turn as long as there are no keys. */
	if (!t->may_write && (!t->out.aead || begin_turn(t, 0) != TLS_OK))
		return;
	gnutls_bye(t->session, GNUTLS_SHUT_WR);
	t->may_write = false;
	record_key_free(&t->out); /* nothing follows, nor could: its number has been used */
}
