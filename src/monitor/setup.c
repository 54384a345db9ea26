/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "setup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "claim.h"
#include "commands.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/secret.h"
#include "confread.h"
#include "offer.h"
#include "report.h"
#include "udpsock.h"

static bool has_packets(const struct session *s)
{
	return s->terms.type == TUNNEL_TUN || s->terms.type == TUNNEL_ETHER;
}

/* ---- server: the offer */

static int take_claim(struct session *s)
{
	char holder[128];
	int r = claim_take(s->name, s->section->multi, s->ends.peer_name, &s->claim_fd, holder);

	if (r == -EBUSY)
		return session_refuse(s, REASON_IN_USE, 0, EXIT_TEMPFAIL, holder, "refused: %s (multi)",
				      holder);
	if (r < 0)
		return session_refuse(s, REASON_INTERNAL, 0, EXIT_OSERR, NULL,
				      "the session cannot be claimed in " RUNDIR ": %s", strerror(-r));
	return ANSWERED;
}

static int open_tunnel(struct session *s, enum tunnel_type type)
{
	char hint[256], for_peer[REASON_TEXT_MAX + 1];
	int r = tunnel_open(s->tunnel, s->section, type, s->role, &s->ends, s->signals, hint);

	if (r < 0) {
		snprintf(for_peer, sizeof(for_peer), "no %s device: %s", tunnel_type_name(type),
			 strerror(-r));
		return session_refuse(s, REASON_DEVICE, 0, EXIT_OSERR, for_peer, "%s", hint);
	}
	report_set(NULL, NULL, s->tunnel->device.name, NULL);
	return ANSWERED;
}

/* The one socket of proto udp; without it everything goes over TLS. */
static uint16_t open_udp(struct session *s)
{
	const struct config_general *g = config_general(s->config);
	uint16_t port = 0;
	int r;

	if (s->section->proto != PROTO_UDP || s->section->type == TUNNEL_TTY ||
	    s->section->type == TUNNEL_PIPE)
		return 0;
	r = udpsock_open(s->net_fd, g->udp_port_low, g->udp_port_high, &s->udp_fd, &port);
	if (r < 0)
		log_errno(LOG_WARNING, r, "%s: no UDP socket, see udp_ports; data goes over TLS", s->name);
	return r < 0 ? 0 : port;
}

/* In line with keepalive, for what that cannot see: a worker that waits for its device does not judge
 * the peer.  Not for a stream: a peer whose program takes nothing for a while acknowledges nothing
 * either, and is alive. */
static void tune_timeout(const struct session *s, enum tunnel_type type, unsigned keepalive_s,
			 unsigned misses)
{
	int r;

	if (!keepalive_s || type == TUNNEL_TTY || type == TUNNEL_PIPE)
		return;
	r = endpoint_give_up_after(s->net_fd, keepalive_s * (misses + 1));
	if (r < 0)
		log_errno(LOG_WARNING, r, "%s: TCP_USER_TIMEOUT cannot be set", s->name);
}

int setup_offer(struct session *s)
{
	uint16_t udp_port = 0;
	int r;

	r = take_claim(s);
	if (r == ANSWERED)
		r = open_tunnel(s, s->section->type);
	if (r == ANSWERED)
		udp_port = open_udp(s);
	tune_timeout(s, s->section->type, s->section->keepalive_s, s->section->keepalive_misses);
	cleanup_fd(&s->net_fd);
	s->net_fd = -1;
	offer_make(config_general(s->config), s->section, r == ANSWERED ? &s->tunnel->device : NULL,
		   udp_port, s->ends.peer.ss_family, &s->offer);
	return r;
}

/* ---- both: what was agreed, made so */

/* Whether there is a program for the tunnel's other end, if it is a stream. */
static bool has_user(const struct config_session *section)
{
	const struct command *c = section->up;

	while (c && !command_uses_tunnel(c))
		c = c->next;
	return c != NULL;
}

static void say_what_differs(const struct session *s)
{
	if (s->section->proto == PROTO_UDP && s->section->has_proto && s->terms.proto == PROTO_TCP)
		log_notice("%s: proto tcp, as type %s is a stream of bytes", s->name,
			   tunnel_type_name(s->terms.type));
	else if (s->terms.proto == PROTO_UDP && !s->terms.udp_port)
		log_notice("%s: proto udp, but there is no UDP path in this session: data goes over TLS",
			   s->name);
	else if (s->section->reliable && s->terms.udp_port && !(s->terms.caps & CAP_ARQ))
		log_notice("%s: reliable here, but the %s does not have it: what UDP loses stays lost",
			   s->name, s->role == ROLE_SERVER ? "client (see its reliable)"
			   : "server, which decides (see its reliable)");
	if (!has_packets(s) && !has_user(s->section))
		log_warning("%s: type %s, and no program of up uses the tunnel, which ends at once: is "
			    "\"type tun;\" missing on the server?", s->name,
			    tunnel_type_name(s->terms.type));
}

