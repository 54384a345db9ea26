/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Our TLS with a peer that is GnuTLS alone: data in records of our own, and all that is no data in
 * between.
 */
#include "worker/tls_state.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/ipc.h"
#include "tap.h"
#include "tlspeer.h"

static struct tls *ours;
static uint8_t in[1 << 20], out[1 << 18];

/* The first `size` bytes of what the peer has written come. */
static void let_come(size_t size)
{
	if (send(peer.fd, peer.wire, size, MSG_NOSIGNAL) != (ssize_t)size)
		abort();
	peer_lets_go(size);
}

static void let_all_come(void)
{
	let_come(peer.size);
}

/* ---- a session */

static int our_fd(void)
{
	return peer.fd - 1; /* as socketpair() made them */
}

static bool there_is_more(void)
{
	struct pollfd p = { .fd = our_fd(), .events = POLLIN };
	bool more = poll(&p, 1, 0) > 0;

	if (more)
		tls_readable(ours);
	return more;
}

static void begin(int role, const char *cipher)
{
	int pair[2], turn, r = -1;
	enum tls_io io = TLS_WANT_READ;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) < 0 || tls_new(role, pair[0], "", &ours) < 0)
		abort();
	peer.fd = pair[1];
	peer_begin(role == ROLE_SERVER ? ROLE_CLIENT : ROLE_SERVER, cipher);
	for (turn = 0; turn < 10 && (r < 0 || io != TLS_OK); turn++) {
		if (io != TLS_OK)
			io = tls_handshake(ours);
		if (r < 0)
			r = gnutls_handshake(peer.session);
		let_all_come();
		there_is_more();
	}
	tls_lift_budget(ours);
	tls_limit_segments(ours, 0);
	if (r < 0 || io != TLS_OK) {
		printf("# %s; %s\n", gnutls_strerror(r), tls_error(ours));
		abort();
	}
}

static void end(void)
{
	int fd = our_fd();

	tls_free(ours);
	peer_end();
	close(fd);
	close(peer.fd);
}

/* ---- data */

/* All that is there of the peer's data; the result that ended it. */
static enum tls_io receive(size_t *ret_size)
{
	enum tls_io io;
	size_t n;

	*ret_size = 0;
	do {
		while ((io = tls_read(ours, in + *ret_size, &n)) == TLS_OK) {
			*ret_size += n;
			if (ours->transport.tail > TRANSPORT_AHEAD)
				abort();
		}
	} while (io == TLS_WANT_READ && there_is_more());
	return io;
}

/* Whether so many bytes come before it ends like this. */
static bool ends(enum tls_io how, size_t size)
{
	size_t n;
	enum tls_io io = receive(&n);

	printf("# %d after %zu: %s\n", io, n, tls_error(ours));
	return io == how && n == size;
}

/* Whether just this comes, and nothing is wrong. */
static bool receives(const void *data, size_t size)
{
	size_t n;
	enum tls_io io = receive(&n);

	if (io != TLS_WANT_READ)
		printf("# %d: %s\n", io, tls_error(ours));
	return io == TLS_WANT_READ && n == size && memcmp(in, data, size) == 0;
}

static bool peer_says(const char *text)
{
	return gnutls_record_send(peer.session, text, strlen(text)) == (ssize_t)strlen(text);
}

/* Whether the peer receives this, and nothing else.  What GnuTLS answers lies in peer.wire. */
static bool peer_receives(const void *data, size_t size)
{
	size_t n = 0;
	ssize_t r;
	char next;

	for (;;) {
		r = gnutls_record_recv(peer.session, in + n, sizeof(in) - n);
		if (r > 0)
			n += (size_t)r;
		else if (r != GNUTLS_E_INTERRUPTED && !(r == GNUTLS_E_AGAIN && recv(peer.fd, &next, 1, MSG_PEEK) == 1))
			break; /* a KeyUpdate makes it say AGAIN as well */
	}
	if (r != GNUTLS_E_AGAIN)
		printf("# the peer: %s\n", r == 0 ? "closed" : gnutls_strerror((int)r));
	return r == GNUTLS_E_AGAIN && n == size && memcmp(in, data, size) == 0;
}

/* As tls_write(); what lies there after it fits. */
static enum tls_io write_some(const void *data, size_t size, size_t *ret_size)
{
	enum tls_io io = tls_write(ours, data, size, ret_size);

