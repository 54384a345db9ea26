/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Terms: what the configuration offers, what may come back, and what a client's own file says to it.
 */
#include "monitor/offer.h"

#include <sys/socket.h>

#include "common/secret.h"
#include "tap.h"

static struct config_general general;
static struct config_session session;
static struct device device;
static struct terms offer;

static void reset(void)
{
	general = (struct config_general){ .rekey_s = 3600 };
	session = (struct config_session){
		.name = (char *)"wireless2", .type = TUNNEL_TUN, .proto = PROTO_TCP, .encrypt = true,
		.keepalive_s = 30, .keepalive_misses = 4,
	};
	device = (struct device){ .type = TUNNEL_TUN, .vnet = true, .vnet_features = 7 };
}

static void make(void)
{
	offer_make(&general, &session, &device, 0, AF_INET, &offer);
}

static void test_make(void)
{
	reset();
	session.proto = PROTO_UDP;
	session.comp_alg = COMP_LZO;
	session.comp_level = 9;
	make();
	ok(terms_check(&offer) == 0, "the article's server offers terms that are in range");
	ok(offer.type == TUNNEL_TUN && offer.proto == PROTO_UDP && offer.comp_alg == COMP_LZO &&
	   offer.comp_level == 9 && offer.comp_mode == COMP_PER_FRAME && offer.keepalive_s == 30 &&
	   offer.keepalive_misses == 4 && offer.mtu == 1500 && offer.encrypt == 1,
	   "and says what the file says");
	ok(offer.udp_port == 0 && offer.spi == 0 && !offer.suites[0], "without a socket no UDP path");
	ok(offer.version[0] && offer.session_id[0] + offer.session_id[1] + offer.session_id[2] +
	   offer.session_id[3] > 0, "a version and a random session id");
	session.encrypt = false;
	make();
	ok(offer.encrypt == 1, "encrypt no takes nothing away from TLS");

	reset();
	session.type = TUNNEL_TTY;
	session.proto = PROTO_UDP;
	session.comp_alg = COMP_DEFLATE;
	session.comp_level = 1;
	make();
	ok(terms_check(&offer) == 0 && offer.proto == PROTO_TCP && offer.comp_mode == COMP_STREAM &&
	   offer.mtu == 0, "a tty is a stream: tcp, one dictionary, no MTU");
	session.comp_alg = COMP_LZO;
	make();
	ok(terms_check(&offer) == 0 && offer.comp_mode == COMP_PER_FRAME, "lzo knows no streams");

	reset();
	session.mtu = 9000;
	make();
	ok(offer.mtu == 9000, "the file's MTU");
	session.speed_to_client = 64;
	session.speed_to_server = 128;
	session.keepalive_s = session.keepalive_misses = 0;
	make();
	ok(terms_check(&offer) == 0 && offer.speed_to_client == 64 && offer.speed_to_server == 128 &&
	   offer.keepalive_s == 0, "speeds, and no keepalive");
	offer_make(&general, &session, NULL, 0, AF_INET, &offer);
	ok(terms_check(&offer) == 0, "an offer without a device can be sent, before it is taken back");
	offer.udp_port = 4711;
	ok(offer_mtu_most(&offer, AF_INET) == 1446 && offer_mtu_most(&offer, AF_INET6) == 1426,
	   "with UDP, the MTU that fills a packet of 1,500 bytes");
}

