/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A build without liblzo2 says so, and does not take "compress lzo" for something else: neither in its
 * own file nor from a server.
 */
#undef HAVE_LZO
#include "../../src/monitor/confsession.c"
#include "../../src/monitor/offer.c"

#include "conf.h"

static void test_server_says_lzo(void)
{
	const struct config_session session = { .type = TUNNEL_TUN };
	struct terms terms = { .type = TUNNEL_TUN, .comp_alg = COMP_LZO, .comp_level = 1,
			       .proto = PROTO_TCP, .mtu = 1500, .encrypt = 1 };
	char text[OFFER_TEXT_SIZE] = "";

	ok(offer_disagree(&session, &terms, text) == TLV_COMP && strstr(text, "without liblzo2: use zlib"),
	   "a server's lzo is refused, in a sentence for both sides (%s)", text);
	terms.comp_alg = COMP_DEFLATE;
	ok(offer_disagree(&session, &terms, text) == 0, "its zlib is taken");
}

int main(void)
{
	ok(!with("compress lzo:9;") && strstr(said, "no liblzo2"), "compress lzo is an error that says why");
	ok(!with("compress lzo;"), "with or without a level");
	ok(with("compress zlib:9;") != NULL, "compress zlib is none");
	config_free(opened);
	test_server_says_lzo();
	return finish();
}
