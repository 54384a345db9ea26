/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The frame table of doc/PROTOCOL.md, and what an end says.
 */
#include <errno.h>

#include "tap.h"
#include "worker/wire.h"

/* The document's table once more, in its own words: "s" to the server, "c" to the client; states
 * A(UTH), N(EGO), R(UN), S(tream's run), U(DP's run). */
static const struct row {
	const char *name;
	uint8_t type;
	const char *to, *states;
	size_t least, most;
} table[] = {
	{ "PROOF_REQ", 0x01, "s", "A", 4, 4 },
	{ "AUTH_INIT", 0x03, "s", "A", 100, 100 },
	{ "AUTH_RESP", 0x04, "c", "A", 36, 36 },
	{ "AUTH_CONF", 0x05, "s", "A", 64, 64 },
	{ "AUTH_OK", 0x06, "c", "A", 64, 64 },
	{ "ERROR", 0x07, "sc", "ANRSU", 5, 132 },
	{ "OFFER", 0x08, "c", "N", 0, 4096 },
	{ "ACCEPT", 0x09, "s", "N", 0, 4096 },
	{ "START", 0x0a, "c", "N", 4, 4 },
	{ "DATA", 0x10, "sc", "RSU", 0, 65792 },
	{ "DATA_Z", 0x11, "sc", "RSU", 4, 65792 },
	{ "DATA_EOF", 0x12, "sc", "S", 0, 0 },
	{ "ECHO_REQ", 0x14, "sc", "RSU", 12, 12 },
	{ "ECHO_REP", 0x15, "sc", "RSU", 12, 12 },
	{ "CLOSE", 0x16, "sc", "RSU", 2, 130 },
	{ "REKEY_REQ", 0x18, "sc", "U", 40, 40 },
	{ "REKEY_RESP", 0x19, "sc", "U", 40, 40 },
	{ "REKEY_DONE", 0x1a, "sc", "U", 4, 4 },
	{ "PATH_STATE", 0x1b, "sc", "U", 4, 4 },
	{ "STATS", 0x90, "sc", "RSU", 48, 48 },
	{ "MTU_HINT", 0x91, "sc", "U", 4, 4 },
};

static const struct row *row_of(unsigned type)
{
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].type == type)
			return &table[i];
	return NULL;
}

static const size_t lengths[] = {
	0, 1, 2, 3, 4, 5, 6, 11, 12, 13, 35, 36, 37, 39, 40, 41, 47, 48, 49, 63, 64, 65, 67, 68, 69,
	99, 100, 101, 129, 130, 131, 132, 133, 163, 164, 165, 4095, 4096, 4097, 16384, 65535,
	65791, 65792, 65793, 0xfffffe, 0xffffff,
};

/* Every length of the list, both roles, all states: the number of wrong answers. */
static int mistakes(unsigned type, const struct row *row)
{
	static const char roles[] = { [ROLE_SERVER] = 's', [ROLE_CLIENT] = 'c' };
	static const char states[] = { 'A', 'N', 'R', 'S', 'U' };
	int wrong = 0, role, expected;
	size_t i, s;

	for (role = ROLE_SERVER; role <= ROLE_CLIENT; role++)
		for (s = 0; s < sizeof(states); s++)
			for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
				size_t n = lengths[i];

				if (row)
					expected = strchr(row->to, roles[role]) &&
						   strchr(row->states, states[s]) &&
						   n >= row->least && n <= row->most ? 1 : -EPROTO;
				else
					expected = type >= 0x80 && n <= 4096 ? 0 : -EPROTO;
				wrong += wire_admit(role, (enum wire_state)s, (uint8_t)type, n) !=
					 expected;
			}
	return wrong;
}

static void frames(void)
{
	int unknown = 0, optional = 0;
	uint8_t header[WIRE_HEADER];
	unsigned type;

	for (type = 0; type < 256; type++) {
		const struct row *row = row_of(type);

		if (row)
			ok(mistakes(type, row) == 0, "%s: only its way, its state and its length",
			   row->name);
		else if (type < 0x80)
			unknown += mistakes(type, row);
		else
			optional += mistakes(type, row);
	}
	ok(unknown == 0, "an unknown type is fatal");
	ok(optional == 0, "an unknown optional type is skipped up to 4,096 bytes, fatal beyond");
	ok(wire_admit(ROLE_CLIENT, WIRE_AUTH, FRAME_AUTH_OK, 0) == -EPROTO,
	   "an AUTH_OK without the server's tag is no login");
	ok(wire_admit(ROLE_SERVER, WIRE_RUN, FRAME_DATA, 0xffffff) == -EPROTO,
	   "16 MiB of DATA are refused at the header");

	wire_put_header(header, FRAME_DATA, 65792);
	ok(is_hex(header, 4, "10010100"), "a header is type and 24 bits of length");
}