	if (ours->transport.gathered > TRANSPORT_GATHER)
		abort();
	return io;
}

static bool we_say(const void *data, size_t size)
{
	size_t n;

	return write_some(data, size, &n) == TLS_OK && n == size;
}

static bool both_speak(void)
{
	bool good = we_say("ping", 4) && peer_receives("ping", 4) && peer_says("pong");

	let_all_come();
	return good && receives("pong", 4);
}

static void fill(uint8_t *data, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		data[i] = (uint8_t)rand();
}

static void test_data(int role, const char *cipher)
{
	static const size_t sizes[] = { 1, 100, 16383, 16384, 16385, 40000, 100000 };
	const char *name = role == ROLE_SERVER ? "a server" : "a client";
	size_t i, j, good = 0;

	begin(role, cipher);
	fill(out, sizeof(out));
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		good += we_say(out, sizes[i]) && peer_receives(out, sizes[i]);
	ok(good == i, "%s with %s: what we send is received", name, cipher);
	for (good = 0, i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (j = 0; j < sizes[i]; j += 16384)
			gnutls_record_send(peer.session, out + j, sizes[i] - j < 16384 ? sizes[i] - j : 16384);
		let_all_come();
		good += receives(out, sizes[i]);
	}
	ok(good == i, "... and what it sends");
	ok(both_speak(), "... and both in turn");
	end();
}

/* However little comes at a time. */
static void test_pieces(void)
{
	size_t n, got = 0, i;
	bool early = false;

	begin(ROLE_SERVER, "AES-128-GCM");
	peer_says("one");
	peer_says("two");
	while (peer.size > 0) {
		let_come(1);
		early |= receive(&n) != TLS_WANT_READ || (n > 0 && n != 3);
		got += n;
	}
	ok(got == 6 && !early, "a byte at a time: each record when it is whole");
	fill(out, sizeof(out));
	for (i = 0; i < 12; i++)
		gnutls_record_send(peer.session, out + i * 16384, 16384);
	for (got = 0; peer.size > 0; got += n) {
		size_t piece = 1 + (size_t)rand() % 60000;

		let_come(piece < peer.size ? piece : peer.size);
		early |= receive(&n) != TLS_WANT_READ || memcmp(in, out + got, n) != 0;
	}
	ok(got == 12 * 16384 && !early, "large records in pieces of any size");
	ok(both_speak(), "... and both speak");
	end();
}

static void test_padding(void)
{
	begin(ROLE_SERVER, "AES-128-GCM");
	ok(gnutls_record_send2(peer.session, "padded", 6, 1000, 0) == 6, "the peer pads a record");
	peer_says(" and not");
	let_all_come();
	ok(receives("padded and not", 14), "... which is read as any other");
	ok(gnutls_record_send2(peer.session, out, 16384 - 200, 200, 0) == 16384 - 200, "... and a large one");
	let_all_come();
	ok(receives(out, 16384 - 200), "... likewise");
	ok(both_speak(), "... and both speak");
	end();
}

static bool peer_updates(unsigned flags)
{
	return gnutls_session_key_update(peer.session, (int)flags) == 0;
}

static void test_key_updates(int role)
{
	uint64_t before;
	int i, good = 0;

	begin(role, "AES-128-GCM");
	ok(peer_says("old") && peer_updates(0) && peer_says("new"), "%s: the peer has a new key",
	   role == ROLE_SERVER ? "server" : "client");
	let_all_come();
	ok(receives("oldnew", 6), "... and what it sends under both is read");
	ok(both_speak(), "... and both speak");
	ok(tls_update_key(ours) == TLS_OK && both_speak(), "we have a new key, and both speak");
	ok(peer_updates(GNUTLS_KU_PEER), "the peer has a new key and asks for one of ours");
	let_all_come();
	ok(receives("", 0), "... which is no data");
	before = tls_bytes_out(ours);
	ok(we_say("x", 1) && tls_bytes_out(ours) - before == 5 + RECORD_OVERHEAD + 1 + RECORD_OVERHEAD,
	   "... and ours goes before our next data");
	ok(peer_receives("x", 1) && both_speak() && both_speak(), "... and both speak");
	ok(peer_updates(GNUTLS_KU_PEER), "... which it may do again, as it has been answered");
	let_all_come();
	ok(receives("", 0) && tls_update_key(ours) == TLS_OK && both_speak(), "... also when we have one at the same time");
	for (i = 0; i < 3; i++)
		good += tls_update_key(ours) == TLS_OK && both_speak();
	ok(good == 3, "... and three more of ours");
	end();
	begin(role, "AES-128-GCM");
	for (i = 0; i < 9; i++)
		peer_updates(0);
	let_all_come();
	ok(ends(TLS_FAILED, 0), "nine new keys at once end the session");
	ok(we_say("enough", 6) && peer_receives("enough", 6), "... which the peer can be told");
	end();
}