static void test_check(void)
{
	/* Everything that a client has no say in, one after the other. */
	static const struct {
		size_t at;
		const char *name;
	} fixed[] = {
		{ offsetof(struct terms, type), "type" },
		{ offsetof(struct terms, proto), "proto" },
		{ offsetof(struct terms, comp_alg), "compression" },
		{ offsetof(struct terms, comp_level), "level" },
		{ offsetof(struct terms, comp_mode), "mode" },
		{ offsetof(struct terms, encrypt), "encrypt" },
		{ offsetof(struct terms, keepalive_s), "keepalive" },
		{ offsetof(struct terms, keepalive_misses), "misses" },
		{ offsetof(struct terms, speed_to_client), "speed to the client" },
		{ offsetof(struct terms, speed_to_server), "speed to the server" },
		{ offsetof(struct terms, udp_port), "UDP port" },
		{ offsetof(struct terms, udp_addr), "UDP address" },
		{ offsetof(struct terms, suites), "suites" },
		{ offsetof(struct terms, spi), "SPI" },
		{ offsetof(struct terms, arq_window), "ARQ window" },
		{ offsetof(struct terms, session_id), "session id" },
	};
	struct terms back;
	size_t i;

	reset();
	session.comp_alg = COMP_DEFLATE;
	session.comp_level = 3;
	make();
	ok(offer_check(&offer, &offer) == 0, "what was offered may be accepted");
	for (i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		back = offer;
		((uint8_t *)&back)[fixed[i].at] ^= 1;
		ok(offer_check(&offer, &back) != 0, "but not another %s", fixed[i].name);
	}
	back = offer;
	back.mtu = 1400;
	ok(offer_check(&offer, &back) == 0, "a smaller MTU is the client's right");
	back.mtu = offer.mtu + 1;
	ok(offer_check(&offer, &back) == TLV_MTU, "a larger one is not");
	back = offer;
	back.caps = 0;
	ok(offer_check(&offer, &back) == 0, "so are fewer capabilities");
	back.caps = offer.caps | CAP_UDP_ROAM;
	ok(offer_check(&offer, &back) == TLV_CAPS, "more are not");

	offer.proto = PROTO_UDP;
	offer.udp_port = 4711;
	offer.suites[0] = SUITE_AES_128_GCM;
	offer.suites[1] = SUITE_CHACHA20_POLY1305;
	offer.spi = 0x1000;
	back = offer;
	ok(offer_check(&offer, &back) == TLV_UDP_SUITES, "two suites are one too many");
	back.suites[0] = SUITE_CHACHA20_POLY1305;
	back.suites[1] = 0;
	ok(offer_check(&offer, &back) == 0, "one of those offered");
	back.spi = 0;
	ok(offer_check(&offer, &back) == TLV_SPI, "with an SPI");
	back.spi = 0x1000;
	back.suites[0] = SUITE_AES_128_GMAC;
	ok(offer_check(&offer, &back) == TLV_UDP_SUITES, "not one that was not offered");
	back.suites[0] = 0;
	back.spi = 0;
	ok(offer_check(&offer, &back) == 0, "or no UDP path at all");
}

static bool disagrees(unsigned tlv, const char *ours, const char *theirs)
{
	char text[OFFER_TEXT_SIZE] = "";
	unsigned got = offer_disagree(&session, &offer, text);

	if (got != tlv || !strstr(text, ours) || !strstr(text, theirs)) {
		printf("# 0x%04x: %s\n", got, text);
		return false;
	}
	return true;
}

static void test_disagree(void)
{
	char text[OFFER_TEXT_SIZE];

	reset();
	session.comp_alg = COMP_DEFLATE;
	session.comp_level = 1;
	make();
	session.comp_alg = COMP_NONE;
	ok(offer_disagree(&session, &offer, text) == 0, "a client that says nothing obeys");
	session.has_type = session.has_proto = true;
	ok(offer_disagree(&session, &offer, text) == 0, "one that says the same, too");
	session.type = TUNNEL_ETHER;
	ok(disagrees(TLV_TYPE, "client says type ether", "server type tun"), "another type");
	session.type = TUNNEL_TUN;
	session.proto = PROTO_UDP;
	ok(disagrees(TLV_PROTO, "client says proto udp", "server proto tcp"), "another protocol");
	session.proto = PROTO_TCP;
	session.has_compress = true;
	ok(disagrees(TLV_COMP, "compress no", "zlib:1"), "compress no is a word");
	session.has_compress = false;
	offer.mtu = 100;
	ok(offer_disagree(&session, &offer, text) == TLV_MTU, "what is out of range is not agreed to");

	reset();
	session.type = TUNNEL_PIPE;
	session.has_proto = true;
	make();
	session.proto = PROTO_UDP;
	ok(offer_disagree(&session, &offer, text) == 0, "proto udp does not hinder a pipe");
}

static void test_accept(void)
{
	struct terms accept;

	reset();
	make();
	offer.caps |= CAP_VNET_HDR | CAP_ARQ;
	offer.vnet_features = 15;
	session.mtu = 1400;
	offer_accept(&session, &device, &offer, &accept);
	ok(offer_check(&offer, &accept) == 0, "what a client answers is what a server may hear");
	ok(accept.mtu == 1400, "the smaller MTU of both files");
	ok((accept.caps & (CAP_VNET_HDR | CAP_ARQ | CAP_STATS)) == (CAP_VNET_HDR | CAP_STATS),
	   "of the capabilities, those that it has");
	ok(accept.vnet_features == device.vnet_features, "and its own device's features");
	session.mtu = 9000;
	offer_accept(&session, &device, &offer, &accept);
	ok(accept.mtu == offer.mtu, "never a larger MTU");
	offer.proto = PROTO_TCP;
	offer.udp_port = 4711;
	ok(offer_disagree(&session, &offer, (char[OFFER_TEXT_SIZE]){ "" }) == TLV_UDP_EP,
	   "proto tcp with a port for UDP: no socket for a client's worker that says so");
}

