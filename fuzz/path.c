/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Steps of u8 what | u8 argument: both ends of a UDP path, with a network between them that loses,
 * delays, shrinks, moves the client to another address, and lets authentic control payloads of any
 * content through.  Afterwards the network is perfect, and the two must find each other and its size.
 */
#include "common/bytes.h"
#include "common/clock.h"
#include "common/ipc.h"
#include "fuzz.h"
#include "worker/esp.h"
#include "worker/path.h"

enum { MOST = 1024, FLIGHTS = 32, LARGEST = 1472, SERVER = 0, CLIENT = 1 };

static struct flight {
	int to;
	union endpoint from;
	uint8_t payload[PATH_CONTROL_SIZE];
} flights[FLIGHTS];
static unsigned n_flights;
static struct path ends[2];
static union endpoint addresses[2];
static size_t passes; /* the largest datagram that does */
static uint64_t now, count;
static bool stuck;    /* nothing arrives */

static uint64_t counting(void)
{
	return ++count;
}

static void act(int who)
{
	struct path_action a;
	unsigned n = 0;

	while (path_next(&ends[who], now, &a)) {
		must(++n < 100);
		if (a.act == PATH_FOUND)
			must(a.size <= LARGEST && a.size >= PMTU_LEAST);
		if (a.act == PATH_IS_DOWN && a.tell_peer)
			path_peer_down(&ends[!who], now);
		if (a.act != PATH_SEND)
			continue;
		must(a.size >= esp_size(PATH_CONTROL_SIZE) && a.size <= LARGEST);
		if (stuck || n_flights == FLIGHTS || a.size > passes ||
		    !endpoint_equal(&a.to, &addresses[!who]))
			continue;
		flights[n_flights].to = !who;
		flights[n_flights].from = addresses[who];
		memcpy(flights[n_flights++].payload, a.payload, PATH_CONTROL_SIZE);
	}
	must(path_deadline(&ends[who]) > now && path_most(&ends[who]) <= LARGEST);
}

static void arrive(int to, const union endpoint *from, const uint8_t *payload, bool newest)
{
	path_heard(&ends[to], now, from, newest);
	path_control(&ends[to], now, from, payload, PATH_CONTROL_SIZE);
}

static void deliver(unsigned i)
{
	struct flight f = flights[i];

	flights[i] = flights[--n_flights];
	arrive(f.to, &f.from, f.payload, true);
}

static void pass(uint64_t ms)
{
	now += ms;
	act(SERVER);
	act(CLIENT);
}

static void strange(uint8_t argument)
{
	uint8_t payload[PATH_CONTROL_SIZE] = { argument & 3, 0, argument, argument };
	union endpoint from = { .v4 = { .sin_family = AF_INET, .sin_port = argument >> 4 } };

	put_be64(payload + 4, count - (argument >> 2 & 3));
	arrive(argument & 1 ? SERVER : CLIENT, &from, payload, argument & 8);
}

static void step(uint8_t what, uint8_t argument)
{
	switch (what & 7) {
	case 0:
		pass((uint64_t)argument * 20);
		break;
	case 1:
		pass((uint64_t)argument * 1000);
		break;
	case 2:
		if (n_flights)
			deliver(argument % n_flights);
		break;
	case 3:
		if (n_flights)
			n_flights -= 1 + argument % n_flights;
		break;
	case 4:
		addresses[CLIENT].v4.sin_port = 1000 + (argument & 3);
		break;
	case 5:
		passes = PMTU_LEAST + (size_t)argument * 4;
		break;
	case 6:
		strange(argument);
		break;
	default:
		if (argument & 1)
			path_sent(&ends[argument >> 1 & 1], now);
		else if (argument & 4)
			path_refused(&ends[argument >> 1 & 1], now, PMTU_LEAST + (size_t)argument * 4);
		else
			stuck = argument & 2;
	}
	act(SERVER);
	act(CLIENT);
}

static bool have_found_each_other(void)
{
	return ends[SERVER].state == PATH_UP && ends[CLIENT].state == PATH_UP &&
	       endpoint_equal(&ends[SERVER].peer, &addresses[CLIENT]) &&
	       path_most(&ends[SERVER]) >= LARGEST - 8 && path_most(&ends[CLIENT]) >= LARGEST - 8;
}

/* Whatever has happened: within half an hour of a perfect network with a word now and then. */
static void must_find_each_other(void)
{
	uint64_t until = now + 1800 * 1000;
	uint64_t next;

	stuck = false;
	passes = LARGEST;
	while (!have_found_each_other()) {
		must(now < until);
		act(SERVER);
		act(CLIENT);
		if (n_flights) {
			deliver(0);
			continue;
		}
		next = path_deadline(&ends[CLIENT]) < path_deadline(&ends[SERVER])
			? path_deadline(&ends[CLIENT]) : path_deadline(&ends[SERVER]);
		now = next < now + 1000 ? next : now + 1000;
		path_sent(&ends[CLIENT], now);
		path_heard(&ends[SERVER], now, &addresses[CLIENT], true);
	}
}

static void begin(void)
{
	struct path_config c = {
		.role = ROLE_SERVER, .roam = true, .most = LARGEST, .random = counting, .times = path_times(),
	};

	n_flights = 0;
	count = 100;
	now = 1000;
	passes = LARGEST;
	stuck = false;
	addresses[SERVER] = (union endpoint){ .v4 = { .sin_family = AF_INET, .sin_port = 5001 } };
	addresses[CLIENT] = (union endpoint){ .v4 = { .sin_family = AF_INET, .sin_port = 1000 } };
	path_init(&ends[SERVER], &c, now);
	c.role = ROLE_CLIENT;
	c.peer = addresses[SERVER];
	path_init(&ends[CLIENT], &c, now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > MOST)
		return 0;
	begin();
	for (; size >= 2; data += 2, size -= 2)
		step(data[0], data[1]);
	must_find_each_other();
	return 0;
}
