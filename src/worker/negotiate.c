/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * NEGO: the server offers terms, the client accepts them, the monitors make devices and run `up`,
 * the server says START.
 */
#include <errno.h>
#include <string.h>

#include "ask.h"
#include "common/cleanup.h"
#include "common/log.h"
#include "states.h"

/* Server: ACCEPT, then DEVICE_OK, then UP_OK.  Client: OFFER, then DEVICE_OK, then START. */
enum { WANT_TERMS, WANT_DEVICE, WANT_UP, WANT_START };

static int bad_terms(struct session *s, int r, uint16_t detail)
{
	if (r == -EINVAL)
		session_end(s, REASON_OPTION, detail, "option 0x%04x is not acceptable", detail);
	else
		session_end(s, REASON_PROTOCOL, 0, "malformed %s",
			    s->role == ROLE_SERVER ? "ACCEPT" : "OFFER");
	return 0;
}

int negotiate_on_frame(struct session *s, const struct frame *f)
{
	struct terms t;
	uint16_t detail = 0;
	int r;

	if (f->type == FRAME_START && s->step == WANT_START) {
		session_enter(s, STATE_RUN);
		run_begin(s);
		session_ask(s, ask_up());
		return 0;
	}
	if (s->step != WANT_TERMS ||
	    f->type != (s->role == ROLE_SERVER ? FRAME_ACCEPT : FRAME_OFFER)) {
		session_end(s, REASON_PROTOCOL, 0, "negotiation out of order");
		return 0;
	}
	s->spi = s->terms.spi;
	r = s->role == ROLE_SERVER ? wire_get_accept(f->data, f->size, &s->terms, &t, &detail)
				   : wire_get_offer(f->data, f->size, &t, &detail);
	if (r < 0)
		return bad_terms(s, r, detail);
	s->step = WANT_DEVICE;
	s->waiting = true;
	session_ask(s, ask_device(&t));
	s->terms = t;
	return 0;
}

static void take_device(struct session *s, const struct ipc_device_ok *ok, int fds[static IPC_FDS_MAX])
{
	struct device_io d = {
		.fd = take_fd(&fds[0]),
		.type = s->terms.type,
		.vnet = ok->vnet,
		.carry_vnet = ok->vnet && (s->terms.caps & CAP_VNET_HDR),
		.features = ok->vnet_features,
	};
	int r = pump_open(&s->pump, s->role, &s->terms, &d);

	if (ok->has_udp)
		s->udp_fd = take_fd(&fds[1]);

	if (r < 0)
		session_end(s, REASON_INTERNAL, 0, "compression: %s", strerror(-r));
}

/* Client: what its monitor answers to the offer.  In s->terms `spi` stays the server's, and so do
 * the features of its device: they are what we may send. */
static void take_accept(struct session *s, const struct terms *accept)
{
	uint32_t peer_spi = s->terms.spi, peer_features = s->terms.vnet_features;

	s->spi = accept->spi;
	s->terms = *accept;
	s->terms.spi = peer_spi;
	s->terms.vnet_features = peer_features;
}

int negotiate_on_message(struct session *s, const struct ipc_message *m, int fds[static IPC_FDS_MAX])
{
	static const uint8_t zero[4];
	uint8_t tlvs[WIRE_TLVS_MOST];

	if (m->op == IPC_DEVICE_OK && s->step == WANT_DEVICE && fds[0] >= 0) {
		if (s->role == ROLE_CLIENT)
			take_accept(s, &m->device_ok.accept);
		take_device(s, &m->device_ok, fds);
		if (s->role == ROLE_SERVER) {
			s->step = WANT_UP;
			session_ask(s, ask_up());
			return 0;
		}
		session_put(s, FRAME_ACCEPT, tlvs, wire_put_accept(&m->device_ok.accept, tlvs));
		s->step = WANT_START;
		s->waiting = false;
		return 0;
	}
	if (m->op == IPC_UP_OK && s->step == WANT_UP) {
		session_put(s, FRAME_START, zero, sizeof(zero));
		s->waiting = false;
		session_enter(s, STATE_RUN);
		run_begin(s);
		run_device_up(s, m->up_ok.mtu);
		return 0;
	}
	return -EBADMSG;
}