/* Below 1280 Linux takes the IPv6 addresses of a device away.  A bridge takes on the least MTU of its ports, and
 * what one peer asks for, or one path carries, is not to be felt by all: only our own file may want that. */
static uint16_t mtu_least(const struct session *s)
{
	if (s->terms.type == TUNNEL_ETHER)
		return s->section->mtu && s->section->mtu < MTU_LEAST_IPV6 ? s->section->mtu
									   : MTU_LEAST_IPV6;
	return device_has_ipv6(&s->tunnel->device) ? MTU_LEAST_IPV6 : MTU_LEAST;
}

static int prepare_device(struct session *s, uint32_t peer_features)
{
	const struct device *d = &s->tunnel->device;
	uint16_t mtu = s->terms.mtu;
	int r;

	if (!has_packets(s))
		return 0;
	if (s->terms.caps & CAP_VNET_HDR) {
		/* What the peer's device takes, ours may hand over uncut. */
		r = device_set_offload(d, peer_features & d->vnet_features);
		if (r < 0)
			return log_errno(LOG_ERR, r, "%s: offloads of %s cannot be set", s->name, d->name);
	}
	/* A device that was made for us may have its MTU already, and we no right to set it. */
	if (s->terms.type == TUNNEL_ETHER && mtu < mtu_least(s))
		mtu = mtu_least(s);
	if (device_get_mtu(d) == mtu)
		return 0;
	r = device_set_mtu(d, mtu);
	if (r < 0)
		log_errno(LOG_WARNING, r, "%s: the MTU of %s cannot be set to %u", s->name, d->name, mtu);
	return 0;
}

static int hand_over_device(struct session *s, uint32_t peer_features)
{
	const struct device *d = &s->tunnel->device;
	struct ipc_message answer = { .op = IPC_DEVICE_OK };
	int fds[IPC_FDS_MAX] = { d->fd, s->udp_fd };
	int r;

	say_what_differs(s);
	r = prepare_device(s, peer_features);
	if (r < 0)
		return session_refuse(s, REASON_DEVICE, 0, EXIT_OSERR, "its device cannot be set up",
				      "device %s cannot be set up", d->name);
	answer.device_ok.has_udp = s->udp_fd >= 0;
	answer.device_ok.vnet = d->vnet;
	answer.device_ok.vnet_features = d->vnet_features;
	answer.device_ok.accept = s->terms;
	snprintf(answer.device_ok.name, sizeof(answer.device_ok.name), "%.15s", d->name);
	snprintf(answer.device_ok.session, sizeof(answer.device_ok.session), "%s", s->name);
	r = session_send(s, &answer, fds, s->udp_fd >= 0 ? 2 : 1);
	cleanup_fd(&s->udp_fd);
	s->udp_fd = -1;
	return r;
}

/* ---- server: what the client accepts */

int setup_accepted(struct session *s, const struct ipc_message *m)
{
	/* The worker has checked this on the wire.  It may not be ours any more. */
	if (offer_check(&s->offer, &m->device.terms))
		return -EBADMSG;
	s->terms = m->device.terms;
	return hand_over_device(s, s->terms.vnet_features);
}

/* ---- client: what the server offers */

/* A device that was kept serves on if it is of the right kind; else `down` and a new one. */
static int open_or_keep_tunnel(struct session *s)
{
	if (s->tunnel->open && s->tunnel->device.type == s->offer.type) {
		report_set(NULL, NULL, s->tunnel->device.name, NULL);
		return ANSWERED;
	}
	tunnel_close(s->tunnel);
	return open_tunnel(s, s->offer.type);
}

