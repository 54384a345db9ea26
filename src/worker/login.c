/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * LOGIN: fixed-size messages are carried between the peer and the monitor, and not looked into.
 */
#include <errno.h>
#include <string.h>

#include "ask.h"
#include "common/secret.h"
#include "states.h"

/* Which frame, or answer, is next. */
enum { SERVER_INIT, SERVER_CONF, SERVER_DONE };
enum { CLIENT_START, CLIENT_RESP, CLIENT_TAG, CLIENT_DONE };

static void out_of_order(struct session *s)
{
	session_end(s, REASON_PROTOCOL, 0, "login message out of order");
}

static int server_on_frame(struct session *s, const struct frame *f)
{
	if (f->type == FRAME_AUTH_INIT && s->step == SERVER_INIT && f->size == AUTH_INIT_SIZE) {
		s->step = SERVER_CONF;
		session_ask(s, ask_auth_init(f->data));
	} else if (f->type == FRAME_AUTH_CONF && s->step == SERVER_CONF) {
		s->step = SERVER_DONE;
		session_ask(s, ask_auth_conf(f->data));
	} else if ((f->type == FRAME_AUTH_INIT || f->type == FRAME_PROOF_REQ) &&
		   s->step == SERVER_INIT) {
		session_end(s, REASON_AUTH, 0, "the peer wants a login method that we do not have");
		return 0;
	} else {
		out_of_order(s);
		return 0;
	}
	s->waiting = true;
	return 0;
}

static int client_on_frame(struct session *s, const struct frame *f)
{
	if (f->type == FRAME_AUTH_RESP && s->step == CLIENT_RESP) {
		s->step = CLIENT_TAG;
		session_ask(s, ask_auth_resp(f->data));
	} else if (f->type == FRAME_AUTH_OK && s->step == CLIENT_TAG && f->size == AUTH_TAG_SIZE) {
		s->step = CLIENT_DONE;
		session_ask(s, ask_auth_tag(f->data));
	} else {
		out_of_order(s);
		return 0;
	}
	s->waiting = true;
	return 0;
}

int login_on_frame(struct session *s, const struct frame *f)
{
	return s->role == ROLE_SERVER ? server_on_frame(s, f) : client_on_frame(s, f);
}

/* The peer has proved that it knows the password. */
static void authenticated(struct session *s, const uint8_t secret[static AUTH_SECRET_SIZE])
{
	memcpy(s->auth_secret, secret, AUTH_SECRET_SIZE);
	tls_lift_budget(link_tls(s->link));
	session_enter(s, STATE_NEGO);
}

static int server_on_message(struct session *s, const struct ipc_message *m)
{
	uint8_t tlvs[WIRE_TLVS_MOST];

	if (m->op == IPC_AUTH_RESP && s->step == SERVER_CONF) {
		session_put(s, FRAME_AUTH_RESP, m->auth_resp.message, AUTH_RESP_SIZE);
	} else if (m->op == IPC_AUTH_OK && s->step == SERVER_DONE) {
		session_put(s, FRAME_AUTH_OK, m->auth_ok.tag, AUTH_TAG_SIZE);
		authenticated(s, m->auth_ok.secret);
		s->terms = m->auth_ok.offer;
		session_put(s, FRAME_OFFER, tlvs, wire_put_offer(&s->terms, tlvs));
	} else {
		return -EBADMSG;
	}
	s->waiting = false;
	return 0;
}

static int client_on_message(struct session *s, const struct ipc_message *m)
{
	if (m->op == IPC_AUTH_INIT && s->step == CLIENT_START) {
		s->step = CLIENT_RESP;
		session_put(s, FRAME_AUTH_INIT, m->auth_init.message, AUTH_INIT_SIZE);
	} else if (m->op == IPC_AUTH_CONF && s->step == CLIENT_TAG) {
		session_put(s, FRAME_AUTH_CONF, m->auth_tag.tag, AUTH_TAG_SIZE);
	} else if (m->op == IPC_AUTH_OK && s->step == CLIENT_DONE) {
		authenticated(s, m->auth_ok.secret);
	} else {
		return -EBADMSG;
	}
	s->waiting = false;
	return 0;
}

int login_on_message(struct session *s, const struct ipc_message *m)
{
	return s->role == ROLE_SERVER ? server_on_message(s, m) : client_on_message(s, m);
}
