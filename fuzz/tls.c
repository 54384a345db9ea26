/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * u8 session | u8 records left under its keys | steps of u8 what | u8 n, and bytes behind some: our TLS after
 * its handshake with a peer that is GnuTLS alone.  What we read is what the peer has said: all of it that
 * nobody has touched, and nothing else whatever was done.  The peer opens each record of ours, so none of
 * them has a nonce twice, and receives what we have written.
 */
#include "fuzz.h"
#include "tls_net.h"
#include "tls_peer.h"
#include "worker/tls_state.h"

enum {
	MOST = 512,  /* bytes of input */
	EARLY = 100, /* bytes of data */
	OWED = 2,    /* KeyUpdates of ours: for a worn key, and one that the peer has asked for */
};

/* The bits of a session: our role, the cipher, and what is not as usual. */
enum { CLIENT = 1, CIPHER = 6, BUDGET = 8, SEGMENTS = 16, WE_ARE_WORN = 32, PEER_IS_WORN = 64, SAYS_EARLY = 128 };

enum {
	PEER_SAYS, PEER_PADS, PEER_UPDATES, PEER_SAYS_NOTHING, PEER_SEALS, PEER_SEALS_MUCH, PEER_ENDS, PEER_READS,
	RAW, DAMAGE, REPLAY, LOSE, COME, ROOM, TIME,
	READ, WRITE, UPDATE, CLOSE, BREAK,
	STEPS
};

static struct tls *ours;
static enum tls_io ended;
static size_t written, received; /* of our data */
static unsigned our_updates;     /* at most */
static bool answer_due;          /* the peer has asked for a new key */
static bool closed, unsaid;      /* we have; and nobody has been told */
static bool deaf;                /* the peer reads no more */

/* ---- we read */

static size_t unread(void)
{
	return to_us.tail - to_us.head + ours->transport.tail - ours->transport.head;
}

static void heed(const uint8_t *data, size_t size)
{
	must(size <= said_size - heard && memcmp(data, said + heard, size) == 0);
	heard += size;
	if (asks_at < spoilt && come >= asks_at + unread()) {
		answer_due = true;
		asks_at = UINT64_MAX;
	}
}

/* All has been read. */
static void settle(enum tls_io io)
{
	must_end_well(io);
	if (ends_at == alert_at && come >= alert_at && come < spoilt)
		must(!ours->out.aead); /* RFC 8446 section 6.2 */
}

/* At most so many times. */
static void we_read(unsigned most)
{
	static uint8_t data[TLS_READ_ROOM];
	unsigned idle = 0;

	for (; most > 0; most--) {
		size_t n = SIZE_MAX, before = unread();
		enum tls_io io = tls_read(ours, data, &n);

		must(!ended || io == ended);
		if (io == TLS_OK) {
			must(unread() < before);
			heed(data, n);
			idle = 0;
			continue;
		}
		must(io != TLS_WANT_WRITE);
		if (io >= TLS_CLOSED) {
			must(ours->error[0]);
			ended = io;
		}
		if (ended || !is_readable()) {
			settle(io);
			break;
		}
		must(++idle < 20);
		tls_readable(ours);
	}
}

/* ---- we write */

static uint64_t all_out(void)
{
	return ours->transport.out + ours->transport.gathered - ours->transport.sent;
}

/* It was done, or as far as the network takes it. */
static void must_succeed(enum tls_io io)
{
	must(ours->out.seq <= record_key_most || broken);
	must(ours->out.aead || closed || (alerts && ended == TLS_FAILED));
	switch (io) {
	case TLS_OK:
		break;
	case TLS_WANT_WRITE:
		must(full);
		break;
	case TLS_LOST:
		must(broken);
		break;
	default:
		must(!ours->out.aead || (broken && ours->transport.over));
	}
}