/* Our sending key has sealed all that it may but one record. */
static void test_worn(void)
{
	begin(ROLE_SERVER, "AES-128-GCM");
	ours->out.seq = record_key_most - 1;
	if (record_lend(&ours->out, peer.session, true) < 0)
		abort();
	ok(we_say("last", 4) && ours->out.seq == record_key_most, "the last record under a key");
	ok(we_say("first", 5) && ours->out.seq == 1, "... before the next one there is a new key");
	ok(peer_receives("lastfirst", 9) && both_speak(), "... and both speak");
	end();
}

static void test_ends(void)
{
	uint64_t sent;

	begin(ROLE_SERVER, "AES-128-GCM");
	peer_says("last");
	gnutls_bye(peer.session, GNUTLS_SHUT_WR);
	let_all_come();
	ok(ends(TLS_CLOSED, 4) && memcmp(in, "last", 4) == 0, "the peer's close, behind its data");
	ok(we_say("word", 4) && peer_receives("word", 4), "... after which we still may speak");
	peer_writes("more\x17", 5);
	let_all_come();
	ok(ends(TLS_CLOSED, 0), "... but it is not heard any more");
	sent = tls_bytes_out(ours);
	tls_close(ours);
	ok(gnutls_record_recv(peer.session, in, 100) == 0, "and our close");
	ok(tls_bytes_out(ours) - sent == 2 + RECORD_OVERHEAD, "... one record");
	tls_close(ours);
	ok(!we_say("no", 2) && tls_update_key(ours) == TLS_FAILED && tls_bytes_out(ours) - sent == 2 + RECORD_OVERHEAD,
	   "... after which nothing is sent");
	end();

	begin(ROLE_SERVER, "AES-128-GCM");
	tls_close(ours);
	peer_updates(GNUTLS_KU_PEER);
	peer_says("last");
	gnutls_bye(peer.session, GNUTLS_SHUT_WR);
	let_all_come();
	ok(ends(TLS_CLOSED, 4) && memcmp(in, "last", 4) == 0, "what comes behind our close is read, a new key as well");
	end();

	begin(ROLE_CLIENT, "AES-128-GCM");
	gnutls_alert_send(peer.session, GNUTLS_AL_FATAL, GNUTLS_A_INTERNAL_ERROR);
	let_all_come();
	ok(ends(TLS_FAILED, 0) && strstr(tls_error(ours), "alert 80"), "an alert is named");
	ok(!we_say("no", 2), "... and nothing is said after it");
	end();

	begin(ROLE_CLIENT, "AES-128-GCM");
	peer_says("whole");
	peer_says("half");
	let_come(peer.size - 3);
	shutdown(peer.fd, SHUT_WR);
	ok(ends(TLS_LOST, 5), "an end within a record is a loss");
	end();

	begin(ROLE_CLIENT, "AES-128-GCM");
	shutdown(peer.fd, SHUT_WR);
	ok(ends(TLS_LOST, 0), "... and one without a close too");
	end();

	begin(ROLE_CLIENT, "AES-128-GCM");
	shutdown(peer.fd, SHUT_RD);
	{
		size_t n;

		ok(write_some("lost", 4, &n) == TLS_LOST, "who takes nothing any more is lost, too");
	}
	end();
}

/* The peer's next record with its byte at `at` changed, behind a good one. */
static void test_damage(const char *what, size_t at, uint8_t bits)
{
	size_t first;

	begin(ROLE_SERVER, "AES-128-GCM");
	peer_says("good");
	first = peer.size;
	peer_says("damaged");
	peer.wire[first + at] ^= bits;
	peer_says("good again");
	let_all_come();
	ok(ends(TLS_FAILED, 4), "%s changed", what);
	ok(ends(TLS_FAILED, 0) && we_say("no", 2) && peer_receives("no", 2), "... is the end, and the peer can be told");
	end();
}