/* `encrypt no` is a wish of both sides, or there is encryption. */
static void test_encrypt(void)
{
	struct terms accept;
	int server, client;

	for (server = 0; server <= 1; server++) {
		for (client = 0; client <= 1; client++) {
			bool gmac;

			reset();
			session.proto = PROTO_UDP;
			session.encrypt = server;
			offer_make(&general, &session, &device, 4711, AF_INET, &offer);
			session.encrypt = client;
			offer_accept(&session, &device, &offer, &accept);
			gmac = accept.suites[0] == SUITE_AES_128_GMAC;
			ok(offer_check(&offer, &accept) == 0 && gmac == !(server || client) &&
			   accept.encrypt == (server || client),
			   "encrypt %s on the server, %s on the client: %s", server ? "yes" : "no",
			   client ? "yes" : "no", server || client ? "encrypted" : "integrity only");
		}
	}
	accept.suites[0] = SUITE_AES_128_GMAC;
	ok(offer_check(&offer, &accept) != 0, "integrity only is not accepted where encryption is agreed");
}

/* `reliable` is the server's to offer; a client that says no itself goes without. */
static void test_reliable(void)
{
	struct terms accept, back;

	reset();
	session.proto = PROTO_UDP;
	session.reliable = RELIABLE_YES;
	make();
	ok(!(offer.caps & CAP_ARQ) && !offer.arq_window, "reliable: nothing without a UDP path");
	offer_make(&general, &session, &device, 4711, AF_INET, &offer);
	ok((offer.caps & CAP_ARQ) && offer.arq_window == 512 && offer.arq_retries == 2 &&
	   offer.arq_lifetime_ms == 100 && !offer.arq_ordered, "reliable yes is offered");
	ok(offer.mtu == 1442 && offer_mtu_most(&offer, AF_INET6) == 1422,
	   "with an MTU that leaves room for its header in a packet of 1,500 bytes");
	session.reliable = RELIABLE_NO; /* the client's, which says nothing */
	offer_accept(&session, &device, &offer, &accept);
	ok((accept.caps & CAP_ARQ) && accept.arq_window == 512 && offer_check(&offer, &accept) == 0,
	   "a client takes it");
	back = accept;
	back.arq_retries = 9;
	ok(offer_check(&offer, &back) == TLV_ARQ, "but nothing else than what was offered");
	back = accept;
	back.arq_lifetime_ms = 500;
	ok(offer_check(&offer, &back) == TLV_ARQ, "no longer life either");
	back = accept;
	back.caps &= ~(uint32_t)CAP_ARQ;
	ok(offer_check(&offer, &back) == TLV_ARQ, "nor a part of it");
	session.has_reliable = true;
	offer_accept(&session, &device, &offer, &accept);
	ok(!(accept.caps & CAP_ARQ) && accept.arq_window == 0 && offer_check(&offer, &accept) == 0,
	   "a client that says reliable no goes without");
	offer.arq_window = 513;
	ok(offer_disagree(&session, &offer, (char[OFFER_TEXT_SIZE]){ "" }) == TLV_ARQ,
	   "a window that does not exist is refused all the same");

	session.reliable = RELIABLE_ORDERED;
	offer_make(&general, &session, &device, 4711, AF_INET, &offer);
	ok(offer.arq_ordered == 1 && terms_check(&offer) == 0, "reliable ordered is offered as such");
	offer.suites[0] = 99;
	memset(offer.suites + 1, 0, sizeof(offer.suites) - 1);
	session.encrypt = false;
	offer.encrypt = 0;
	session.reliable = RELIABLE_YES;
	offer_accept(&session, &device, &offer, &accept);
	ok(!accept.udp_port && !(accept.caps & CAP_ARQ),
	   "a client that has none of the suites does without UDP, and without ARQ");
	session.reliable = RELIABLE_NO;
	offer_make(&general, &session, &device, 4711, AF_INET, &offer);
	session.reliable = RELIABLE_YES;
	offer_accept(&session, &device, &offer, &accept);
	ok(!(accept.caps & CAP_ARQ) && offer_check(&offer, &accept) == 0 && offer.mtu == 1446,
	   "what the server does not offer, a client cannot have");
}

int main(void)
{
	if (sodium_init() < 0)
		return 1;
	test_make();
	test_check();
	test_disagree();
	test_accept();
	test_encrypt();
	test_reliable();
	return finish();
}