static void we_write(size_t size)
{
	uint8_t iv[RECORD_NONCE];
	uint64_t before = all_out();
	size_t n = SIZE_MAX;
	enum tls_io io;

	if (size > SAID_MOST - written)
		return;
	full = false;
	memcpy(iv, ours->out.iv, sizeof(iv));
	io = tls_write(ours, pattern + written % PERIOD, size, &n);
	must(n <= size && (io != TLS_OK || n == size));
	must(io != TLS_OK || ours->transport.gathered == 0);
	written += n;
	must_succeed(io);
	if (!ours->out.aead)
		must(n == 0 && all_out() == before);
	if (answer_due && n > 0) {
		must(memcmp(iv, ours->out.iv, sizeof(iv)) != 0 || ended > TLS_CLOSED);
		answer_due = false;
	}
}

static void we_update(void)
{
	full = false;
	our_updates++;
	must_succeed(tls_update_key(ours));
}

/* Where the network takes nothing there may be no room for it. */
static void we_close(void)
{
	bool has_room = transport_room(&ours->transport) >= 2 + RECORD_OVERHEAD, can = ours->out.aead;
	uint64_t before = all_out();

	tls_close(ours);
	if (can && all_out() == before) {
		must(!has_room || broken);
		unsaid = true;
	}
	closed = true;
}

static ssize_t peer_pulls(gnutls_transport_ptr_t context, void *data, size_t size)
{
	size_t n = take(&to_peer, data, size);

	(void)context;
	if (n == 0)
		gnutls_transport_set_errno(peer.session, EAGAIN);
	return n > 0 ? (ssize_t)n : -1;
}

static void peer_reads(void)
{
	static uint8_t data[RECORD_DATA_MOST];
	ssize_t r;

	while (!deaf) {
		r = gnutls_record_recv(peer.session, data, sizeof(data));
		if (r > 0) {
			must((size_t)r <= written - received);
			must(memcmp(data, pattern + received % PERIOD, (size_t)r) == 0);
			received += (size_t)r;
		} else if (r != GNUTLS_E_AGAIN) {
			must(r == 0 ? closed && is_empty(&to_peer)
				    : our_updates > UPDATES_MOST && r == GNUTLS_E_TOO_MANY_HANDSHAKE_PACKETS);
			deaf = true;
		} else if (is_empty(&to_peer)) {
			break;
		}
	}
	if (deaf)
		to_peer.head = to_peer.tail;
	else
		must(received == written || ours->transport.gathered > 0 || broken);
}

/* ---- a session */

/* More KeyUpdates may come, if none are on their way. */
static void time_passes(void)
{
	now.tv_sec += 2;
	if (peer.size == 0 && unread() == 0)
		updates = 0;
	if (is_empty(&to_peer) && ours->transport.gathered == 0)
		our_updates = OWED;
}

static void shake_hands(uint8_t what)
{
	static const char *const ciphers[] = { "AES-128-GCM", "AES-256-GCM", "CHACHA20-POLY1305", "AES-128-GCM" };
	int role = what & CLIENT ? ROLE_CLIENT : ROLE_SERVER, r = -1, turn;
	enum tls_io io = TLS_WANT_READ;

	must(tls_new(role, FD, "", &ours) == 0);
	peer_begin(role == ROLE_SERVER ? ROLE_CLIENT : ROLE_SERVER, ciphers[(what & CIPHER) / 2]);
	gnutls_transport_set_pull_function(peer.session, peer_pulls);
	gnutls_handshake_set_timeout(peer.session, 0);
	for (turn = 0; turn < 10 && (r < 0 || io != TLS_OK); turn++) {
		if (io != TLS_OK)
			io = tls_handshake(ours);
		if (r < 0) {
			r = gnutls_handshake(peer.session);
			if (r == 0 && what & SAYS_EARLY)
				peer_says(EARLY, 0);
		}
		let_come(peer.size);
		tls_readable(ours);
	}
	must(r == 0 && io == TLS_OK && peer.size == 0 && is_empty(&to_peer));
}