/* That GnuTLS owes it an answer does not keep the peer from being told. */
static void test_damage_unanswered(void)
{
	begin(ROLE_SERVER, "AES-128-GCM");
	peer_updates(GNUTLS_KU_PEER);
	let_all_come();
	ok(receives("", 0), "the peer asks for a new key");
	peer_says("damaged");
	peer.wire[8] ^= 1;
	let_all_come();
	ok(ends(TLS_FAILED, 0) && we_say("told", 4) && peer_receives("told", 4), "... and what comes then is damaged");
	end();
}

/* What is no record of this connection's, in its midst. */
static void test_foreign(const char *what, const void *data, size_t size)
{
	begin(ROLE_SERVER, "AES-128-GCM");
	send(peer.fd, data, size, 0);
	peer_says("good");
	let_all_come();
	ok(ends(TLS_FAILED, 0), "%s", what);
	end();
}

/* What the peer has encrypted, though it should not have. */
static void test_strange(const char *what, const void *inner, size_t size)
{
	begin(ROLE_SERVER, "AES-128-GCM");
	peer_writes(inner, size);
	peer_says("good");
	let_all_come();
	ok(ends(TLS_FAILED, 0), "%s", what);
	ok(ends(TLS_FAILED, 0) && we_say("no", 2) && peer_receives("no", 2), "... is the end, and the peer can be told");
	end();
}

static void test_replay(void)
{
	uint8_t record[100];
	size_t size;

	begin(ROLE_SERVER, "AES-128-GCM");
	peer_says("once");
	size = peer.size;
	memcpy(record, peer.wire, size);
	let_all_come();
	send(peer.fd, record, size, 0);
	ok(ends(TLS_FAILED, 4), "a record that comes twice is the end");
	end();
}

/* Records with nothing in them are read on for nothing, and not for long. */
static void test_empty(void)
{
	int i;

	begin(ROLE_SERVER, "AES-128-GCM");
	for (i = 0; i < 200; i++)
		peer_writes("\x17\0", 1 + (size_t)i % 2);
	peer_says("data");
	let_all_come();
	ok(receives("data", 4), "200 records without data, and one with");
	for (i = 0; i < 100; i++)
		peer_writes("\x17", 1);
	let_all_come();
	ok(receives("", 0), "100 more without");
	for (i = 0; i < 100; i++)
		peer_writes("\x17", 1);
	peer_updates(0);
	let_all_come();
	ok(receives("", 0), "... and as many, and a KeyUpdate");
	peer_writes("\x17", 1);
	let_all_come();
	ok(ends(TLS_FAILED, 0), "one more is the end");
	end();
}

/* The peer takes all that it can get; whether it is this. */
static bool peer_takes(const uint8_t *data, size_t *received)
{
	size_t n;
	ssize_t r;

	while ((r = gnutls_record_recv(peer.session, in, sizeof(in))) > 0) {
		n = (size_t)r;
		if (memcmp(in, data + *received, n) != 0)
			return false;
		*received += n;
	}
	return r == GNUTLS_E_AGAIN || r == GNUTLS_E_INTERRUPTED;
}

/* The connection takes no more, again and again: nothing is lost, nor sent twice, whatever is due to be said. */
static void test_full(void)
{
	static uint8_t big[1 << 23];
	size_t sent = 0, received = 0, n, blocked = 0, asked = 0;
	int space = 20000;
	bool good = true;

	begin(ROLE_SERVER, "AES-128-GCM");
	setsockopt(our_fd(), SOL_SOCKET, SO_SNDBUF, &space, sizeof(space));
	fill(big, sizeof(big));
	while (good && received < sizeof(big)) {
		size_t piece = 1 + (size_t)rand() % 40000;
		enum tls_io io = write_some(big + sent, piece < sizeof(big) - sent ? piece : sizeof(big) - sent, &n);

		sent += n;
		good = io == TLS_OK || io == TLS_WANT_WRITE;
		if (io == TLS_OK && sent < sizeof(big))
			continue;
		if (blocked++ % 16 == 1 && asked++ < 4) {
			peer_updates(GNUTLS_KU_PEER);
			let_all_come();
			good &= receives("", 0);
		}
		if (blocked % 16 == 9 && blocked < 48)
			good &= tls_update_key(ours) == TLS_OK || transport_room(&ours->transport) < RECORD_MOST + 27;
		good &= peer_takes(big, &received);
	}
	ok(received == sizeof(big) && good, "a connection that was full %zu times", blocked);
	ok(blocked > 40 && asked >= 4, "... which it was");
	ok(both_speak(), "... and both speak");
	end();
}