static void reasons(void)
{
	struct wire_reason in = { REASON_BUSY, 300, "try later" }, out, before;
	uint8_t bytes[200] = {};
	size_t n, cut, wrong;

	n = wire_put_error(&in, bytes);
	ok(is_hex(bytes, n, "0002012c09747279206c61746572"), "ERROR has its form");
	ok(wire_get_error(bytes, n, &out) == 0 && !memcmp(&in, &out, sizeof(in)), "and comes back");
	memset(&before, 0x55, sizeof(before));
	for (cut = wrong = 0; cut < n; cut++) {
		out = before;
		wrong += wire_get_error(bytes, cut, &out) != -EPROTO ||
			 memcmp(&out, &before, sizeof(out));
	}
	ok(wrong == 0, "a truncated ERROR is refused at every length, and nothing written");
	ok(wire_get_error(bytes, n + 1, &out) == -EPROTO, "one with bytes behind its text too");
	bytes[7] = 0;
	ok(wire_get_error(bytes, n, &out) == -EPROTO, "one with a NUL in its text too");

	n = wire_put_close(&in, bytes);
	ok(is_hex(bytes, n, "0002747279206c61746572"), "CLOSE has its form");
	in.detail = 0;
	ok(wire_get_close(bytes, n, &out) == 0 && !memcmp(&in, &out, sizeof(in)), "and comes back");
	ok(wire_get_close(bytes, 2, &out) == 0 && !out.text[0], "its text may be empty");
	ok(wire_get_close(bytes, 1, &out) == -EPROTO && wire_get_close(bytes, 0, &out) == -EPROTO,
	   "its code must be there");

	memset(in.text, 'x', REASON_TEXT_MAX);
	n = wire_put_error(&in, bytes);
	ok(n == WIRE_REASON_MOST && wire_get_error(bytes, n, &out) == 0 &&
	   strlen(out.text) == REASON_TEXT_MAX, "127 bytes of text fit");
	bytes[4] = 0xff;
	ok(wire_get_error(bytes, n, &out) == -EPROTO && wire_get_error(bytes, 200, &out) == -EPROTO,
	   "a count beyond the frame is refused");
	n = wire_put_close(&in, bytes);
	bytes[n] = 'y';
	ok(wire_get_close(bytes, n + 1, &out) == 0 && strlen(out.text) == REASON_TEXT_MAX &&
	   !strchr(out.text, 'y'), "of CLOSE's 128 bytes of text the last is cut");
	ok(wire_get_close(bytes, n + 2, &out) == -EPROTO, "129 are refused");

	memcpy(bytes, "\0\3\0\0\2\33\n", 7);
	ok(wire_get_error(bytes, 7, &out) == 0 && !strcmp(out.text, "\33\n"),
	   "control characters are kept for the log to escape");
}

static void stats(void)
{
	struct tally t = {
		.tx_frames = 1, .tx_bytes = 0x0102030405060708, .rx_frames = 3, .rx_bytes = 4,
		.tx_drops = 5, .rx_drops = 6, .srtt_us = 7,
	}, peer = { .tx_frames = 99, .srtt_us = 98 };
	uint8_t bytes[WIRE_STATS_SIZE];

	wire_put_stats(&t, bytes);
	ok(is_hex(bytes, sizeof(bytes), "0000000000000001" "0102030405060708" "0000000000000003"
		  "0000000000000004" "000000000000000b" "0000000000000007"), "STATS has its form");
	wire_get_stats(bytes, &peer);
	ok(peer.peer_tx_frames == 1 && peer.peer_tx_bytes == t.tx_bytes &&
	   peer.peer_rx_frames == 3 && peer.peer_rx_bytes == 4 && peer.peer_drops == 11,
	   "and comes back as the peer's");
	ok(peer.tx_frames == 99 && peer.srtt_us == 98, "our own figures stay ours");
}

int main(void)
{
	frames();
	reasons();
	stats();
	return finish();
}
