/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire.h"

#include <errno.h>
#include <string.h>

#include "common/bytes.h"

enum {
	TO_SERVER = 1 << ROLE_SERVER,
	TO_CLIENT = 1 << ROLE_CLIENT,
	TO_BOTH = TO_SERVER | TO_CLIENT,

	IN_AUTH = 1 << WIRE_AUTH,
	IN_NEGO = 1 << WIRE_NEGO,
	IN_STREAM = 1 << WIRE_RUN_STREAM,
	IN_UDP = 1 << WIRE_RUN_UDP,
	IN_RUN = 1 << WIRE_RUN | IN_STREAM | IN_UDP,
	IN_ALL = IN_AUTH | IN_NEGO | IN_RUN,

	OPTIONAL = 0x80, /* bit of the type: who does not know it skips it */
	OPTIONAL_MOST = 4096,
};

/* The lengths of the login frames are those of method 1 (CPace), the only one that is spoken.  An
 * AUTH_OK of the other methods has no tag: let in here, it would be a login without a proof. */
static const struct rule {
	uint8_t receiver, states;
	uint32_t least, most;
} rules[256] = {
	[FRAME_PROOF_REQ] = { TO_SERVER, IN_AUTH, 4, 4 },
	[FRAME_AUTH_INIT] = { TO_SERVER, IN_AUTH, AUTH_INIT_SIZE, AUTH_INIT_SIZE },
	[FRAME_AUTH_RESP] = { TO_CLIENT, IN_AUTH, AUTH_RESP_SIZE, AUTH_RESP_SIZE },
	[FRAME_AUTH_CONF] = { TO_SERVER, IN_AUTH, AUTH_TAG_SIZE, AUTH_TAG_SIZE },
	[FRAME_AUTH_OK] = { TO_CLIENT, IN_AUTH, AUTH_TAG_SIZE, AUTH_TAG_SIZE },
	[FRAME_ERROR] = { TO_BOTH, IN_ALL, 5, WIRE_REASON_MOST },
	[FRAME_OFFER] = { TO_CLIENT, IN_NEGO, 0, WIRE_TLVS_MOST },
	[FRAME_ACCEPT] = { TO_SERVER, IN_NEGO, 0, WIRE_TLVS_MOST },
	[FRAME_START] = { TO_CLIENT, IN_NEGO, 4, 4 },
	[FRAME_DATA] = { TO_BOTH, IN_RUN, 0, WIRE_DATA_MOST },
	[FRAME_DATA_Z] = { TO_BOTH, IN_RUN, 4, WIRE_DATA_MOST },
	[FRAME_DATA_EOF] = { TO_BOTH, IN_STREAM, 0, 0 },
	[FRAME_ECHO_REQ] = { TO_BOTH, IN_RUN, WIRE_ECHO_SIZE, WIRE_ECHO_SIZE },
	[FRAME_ECHO_REP] = { TO_BOTH, IN_RUN, WIRE_ECHO_SIZE, WIRE_ECHO_SIZE },
	[FRAME_CLOSE] = { TO_BOTH, IN_RUN, 2, WIRE_CLOSE_MOST },
	[FRAME_REKEY_REQ] = { TO_BOTH, IN_UDP, WIRE_REKEY_SIZE, WIRE_REKEY_SIZE },
	[FRAME_REKEY_RESP] = { TO_BOTH, IN_UDP, WIRE_REKEY_SIZE, WIRE_REKEY_SIZE },
	[FRAME_REKEY_DONE] = { TO_BOTH, IN_UDP, 4, 4 },
	[FRAME_PATH_STATE] = { TO_BOTH, IN_UDP, 4, 4 },
	[FRAME_STATS] = { TO_BOTH, IN_RUN, WIRE_STATS_SIZE, WIRE_STATS_SIZE },
	[FRAME_MTU_HINT] = { TO_BOTH, IN_UDP, 4, 4 },
};

int wire_admit(int receiver, enum wire_state state, uint8_t type, size_t length)
{
	const struct rule *rule = &rules[type];

	if (!rule->receiver)
		return (type & OPTIONAL) && length <= OPTIONAL_MOST ? 0 : -EPROTO;
	if (!(rule->receiver & 1 << receiver) || !(rule->states & 1 << state))
		return -EPROTO;
	return length >= rule->least && length <= rule->most ? 1 : -EPROTO;
}

size_t wire_put_error(const struct wire_reason *r, uint8_t out[static WIRE_REASON_MOST])
{
	size_t n = strnlen(r->text, REASON_TEXT_MAX);

	put_be16(out, r->reason);
	put_be16(out + 2, r->detail);
	out[4] = (uint8_t)n;
	memcpy(out + 5, r->text, n);
	return 5 + n;
}

size_t wire_put_close(const struct wire_reason *r, uint8_t out[static WIRE_REASON_MOST])
{
	size_t n = strnlen(r->text, REASON_TEXT_MAX);

	put_be16(out, r->reason);
	memcpy(out + 2, r->text, n);
	return 2 + n;
}

static int get_text(struct wire_reason *r, const uint8_t *text, size_t n)
{
	if (memchr(text, 0, n))
		return -EPROTO;
	memcpy(r->text, text, n < REASON_TEXT_MAX ? n : REASON_TEXT_MAX);
	return 0;
}

int wire_get_error(const uint8_t *in, size_t size, struct wire_reason *ret)
{
	struct wire_reason r = {};

	if (size < 5 || size > WIRE_REASON_MOST || in[4] != size - 5 || get_text(&r, in + 5, in[4]))
		return -EPROTO;
	r.reason = get_be16(in);
	r.detail = get_be16(in + 2);
	*ret = r;
	return 0;
}

int wire_get_close(const uint8_t *in, size_t size, struct wire_reason *ret)
{
	struct wire_reason r = {};

	if (size < 2 || size > WIRE_CLOSE_MOST || get_text(&r, in + 2, size - 2))
		return -EPROTO;
	r.reason = get_be16(in);
	*ret = r;
	return 0;
}

void wire_put_stats(const struct tally *t, uint8_t out[static WIRE_STATS_SIZE])
{
	put_be64(out, t->tx_frames);
	put_be64(out + 8, t->tx_bytes);
	put_be64(out + 16, t->rx_frames);
	put_be64(out + 24, t->rx_bytes);
	put_be64(out + 32, t->tx_drops + t->rx_drops);
	put_be64(out + 40, t->srtt_us);
}

void wire_get_stats(const uint8_t in[static WIRE_STATS_SIZE], struct tally *t)
{
	t->peer_tx_frames = get_be64(in);
	t->peer_tx_bytes = get_be64(in + 8);
	t->peer_rx_frames = get_be64(in + 16);
	t->peer_rx_bytes = get_be64(in + 24);
	t->peer_drops = get_be64(in + 32);
}