/* Until so many bytes of room are left behind what cannot be sent, 27 at least: the last record is of the
 * largest size.  Returns what has been taken of the data. */
static size_t fill_room(size_t room, const uint8_t *data)
{
	size_t sent = 0, n, left;

	while (write_some(data + sent, 16384, &n) == TLS_OK || transport_room(&ours->transport) > 100000)
		sent += n;
	sent += n;
	while ((left = transport_room(&ours->transport)) > room) {
		size_t before_last = left - room - RECORD_MOST, piece = before_last - RECORD_OVERHEAD;

		if (before_last == 0)
			piece = RECORD_DATA_MOST;
		else if (before_last > 16000)
			piece = 8000;
		write_some(data + sent, piece, &n);
		if (n != piece)
			abort();
		sent += n;
	}
	return sent;
}

/* A KeyUpdate needs its room as well. */
static void test_tight(size_t room)
{
	static uint8_t big[1 << 22];
	size_t sent, received = 0, n;
	bool good = true;
	int i;

	begin(ROLE_SERVER, "AES-128-GCM");
	fill(big, sizeof(big));
	sent = fill_room(room, big);
	ok(transport_room(&ours->transport) == room, "%zu bytes of room", room);
	for (i = 0; i < 3; i++)
		good &= tls_update_key(ours) == TLS_WANT_WRITE;
	ok(good, "... are not enough for a new key");
	peer_updates(GNUTLS_KU_PEER);
	let_all_come();
	ok(receives("", 0) && write_some(big + sent, 100, &n) == TLS_WANT_WRITE && n == 0, "... nor for an answer and data");
	while (good && received < sent) {
		good = peer_takes(big, &received);
		write_some(NULL, 0, &n);
	}
	ok(good && received == sent && both_speak(), "... and nothing is lost");
	end();
}

/* What lies there is moved to make room, and none is read beyond it. */
static void test_burst(void)
{
	static uint8_t big[1 << 19];
	size_t n, got = 0, at = 0;
	int space = 1 << 20;
	bool good = true;
	uint8_t *wire = peer.wire;

	begin(ROLE_SERVER, "AES-128-GCM");
	setsockopt(peer.fd, SOL_SOCKET, SO_SNDBUF, &space, sizeof(space));
	fill(big, sizeof(big));
	while (at < sizeof(big)) {
		size_t piece = 1 + (size_t)rand() % 16384;

		if (piece > sizeof(big) - at)
			piece = sizeof(big) - at;
		gnutls_record_send(peer.session, big + at, piece);
		at += piece;
	}
	while (peer.size > 0) {
		ssize_t sent = send(peer.fd, wire, peer.size, MSG_NOSIGNAL);

		if (sent > 0) {
			peer.size -= (size_t)sent;
			wire += sent;
		}
		good &= receive(&n) == TLS_WANT_READ && memcmp(in, big + got, n) == 0;
		got += n;
	}
	ok(good && got == sizeof(big), "half a megabyte at once");
	end();
}

/* Until the login a peer may not say much. */
static void test_budget(void)
{
	size_t n, i;

	begin(ROLE_SERVER, "AES-128-GCM");
	ours->transport.lifted = false;
	for (i = 0; i < 5; i++)
		gnutls_record_send(peer.session, out, 16384);
	let_all_come();
	ok(receive(&n) == TLS_FAILED && n == 3 * 16384 && strstr(tls_error(ours), "before authentication"),
	   "64 KiB before the login, and no more");
	end();
}

/* GnuTLS out of its turn. */
static void test_turns(void)
{
	begin(ROLE_SERVER, "AES-128-GCM");
	ok(gnutls_record_send(ours->session, "x", 1) < 0 && peer_receives("", 0), "GnuTLS writes nothing by itself");
	end();
	begin(ROLE_SERVER, "AES-128-GCM");
	peer_says("data");
	let_all_come();
	there_is_more();
	ok(gnutls_record_recv(ours->session, in, 100) == GNUTLS_E_AGAIN && receives("data", 4), "... and reads nothing");
	end();
}

