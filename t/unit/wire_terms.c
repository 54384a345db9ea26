/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * OFFER and ACCEPT: what one side says is what the other reads, and nothing else gets in.
 */
#include <errno.h>

#include "common/bytes.h"
#include "tap.h"
#include "worker/wire.h"

static const struct terms tun_udp = {
	.type = TUNNEL_TUN, .proto = PROTO_UDP, .encrypt = 1, .comp_alg = COMP_LZO, .comp_level = 9,
	.keepalive_s = 30, .keepalive_misses = 4, .speed_to_client = 1000, .speed_to_server = 2000,
	.mtu = 1446, .caps = CAP_VNET_HDR | CAP_UDP_ROAM | CAP_ARQ | CAP_STATS, .vnet_features = 0x4f,
	.udp_port = 5001, .udp_family = 4, .udp_addr = { 192, 0, 2, 1 },
	.suites = { SUITE_AES_128_GCM, SUITE_AES_256_GCM, SUITE_CHACHA20_POLY1305 },
	.spi = 0xa1b2c3d4, .rekey_s = 7200, .arq_window = 512, .arq_retries = 2, .arq_ordered = 1,
	.arq_lifetime_ms = 500, .session_id = { 1, 2, 3 }, .version = "vtun 4.0.0",
};
static const struct terms tty_tcp = {
	.type = TUNNEL_TTY, .proto = PROTO_TCP, .encrypt = 1, .comp_alg = COMP_DEFLATE,
	.comp_level = 6, .comp_mode = COMP_STREAM, .rekey_s = 3600, .session_id = { 9 },
};

static uint8_t bytes[2 * WIRE_TLVS_MOST];
static size_t size;

static int same(const struct terms *a, const struct terms *b)
{
	return !memcmp(a, b, sizeof(*a));
}

/* Reads `bytes` as an OFFER: 0, -EPROTO or the TLV that is wrong. */
static int offer_verdict(void)
{
	struct terms t;
	uint16_t detail = 0;
	int r = wire_get_offer(bytes, size, &t, &detail);

	return r == -EINVAL ? detail : r;
}

static int accept_verdict(const struct terms *offer)
{
	struct terms t;
	uint16_t detail = 0;
	int r = wire_get_accept(bytes, size, offer, &t, &detail);

	return r == -EINVAL ? detail : r;
}

static int offer_of(struct terms t)
{
	size = wire_put_offer(&t, bytes);
	return offer_verdict();
}

static int accept_of(struct terms t, const struct terms *offer)
{
	size = wire_put_accept(&t, bytes);
	return accept_verdict(offer);
}

static void add(uint16_t type, const void *value, size_t n)
{
	put_be16(bytes + size, type);
	put_be16(bytes + size + 2, (uint16_t)n);
	if (n)
		memcpy(bytes + size + 4, value, n);
	size += 4 + n;
}

/* Where the TLV is in `bytes`; aborts if it is not. */
static size_t find(uint16_t type)
{
	size_t at;

	for (at = 0; at < size; at += 4u + get_be16(bytes + at + 2))
		if (get_be16(bytes + at) == type)
			return at;
	abort();
}

static void cut_out(uint16_t type)
{
	size_t at = find(type), n = 4u + get_be16(bytes + at + 2);

	memmove(bytes + at, bytes + at + n, size - at - n);
	size -= n;
}

/* Changes one TLV of a good OFFER to this value. */
static int offer_with(uint16_t type, const void *value, size_t n)
{
	size = wire_put_offer(&tun_udp, bytes);
	cut_out(type);
	add(type, value, n);
	return offer_verdict();
}

static void round_trips(void)
{
	struct terms t = tun_udp, got;
	uint16_t detail = 0x55;

	size = wire_put_offer(&t, bytes);
	ok(wire_get_offer(bytes, size, &got, &detail) == 0 && same(&got, &t),
	   "an OFFER with everything in it comes back as it was");
	ok(is_hex(bytes, 30, "8001000101" "8002000102" "80030003010900" "8004000101"
		  "80050004001e0004"), "and begins as the document says");
	ok(detail == 0x55, "no detail is written when nothing is wrong");

	size = wire_put_offer(&tty_tcp, bytes);
	ok(wire_get_offer(bytes, size, &got, &detail) == 0 && same(&got, &tty_tcp),
	   "the OFFER of a tty too");

	t.udp_family = 6;
	memset(t.udp_addr, 0x20, 16);
	size = wire_put_offer(&t, bytes);
	ok(wire_get_offer(bytes, size, &got, &detail) == 0 && same(&got, &t),
	   "an IPv6 address of the UDP socket too");

	t = tun_udp;
	t.udp_port = 0;
	size = wire_put_offer(&t, bytes);
	ok(wire_get_offer(bytes, size, &got, &detail) == 0 && !got.udp_port && !got.spi &&
	   !got.suites[0], "proto udp without a port is an OFFER without a UDP path");

	t = tun_udp;
	t.rekey_s = 0;
	size = wire_put_offer(&t, bytes);
	ok(wire_get_offer(bytes, size, &got, &detail) == 0 && got.rekey_s == 3600,
	   "without a word on rekeying it is every hour");
}

