/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pump.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/clock.h"

void pump_init(struct pump *p, struct link *link)
{
	*p = (struct pump){ .link = link, .device.fd = -1, .police_us = CLOCK_NEVER };
}

void pump_free(struct pump *p)
{
	if (p->device.fd >= 0)
		close(p->device.fd);
	pace_free(&p->pace);
	udp_free(p->udp);
	compress_free(p->compress);
	free(p->packed);
	free(p->unpacked);
	free(p->frame);
	free(p->inlet);
	*p = (struct pump){ .link = p->link, .device.fd = -1, .tally = p->tally };
}

int pump_open(struct pump *p, int role, const struct terms *t, const struct device_io *device)
{
	uint32_t speed = role == ROLE_SERVER ? t->speed_to_client : t->speed_to_server;
	uint64_t now = clock_us();

	p->device = *device;
	p->device.piece = pace_piece(speed);
	p->peer_features = t->vnet_features;
	pace_init(&p->pace, device->type, device->carry_vnet, t->mtu, speed, now);
	policer_init(&p->policer, role == ROLE_SERVER ? t->speed_to_server : 0, now);
	p->frame = malloc(FRAME_MOST);
	if (!p->frame)
		return -ENOMEM;
	if (!device_io_is_stream(device)) {
		p->inlet = malloc(sizeof(*p->inlet));
		if (!p->inlet)
			return -ENOMEM;
		inlet_init(p->inlet, &p->device, &p->tally);
	}
	if (t->comp_alg == COMP_NONE)
		return 0;
	p->packed = malloc(WIRE_DATA_MOST);
	p->unpacked = malloc(WIRE_DATA_MOST);
	if (!p->packed || !p->unpacked)
		return -ENOMEM;
	return compress_new(t->comp_alg, t->comp_level, t->comp_mode, &p->compress);
}

void pump_use_udp(struct pump *p, struct udp *udp)
{
	p->udp = udp;
}
