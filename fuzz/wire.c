/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * u8 what | bytes: whatever a peer puts into a frame, what is read from it is in range, and what we
 * would say of it is read again as the same.
 */
#include <errno.h>

#include "fuzz.h"
#include "worker/wire.h"

static const struct terms offered = {
	.type = TUNNEL_TUN, .proto = PROTO_UDP, .encrypt = 1, .comp_alg = COMP_LZO, .comp_level = 9,
	.keepalive_s = 30, .keepalive_misses = 4, .mtu = 1446, .vnet_features = 0x4f,
	.caps = CAP_VNET_HDR | CAP_UDP_ROAM | CAP_ARQ | CAP_STATS, .udp_port = 5001,
	.suites = { SUITE_AES_128_GCM, SUITE_AES_256_GCM, SUITE_CHACHA20_POLY1305 },
	.spi = 0xa1b2c3d4, .rekey_s = 3600, .arq_window = 512, .arq_lifetime_ms = 500,
};

static void must_be_in_range(const struct terms *t)
{
	must(terms_check(t) == 0);
	must(memchr(t->version, 0, sizeof(t->version)));
	must(t->rekey_s);
	if (t->proto != PROTO_UDP || !t->udp_port)
		return;
	must(t->spi && t->suites[0] && !t->suites[SUITES_MAX - 1]);
	must(!t->encrypt || !memchr(t->suites, SUITE_AES_128_GMAC, SUITES_MAX));
}

static void offer(const uint8_t *data, size_t size)
{
	uint8_t again[WIRE_TLVS_MOST];
	struct terms t, same;
	uint16_t detail = 0;
	int r = wire_get_offer(data, size, &t, &detail);

	must(r == 0 || r == -EPROTO || (r == -EINVAL && detail));
	if (r < 0)
		return;
	must_be_in_range(&t);
	must(wire_get_offer(again, wire_put_offer(&t, again), &same, &detail) == 0);
	must(!memcmp(&t, &same, sizeof(t)));
}

static void accept(const uint8_t *data, size_t size)
{
	uint8_t again[WIRE_TLVS_MOST];
	struct terms t, same;
	uint16_t detail = 0;
	int r = wire_get_accept(data, size, &offered, &t, &detail);

	must(r == 0 || r == -EPROTO || (r == -EINVAL && detail));
	if (r < 0)
		return;
	must_be_in_range(&t);
	must(t.type == offered.type && t.proto == offered.proto && t.encrypt && t.comp_level == 9);
	must(t.mtu <= offered.mtu && !(t.caps & ~offered.caps));
	must(t.suites[0] <= SUITE_CHACHA20_POLY1305 && !t.suites[1]);
	must(wire_get_accept(again, wire_put_accept(&t, again), &offered, &same, &detail) == 0);
	must(!memcmp(&t, &same, sizeof(t)));
}

static void error(const uint8_t *data, size_t size)
{
	uint8_t again[WIRE_REASON_MOST];
	struct wire_reason r, same;

	if (wire_get_error(data, size, &r) < 0)
		return;
	must(memchr(r.text, 0, sizeof(r.text)));
	must(wire_put_error(&r, again) == size && !memcmp(again, data, size));
	must(wire_get_error(again, size, &same) == 0 && !memcmp(&r, &same, sizeof(r)));
}

static void close_frame(const uint8_t *data, size_t size)
{
	uint8_t again[WIRE_REASON_MOST];
	struct wire_reason r;

	if (wire_get_close(data, size, &r) < 0)
		return;
	must(memchr(r.text, 0, sizeof(r.text)));
	must(wire_put_close(&r, again) <= size && !memcmp(again, data, strlen(r.text) + 2));
}

static void header(const uint8_t *data, size_t size)
{
	size_t length = size < 5 ? size : (size_t)data[2] << 16 | (size_t)data[3] << 8 | data[4];
	int r;

	if (size < 2)
		return;
	r = wire_admit(data[1] & 4 ? ROLE_SERVER : ROLE_CLIENT,
		       (enum wire_state)((data[1] & 3) + (data[1] >> 7)), data[0], length);
	must(r == 1 || r == 0 || r == -EPROTO);
	must(r != 1 || length <= WIRE_DATA_MOST);
	must(r != 0 || (length <= 4096 && data[0] & 0x80));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const readers[])(const uint8_t *, size_t) = {
		offer, accept, error, close_frame, header,
	};
	uint8_t *copy;

	if (size < 1 || size > WIRE_TLVS_MOST)
		return 0;
	copy = exact_copy(data + 1, size - 1);
	readers[data[0] % 5](copy, size - 1);
	free(copy);
	return 0;
}