static void accepts(void)
{
	struct terms t = tun_udp, got;
	uint16_t detail = 0;

	t.mtu = 1400;
	t.caps = CAP_STATS;
	memset(t.suites, 0, sizeof(t.suites));
	t.suites[0] = SUITE_AES_256_GCM;
	t.spi = 0x01020304;
	memcpy(t.version, "vtun 4.1\0\0", 11);
	size = wire_put_accept(&t, bytes);
	t.vnet_features = 0;
	t.arq_window = 0;
	ok(wire_get_accept(bytes, size, &tun_udp, &got, &detail) == 0 && same(&got, &t),
	   "an ACCEPT is the offer, with the client's choices in it");

	t = tun_udp;
	memset(t.suites + 1, 0, sizeof(t.suites) - 1);
	ok(accept_of(t, &tun_udp) == 0, "all that was offered may be accepted");
	ok(accept_of(tty_tcp, &tty_tcp) == 0, "by a tty too");
	t.udp_port = 0;
	ok(accept_of(t, &t) == 0, "without a UDP path nothing is said of it");
	ok(accept_of(t, &tun_udp) == -EPROTO, "an offered UDP path needs suite and SPI");
}

static void refused_accepts(void)
{
	struct terms good = tun_udp, t;

	memset(good.suites + 1, 0, sizeof(good.suites) - 1);
	t = good;
	t.type = TUNNEL_ETHER;
	ok(accept_of(t, &tun_udp) == TLV_TYPE, "another type than offered is refused");
	t = good;
	t.proto = PROTO_TCP;
	ok(accept_of(t, &tun_udp) == TLV_PROTO, "another transport is refused");
	t = good;
	t.comp_level = 1;
	ok(accept_of(t, &tun_udp) == TLV_COMP, "another compression is refused");
	t = good;
	t.encrypt = 0;
	ok(accept_of(t, &tun_udp) == TLV_ENCR, "less encryption than offered is refused");
	t = good;
	t.mtu = tun_udp.mtu + 1;
	ok(accept_of(t, &tun_udp) == TLV_MTU, "a larger MTU than offered is refused");
	t = good;
	t.mtu = 0;
	ok(accept_of(t, &tun_udp) == TLV_MTU, "an MTU of 0 is refused");
	t = good;
	t.caps |= 0x80000000;
	ok(accept_of(t, &tun_udp) == TLV_CAPS, "a capability that was not offered is refused");
	t = good;
	t.suites[0] = SUITE_AES_128_GMAC;
	ok(accept_of(t, &tun_udp) == TLV_UDP_SUITES, "a suite that was not offered is refused");
	t.suites[0] = 99;
	ok(accept_of(t, &tun_udp) == TLV_UDP_SUITES, "an unknown suite is refused");
	t.suites[0] = 0;
	ok(accept_of(t, &tun_udp) == TLV_UDP_SUITES, "no suite is refused");
	ok(accept_of(tun_udp, &tun_udp) == TLV_UDP_SUITES, "several suites are refused");
	t = good;
	t.spi = 0;
	ok(accept_of(t, &tun_udp) == TLV_SPI, "an SPI of 0 is refused");
	t.spi = 255;
	ok(accept_of(t, &tun_udp) == TLV_SPI, "a reserved SPI is refused");
	t.spi = 0xffffffff;
	ok(accept_of(t, &tun_udp) == TLV_SPI, "the highest SPI is refused");
	size = wire_put_accept(&good, bytes);
	add(TLV_KEEPALIVE, "\0\1\0\1", 4);
	ok(accept_verdict(&tun_udp) == -EPROTO, "the client does not set the keepalive");
	size = 0;
	ok(accept_verdict(&tun_udp) == -EPROTO, "an empty ACCEPT is refused");
}