int setup_offered(struct session *s, const struct ipc_message *m)
{
	char text[OFFER_TEXT_SIZE];
	unsigned wrong;
	uint16_t port;
	int r;

	s->offer = m->device.terms;
	wrong = offer_disagree(s->section, &s->offer, text);
	if (wrong)
		return session_refuse(s, REASON_OPTION, wrong, EXIT_CONFIG, text,
				      "the two configurations disagree: %s", text);
	r = open_or_keep_tunnel(s);
	if (r != ANSWERED)
		return r;
	offer_accept(s->section, &s->tunnel->device, &s->offer, &s->terms);
	if (s->terms.udp_port && udpsock_open(s->net_fd, 0, 0, &s->udp_fd, &port) < 0)
		s->udp_fd = -1;
	tune_timeout(s, s->offer.type, s->offer.keepalive_s, s->offer.keepalive_misses);
	cleanup_fd(&s->net_fd);
	s->net_fd = -1;
	return hand_over_device(s, s->offer.vnet_features);
}

/* ---- both: up */

/* The MTU that holds: the one that `up` has set, unless UDP packets would become too long. */
static uint16_t settle_mtu(const struct session *s)
{
	const struct device *d = &s->tunnel->device;
	uint16_t most = offer_mtu_most(&s->terms, s->ends.peer.ss_family);
	int r, mtu = device_get_mtu(d);

	if (mtu < 0)
		return s->terms.mtu;
	if (mtu > most && config_general(s->config)->mtu_clamp) {
		r = device_set_mtu(d, most);
		if (r == 0) {
			log_notice("%s: the MTU of %s was %d, which is too much for UDP: now %u (see "
				   "mtu_clamp)", s->name, d->name, mtu, most);
			mtu = most;
		}
	}
	return (uint16_t)(mtu > UINT16_MAX ? UINT16_MAX : mtu);
}

static void report_up(struct session *s)
{
	const char *device = s->tunnel->device.name;
	char summary[96];

	if (s->password)
		sodium_memzero(s->password, s->password_size); /* no other server will be tried */
	s->up_ms = clock_ms();
	s->told_ms = s->counted_ms = s->up_ms;
	report_title("%s %s %s", s->name, tunnel_type_name(s->terms.type), device);
	report_session_up(&s->terms);
	report_status(1, "%s: up, %s <-> %s (%s)", s->name, device, s->ends.peer_name,
		      offer_summary(&s->terms, summary));
	report_state(&s->terms, &s->tally, 0);
}

static int end_during_up(struct session *s)
{
	const char *why = signals_why_stopped(s->signals);

	return session_refuse(s, REASON_ADMIN, 0, EXIT_DONE, why, "%s", why ? why : "stopped during up");
}

int setup_up(struct session *s, const struct ipc_message *m)
{
	struct ipc_message answer = { .op = IPC_UP_OK };
	char text[128];
	int failed = 0, r;

	(void)m;
	if (!s->tunnel->up_started)
		failed = tunnel_up(s->tunnel, text);
	/* Taken here, as the same signal must not count as a second one, which kills. */
	if (signals_take_stop(s->signals))
		return end_during_up(s);
	if (failed && s->section->strict)
		return session_refuse(s, REASON_DEVICE, 0, EXIT_OSERR, text, "%s (strict)", text);
	if (has_packets(s))
		s->terms.mtu = settle_mtu(s);
	s->mtu_asked = s->terms.mtu;
	answer.up_ok.mtu = s->terms.mtu;
	r = session_send(s, &answer, NULL, 0);
	if (r == 0)
		report_up(s);
	return r;
}

/* ---- run */

int setup_mtu(struct session *s, const struct ipc_message *m)
{
	const struct device *d = &s->tunnel->device;
	uint16_t want = m->mtu.mtu, least;
	int r, mtu;

	if (!has_packets(s) || s->terms.proto != PROTO_UDP || want < MTU_LEAST)
		return -EBADMSG;
	/* Only ever lower, so that a worker can ask as often as it likes. */
	if (want >= s->mtu_asked || s->mtu_failed || !config_general(s->config)->mtu_clamp)
		return ANSWERED;
	s->mtu_asked = want;
	least = mtu_least(s);
	if (want < least)
		want = least;
	mtu = device_get_mtu(d);
	if (mtu < 0 || want >= mtu)
		return ANSWERED;
	r = device_set_mtu(d, want);
	s->mtu_failed = r < 0;
	if (r < 0)
		log_errno(LOG_WARNING, r, "%s: the MTU of %s cannot be lowered to %u", s->name, d->name,
			  want);
	else
		log_notice("%s: the path to %s carries less: MTU of %s is %u now, was %d", s->name,
			   s->ends.peer_name, d->name, want, mtu);
	return ANSWERED;
}