static void begin(uint8_t what, uint8_t left)
{
	net_begin();
	promise_nothing();
	shake_hands(what);
	promise_nothing();
	written = received = 0;
	our_updates = OWED;
	ended = 0;
	answer_due = closed = unsaid = deaf = false;
	if (what & SAYS_EARLY) {
		memcpy(said, pattern, EARLY);
		said_size = marks[0].said = EARLY;
		marks[0].end = 0;
		n_marks = 1;
	}
	if (what & BUDGET)
		end_there(TRANSPORT_PREAUTH_MOST - tls_bytes_in(ours) - (to_us.tail - to_us.head), TLS_FAILED);
	else
		tls_lift_budget(ours);
	if (!(what & SEGMENTS))
		tls_limit_segments(ours, 0);
	if (what & WE_ARE_WORN) {
		ours->out.seq = record_key_most - left;
		must(record_lend(&ours->out, peer.session, true) == 0);
	}
	if (what & PEER_IS_WORN && !(what & SAYS_EARLY)) {
		ours->in.seq = record_key_most - left;
		must(record_lend(&ours->in, peer.session, false) == 0);
	}
}

static size_t scaled(uint8_t n)
{
	return n < 128 ? n : (size_t)(n - 127) * 128;
}

/* Each returns how many of the bytes behind the step belong to it. */
static size_t peer_step(uint8_t what, uint8_t n, const uint8_t *data, size_t size)
{
	if (sizeof(peer.wire) - peer.size < WIRE_FREE || SAID_MOST - said_size < WIRE_FREE)
		return 0;
	switch (what) {
	case PEER_SAYS:
		peer_says(scaled(n), 0);
		return 0;
	case PEER_PADS:
		peer_says(1 + n % 50, scaled(n));
		return 0;
	case PEER_UPDATES:
		peer_updates(n & 1);
		our_updates += n & 1;
		return 0;
	case PEER_SAYS_NOTHING:
		peer_says_nothing(n);
		return 0;
	case PEER_SEALS_MUCH:
		peer_seals_data(its_next(), RECORD_DATA_MOST - 16 + (n & 31), (n >> 5) * 32);
		return 0;
	case PEER_ENDS:
		peer_ends(n & 1 ? TLS_FAILED : TLS_CLOSED, n >> 1);
		return 0;
	case REPLAY:
		replay(scaled(n));
		return 0;
	}
	if (size > n)
		size = n;
	if (what == RAW) {
		raw(data, size);
	} else {
		peer_seals(data, size);
		our_updates++;
	}
	return size;
}

static size_t step(uint8_t what, uint8_t n, const uint8_t *data, size_t size)
{
	switch (what) {
	case PEER_READS:
		peer_reads();
		return 0;
	case DAMAGE:
		damage(n < 128 ? n : peer.size - 1 - (n - 128), size > 0 ? data[0] : 1);
		return size > 0;
	case LOSE:
		lose(scaled(n));
		return 0;
	case COME:
		let_come(n == 255 ? peer.size : scaled(n));
		return 0;
	case ROOM:
		room = n == 255 ? SIZE_MAX : scaled(n);
		return 0;
	case TIME:
		time_passes();
		return 0;
	case READ:
		we_read(n ? n : UINT32_MAX);
		return 0;
	case WRITE:
		we_write(n < 128 ? n : (size_t)(n - 127) * 500);
		return 0;
	case UPDATE:
		we_update();
		return 0;
	case CLOSE:
		we_close();
		return 0;
	case BREAK:
		*(n & 1 ? &broken : &shut) = true;
		return 0;
	default:
		return peer_step(what, n, data, size);
	}
}

/* All arrives, and a last word. */
static void finish(void)
{
	room = SIZE_MAX;
	let_come(peer.size);
	we_read(UINT32_MAX);
	while (!broken && ours->transport.gathered > 0) {
		peer_reads();
		we_write(0);
	}
	we_write(10);
	peer_reads();
	we_close();
	peer_reads();
	must(deaf || broken || alerts || unsaid);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t at, n;

	if (size < 2 || size > MOST)
		return 0;
	begin(data[0], data[1]);
	for (at = 2; at + 2 <= size; at += 2 + n)
		n = step(data[at] % STEPS, data[at + 1], data + at + 2, size - at - 2);
	finish();
	tls_free(ours);
	peer_end();
	return 0;
}