static void missing(void)
{
	static const uint16_t must[] = {
		TLV_TYPE, TLV_PROTO, TLV_COMP, TLV_ENCR, TLV_KEEPALIVE, TLV_MTU, TLV_UDP_SUITES,
		TLV_SPI, TLV_SESSION_ID, TLV_VNET_FEAT, TLV_ARQ,
	}, may[] = { TLV_SPEED, TLV_REKEY, TLV_VERSION };
	size_t i;

	for (i = 0; i < sizeof(must) / sizeof(must[0]); i++) {
		size = wire_put_offer(&tun_udp, bytes);
		cut_out(must[i]);
		ok(offer_verdict() == -EPROTO, "an OFFER without TLV %04x is refused", must[i]);
	}
	for (i = 0; i < sizeof(may) / sizeof(may[0]); i++) {
		size = wire_put_offer(&tun_udp, bytes);
		cut_out(may[i]);
		ok(offer_verdict() == 0, "one without TLV %04x is not", may[i]);
	}
	size = wire_put_offer(&tty_tcp, bytes);
	add(TLV_MTU, "\5\334", 2);
	ok(offer_verdict() == -EPROTO, "a tty has no MTU");
	size = wire_put_offer(&tty_tcp, bytes);
	add(TLV_SPI, "\1\2\3\4", 4);
	ok(offer_verdict() == -EPROTO, "proto tcp has no SPI");
	size = 0;
	ok(offer_verdict() == -EPROTO, "an empty OFFER is refused");
}

static void malformed(void)
{
	struct terms t, before;
	size_t n, i, wrong = 0;
	uint16_t detail;

	memset(&before, 0x55, sizeof(before));
	n = wire_put_offer(&tun_udp, bytes);
	for (size = 0; size < n; size++) {
		t = before;
		/* An end between two TLVs leaves out VERSION alone without harm. */
		if (size == n - 4 - strlen(tun_udp.version))
			continue;
		wrong += wire_get_offer(bytes, size, &t, &detail) != -EPROTO || !same(&t, &before);
	}
	ok(wrong == 0, "an OFFER cut off anywhere is refused, and nothing written");

	for (size = n, wrong = 0, i = 0; i < size; i += 4u + get_be16(bytes + i + 2)) {
		uint8_t saved = bytes[i + 3];

		bytes[i + 3]++;
		wrong += offer_verdict() == 0;
		bytes[i + 3] = (uint8_t)(saved - 1);
		wrong += offer_verdict() == 0;
		bytes[i + 3] = saved;
		bytes[i + 2] = 0xff;
		wrong += offer_verdict() != -EPROTO;
		bytes[i + 2] = 0;
	}
	ok(wrong == 0 && offer_verdict() == 0, "a TLV of a wrong length is refused");

	size = wire_put_offer(&tun_udp, bytes);
	add(TLV_MTU, "\5\334", 2);
	ok(offer_verdict() == -EPROTO, "a duplicate is refused");
	size = wire_put_offer(&tun_udp, bytes);
	add(0x7777, NULL, 0);
	ok(offer_verdict() == 0, "an unknown TLV is ignored");
	add(0x7777, "x", 1);
	ok(offer_verdict() == -EPROTO, "but not twice");
	size = wire_put_offer(&tun_udp, bytes);
	add(0xf777, NULL, 0);
	ok(offer_verdict() == 0xf777, "an unknown critical TLV is refused by its number");

	size = wire_put_offer(&tty_tcp, bytes);
	for (i = 0; i < 64 - 7; i++)
		add((uint16_t)(0x100 + i), NULL, 0);
	ok(offer_verdict() == 0, "64 TLVs are read");
	add(0x200, NULL, 0);
	ok(offer_verdict() == -EPROTO, "65 are refused");
}