/* ---- when GnuTLS fails us: nothing leaves any more (--wrap, Makefile.am) */

static int failing; /* how many of the next calls do; the others are real */

int __real_gnutls_record_get_state(gnutls_session_t, unsigned, gnutls_datum_t *, gnutls_datum_t *, gnutls_datum_t *,
				   unsigned char[8]);
int __wrap_gnutls_record_get_state(gnutls_session_t, unsigned, gnutls_datum_t *, gnutls_datum_t *, gnutls_datum_t *,
				   unsigned char[8]);
int __real_gnutls_record_set_state(gnutls_session_t, unsigned, const unsigned char[8]);
int __wrap_gnutls_record_set_state(gnutls_session_t, unsigned, const unsigned char[8]);
int __real_gnutls_aead_cipher_encryptv(gnutls_aead_cipher_hd_t, const void *, size_t, const giovec_t *, int, size_t,
				       const giovec_t *, int, void *, size_t *);
int __wrap_gnutls_aead_cipher_encryptv(gnutls_aead_cipher_hd_t, const void *, size_t, const giovec_t *, int, size_t,
				       const giovec_t *, int, void *, size_t *);

static bool fails(void)
{
	return failing > 0 && --failing == 0;
}

int __wrap_gnutls_record_get_state(gnutls_session_t s, unsigned read, gnutls_datum_t *mac, gnutls_datum_t *iv,
				   gnutls_datum_t *key, unsigned char seq[8])
{
	return fails() ? GNUTLS_E_INVALID_REQUEST : __real_gnutls_record_get_state(s, read, mac, iv, key, seq);
}

int __wrap_gnutls_record_set_state(gnutls_session_t s, unsigned read, const unsigned char seq[8])
{
	return fails() ? GNUTLS_E_INVALID_REQUEST : __real_gnutls_record_set_state(s, read, seq);
}

int __wrap_gnutls_aead_cipher_encryptv(gnutls_aead_cipher_hd_t h, const void *nonce, size_t nonce_size,
				       const giovec_t *auth, int auth_n, size_t tag, const giovec_t *iov, int iov_n,
				       void *to, size_t *to_size)
{
	return fails() ? GNUTLS_E_ENCRYPTION_FAILED
		       : __real_gnutls_aead_cipher_encryptv(h, nonce, nonce_size, auth, auth_n, tag, iov, iov_n, to,
							    to_size);
}

static void test_failures(void)
{
	int call;

	begin(ROLE_SERVER, "AES-128-GCM");
	failing = 1;
	ok(!we_say("no", 2) && failing == 0, "a record that cannot be sealed");
	ok(!we_say("no", 2) && tls_update_key(ours) == TLS_FAILED && peer_receives("", 0), "... is the last one");
	end();
	/* Both numbers are lent, and both keys taken. */
	for (call = 1; call <= 4; call++) {
		begin(ROLE_SERVER, "AES-128-GCM");
		failing = call;
		ok(tls_update_key(ours) == TLS_FAILED && failing == 0, "call %d of a turn fails", call);
		ok(!we_say("no", 2) && peer_receives("", 0), "... and nothing more is sent");
		end();
	}
}

/* ---- two messages in the last record of the handshake */

static gnutls_datum_t finished_secret;
static uint8_t secret_bytes[32];

static int keep_secret(gnutls_session_t session, const char *label, const gnutls_datum_t *secret)
{
	(void)session;
	if (strcmp(label, "CLIENT_HANDSHAKE_TRAFFIC_SECRET") == 0) {
		memcpy(secret_bytes, secret->data, sizeof(secret_bytes));
		finished_secret = (gnutls_datum_t){ secret_bytes, sizeof(secret_bytes) };
	}
	return 0;
}

/* HKDF-Expand-Label with an empty context: RFC 8446 section 7.1. */
static void expand(const char *label, uint8_t *ret, size_t size)
{
	uint8_t info[32];
	int n = snprintf((char *)info + 3, sizeof(info) - 4, "tls13 %s", label);
	gnutls_datum_t datum = { info, (unsigned)n + 4 };

	info[0] = 0;
	info[1] = (uint8_t)size;
	info[2] = (uint8_t)n;
	info[3 + n] = 0;
	if (gnutls_hkdf_expand(GNUTLS_MAC_SHA256, &finished_secret, &datum, ret, size) < 0)
		abort();
}

