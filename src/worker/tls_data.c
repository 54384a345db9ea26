/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "tls_state.h"

enum {
	RECORD_SPACE = RECORD_MOST, /* one of data with all around it, and a KeyUpdate before it */
	OTHERS_MOST = 200,          /* records without data, one behind the other */
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

/* GnuTLS may write, and read `size` bytes that have come. */
static enum tls_io begin_turn(struct tls *t, size_t size)
{
	if (!t->out.aead || record_lend(&t->out, t->session, false) < 0 ||
	    record_lend(&t->in, t->session, true) < 0)
		return fail_writing(t, "no sequence numbers for its records");
	t->may_read = size;
	t->may_write = true;
	return TLS_OK;
}

/* It may have other keys than before. */
enum tls_io tls_end_turn(struct tls *t)
{
	t->may_read = 0;
	t->may_write = false;
	if (record_take(&t->out, t->session, false) < 0 || record_take(&t->in, t->session, true) < 0)
		return fail_writing(t, "no keys for its records");
	return TLS_OK;
}

/* ---- data: our own records, and GnuTLS for what is none */

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

/* A record that is not simply data, or not what it should be.  OK: go on, though *ret_size may be 0. */
static enum tls_io read_other(struct tls *t, size_t record, void *data, size_t size, size_t *ret_size)
{
	enum tls_io io = begin_turn(t, record);
	size_t left;
	ssize_t n;

	if (io != TLS_OK)
		return io;
	n = gnutls_record_recv(t->session, data, size);
	left = t->may_read;
	io = tls_end_turn(t);
	if (n == 0) {
		/* Without a close_notify GnuTLS says PREMATURE_TERMINATION, not 0. */
		tls_set_error(t, "closed by the peer");
		return TLS_CLOSED;
	}
	if (n < 0 && gnutls_error_is_fatal((int)n))
		return tls_outcome(t, (int)n);
	if (left > 0)
		return fail(t, "a record that GnuTLS does not take");
	t->answer_due = true;
	*ret_size = n > 0 ? (size_t)n : 0;
	return io;
}

static enum tls_io read_data(struct tls *t, void *data, size_t size, size_t *ret_size)
{
	struct transport *p = &t->transport;
	size_t record = 0, n = 0;
	int others = 0;

	while (n == 0) {
		enum tls_io io = t->dry ? TLS_WANT_READ : next_record(t, &record);

		if (io != TLS_OK)
			return io;
		n = record_open(&t->in, p->ahead + p->head, record, data, size);
		if (n > 0) {
			p->head += record;
			break;
		}
		if (others++ == OTHERS_MOST)
			return fail(t, "a flood of records without data");
		io = read_other(t, record, data, size, &n);
		if (io != TLS_OK)
			return io;
	}
	*ret_size = n;
	return TLS_OK;
}

enum tls_io tls_read(struct tls *t, void *data, size_t size, size_t *ret_size)
{
	enum tls_io io = t->ended ? t->ended : read_data(t, data, size, ret_size);

	if (io >= TLS_CLOSED)
		t->ended = io;
	return io;
}

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
		else if (t->answer_due)
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
	if (!t->may_write && begin_turn(t, 0) != TLS_OK)
		return;
	gnutls_bye(t->session, GNUTLS_SHUT_WR);
	t->may_write = false;
}