static void values(void)
{
	struct terms t = tun_udp, offer, got;
	uint16_t detail;

	ok(offer_with(TLV_TYPE, "\0", 1) == -EPROTO && offer_with(TLV_TYPE, "\5", 1) == -EPROTO,
	   "an unknown type is refused");
	ok(offer_with(TLV_PROTO, "\3", 1) == -EPROTO, "an unknown transport is refused");
	ok(offer_with(TLV_COMP, "\3\1\0", 3) == TLV_COMP, "an unknown compression is refused");
	ok(offer_with(TLV_COMP, "\2\1\1", 3) == TLV_COMP, "a compressed stream of packets too");
	ok(offer_with(TLV_COMP, "\2\12\0", 3) == TLV_COMP, "level 10 too");
	ok(offer_with(TLV_ENCR, "\2", 1) == TLV_ENCR, "an unknown degree of encryption too");
	ok(offer_with(TLV_KEEPALIVE, "\0\1\0\0", 4) == TLV_KEEPALIVE, "a keepalive of no misses too");
	ok(offer_with(TLV_MTU, "\0\0", 2) == TLV_MTU, "an MTU of 0 too");
	ok(offer_with(TLV_MTU, "\2\77", 2) == TLV_MTU, "an MTU of 575 too");
	ok(offer_with(TLV_UDP_EP, "\23\211\5", 3) == TLV_UDP_EP &&
	   offer_with(TLV_UDP_EP, "\23\211\4\1\2\3", 6) == -EPROTO &&
	   offer_with(TLV_UDP_EP, "\23\211\0\1", 4) == -EPROTO, "an odd UDP address too");
	ok(offer_with(TLV_UDP_EP, "\0\0\0", 3) == -EPROTO, "a UDP port of 0 too");
	cut_out(TLV_UDP_SUITES);
	cut_out(TLV_SPI);
	ok(offer_verdict() == -EPROTO, "even if it is all that is said of UDP");
	ok(offer_with(TLV_UDP_SUITES, "", 0) == TLV_UDP_SUITES, "a list of no suites too");
	ok(offer_with(TLV_UDP_SUITES, "\21\22\143", 3) == TLV_UDP_SUITES,
	   "a list of unknown suites too");
	ok(offer_with(TLV_UDP_SUITES, "\1\20", 2) == TLV_UDP_SUITES,
	   "integrity alone is not on offer where encryption is");
	ok(offer_with(TLV_SPI, "\0\0\0\0", 4) == TLV_SPI, "an SPI of 0 is refused");
	ok(offer_with(TLV_REKEY, "\0\0\0\0", 4) == TLV_REKEY &&
	   offer_with(TLV_REKEY, "\0\0\0\73", 4) == TLV_REKEY, "rekeying each 59 s too");
	ok(offer_with(TLV_ARQ, "\2\1\2\1\364\1", 6) == TLV_ARQ &&
	   offer_with(TLV_ARQ, "\0\0\2\1\364\1", 6) == TLV_ARQ, "a window of 0 or 513 too");
	ok(offer_with(TLV_VERSION, "vtun\33[2J", 8) == TLV_VERSION, "an unprintable version too");
	ok(offer_with(TLV_VERSION, "x\0y", 3) == -EPROTO, "a NUL in it too");
	ok(offer_with(TLV_VERSION, "123456789012345678901234567890123", 33) == -EPROTO,
	   "33 bytes of version too");
	ok(offer_with(TLV_VERSION, "12345678901234567890123456789012", 32) == 0, "32 are not");

	offer_with(TLV_UDP_SUITES, "\143\3\21\3\1\143", 6);
	ok(wire_get_offer(bytes, size, &got, &detail) == 0 &&
	   is_hex(got.suites, 8, "0301000000000000"), "suites keep their order, unknown ones go");
	offer_with(TLV_CAPS, "\377\377\377\377", 4);
	ok(wire_get_offer(bytes, size, &got, &detail) == 0 && got.caps == 0xf,
	   "unknown capabilities are ignored in an OFFER");
	t.encrypt = 0;
	memset(t.suites, 0, sizeof(t.suites));
	t.suites[0] = SUITE_AES_128_GMAC;
	ok(offer_of(t) == 0, "integrity alone is on offer where both want no encryption");
	ok(accept_of(t, &t) == 0, "and can be accepted");
	offer = t;
	offer.suites[1] = SUITE_AES_128_GCM;
	t.encrypt = 1;
	t.suites[0] = SUITE_AES_128_GCM;
	ok(accept_of(t, &offer) == 0, "who is offered none may still want encryption");
	t.suites[0] = SUITE_AES_128_GMAC;
	ok(accept_of(t, &offer) == TLV_UDP_SUITES, "but not by a suite without it");
	t.encrypt = 0;
	t.suites[0] = SUITE_AES_128_GCM;
	ok(accept_of(t, &offer) == TLV_UDP_SUITES, "nor want none by a suite with it");
}

/* Any one byte of an OFFER may change: no crash, and what is accepted is in range. */
static void mutations(void)
{
	size_t i, bad = 0, n = wire_put_offer(&tun_udp, bytes);
	struct terms t;
	uint16_t detail;
	unsigned v;

	size = n;
	for (i = 0; i < n; i++) {
		uint8_t saved = bytes[i];

		for (v = 0; v < 256; v++) {
			bytes[i] = (uint8_t)v;
			if (wire_get_offer(bytes, n, &t, &detail) == 0)
				bad += terms_check(&t) || (t.udp_port && (!t.spi || !t.suites[0]));
			else
				wire_get_accept(bytes, n, &tun_udp, &t, &detail);
		}
		bytes[i] = saved;
	}
	ok(bad == 0, "whatever byte is changed, what is accepted is in range");
}

int main(void)
{
	round_trips();
	accepts();
	refused_accepts();
	missing();
	malformed();
	values();
	mutations();
	return finish();
}