/* A KeyUpdate behind Finished, in what the client is about to send. */
static void append_update(void)
{
	uint8_t key_bytes[16], iv_bytes[RECORD_NONCE], inner[100], *p = peer.wire + (peer.wire[0] == 20 ? 6 : 0);
	gnutls_datum_t key = { key_bytes, sizeof(key_bytes) }, iv = { iv_bytes, sizeof(iv_bytes) };
	struct record_key k = {};
	size_t n;

	expand("key", key_bytes, sizeof(key_bytes));
	expand("iv", iv_bytes, sizeof(iv_bytes));
	if (record_key_set(&k, GNUTLS_CIPHER_AES_128_GCM, &key, &iv, 0) < 0 || record_size(p) > sizeof(inner) ||
	    record_open(&k, p, record_size(p), inner, &n) != RECORD_HANDSHAKE)
		abort();
	memcpy(inner + n, "\x18\x00\x00\x01\x00\x16", 6);
	peer.size = (size_t)(p - peer.wire) + seal_inner(&k, inner, n + 6, p);
	record_key_free(&k);
}

static void test_leftover(void)
{
	int pair[2], turn, r = -1;
	enum tls_io io = TLS_WANT_READ;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) < 0 || tls_new(ROLE_SERVER, pair[0], "", &ours) < 0)
		abort();
	peer.fd = pair[1];
	peer_begin(ROLE_CLIENT, "AES-128-GCM");
	gnutls_session_set_keylog_function(peer.session, keep_secret);
	for (turn = 0; turn < 10 && (io == TLS_WANT_READ || io == TLS_WANT_WRITE); turn++) {
		io = tls_handshake(ours);
		if (r < 0) {
			r = gnutls_handshake(peer.session);
			if (r == 0)
				append_update();
		}
		let_all_come();
		there_is_more();
	}
	ok(r == 0 && io == TLS_FAILED, "a KeyUpdate in the record of Finished");
	end();
}

int main(void)
{
	int role;

	srand(1);
	for (role = ROLE_SERVER; role <= ROLE_CLIENT; role++) {
		test_data(role, "AES-128-GCM");
		test_data(role, "AES-256-GCM");
		test_data(role, "CHACHA20-POLY1305");
		test_key_updates(role);
	}
	test_pieces();
	test_padding();
	test_worn();
	test_ends();
	test_damage("the type", 0, 1);
	test_damage("the version", 1, 1);
	test_damage("the length", 4, 1);
	test_damage("the data", 6, 0x80);
	test_damage_unanswered();
	test_foreign("a record without encryption", "\x16\x03\x03\x00\x05\x18\x00\x00\x01\x00", 10);
	test_foreign("an alert without encryption", "\x15\x03\x03\x00\x02\x01\x00", 7);
	test_foreign("an empty record", "\x17\x03\x03\x00\x00", 5);
	test_foreign("a record that is too large", "\x17\x03\x03\xff\xff", 5);
	test_foreign("no TLS at all", "SSH-2.0-OpenSSH_9.2p1\r\n", 23);
	out[RECORD_DATA_MOST + 1] = 23;
	test_strange("more data than a record may have", out, RECORD_DATA_MOST + 2);
	test_strange("a record of an unknown type", "\x01\x02\x63", 3);
	test_strange("a record of no type", "\0\0\0", 3);
	test_strange("a handshake message that comes too late", "\x01\x00\x00\x00\x16", 5);
	test_strange("a KeyUpdate that is none", "\x18\x00\x00\x01\x02\x16", 6);
	test_strange("half a KeyUpdate", "\x18\x00\x00\x16", 4);
	test_strange("two of them", "\x18\x00\x00\x01\x00\x18\x00\x00\x01\x00\x16", 11);
	test_strange("an empty handshake record", "\x16", 1);
	test_strange("an alert of three bytes", "\x02\x50\x00\x15", 4);
	test_replay();
	test_empty();
	test_full();
	test_tight(27);
	test_tight(100);
	test_tight(RECORD_MOST);
	test_tight(RECORD_MOST + 26);
	test_burst();
	test_budget();
	test_turns();
	test_failures();
	test_leftover();
	return finish();
}
