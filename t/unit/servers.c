/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Where a client goes, who decides that, and how long it waits before it goes again.
 */
#include "monitor/servers.h"

#include <errno.h>

#include "monitor/backoff.h"
#include "tap.h"

static struct server_place place;

static bool reads(const char *text, const char *host, unsigned port)
{
	return server_parse(text, &place) == 0 && strcmp(place.host, host) == 0 && place.port == port;
}

static void test_parse(void)
{
	static const char *const bad[] = {
		"", ":", ":5000", "host:", "host:0", "host:65536", "host:+1", "host 5000x", "[", "[]",
		"[fd00::1", "[fd00::1]x", "[fd00::1]:", "[fd00::1]:x", " host",
	};
	char longest[SERVER_HOST_SIZE + 1];
	size_t i;

	ok(reads("cobra.example", "cobra.example", 0), "HOST");
	ok(reads("cobra.example 5001", "cobra.example", 5001), "HOST PORT");
	ok(reads("cobra.example:5001", "cobra.example", 5001), "HOST:PORT");
	ok(reads("192.0.2.1:5001", "192.0.2.1", 5001), "an IPv4 address");
	ok(reads("fd00::1", "fd00::1", 0), "a bare IPv6 address");
	ok(reads("fd00::1 5001", "fd00::1", 5001), "with a port behind a blank");
	ok(reads("fe80::1%eth0", "fe80::1%eth0", 0), "with its interface");
	ok(reads("[fd00::1]", "fd00::1", 0) && reads("[fd00::1]:5001", "fd00::1", 5001) &&
	   reads("[fd00::1] 5001", "fd00::1", 5001), "in brackets");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(server_parse(bad[i], &place) == -EINVAL, "not \"%s\"", bad[i]);
	memset(longest, 'x', sizeof(longest));
	longest[SERVER_HOST_SIZE - 1] = '\0';
	ok(server_parse(longest, &place) == 0, "a host of 255 bytes");
	longest[SERVER_HOST_SIZE - 1] = 'x';
	longest[SERVER_HOST_SIZE] = '\0';
	ok(server_parse(longest, &place) == -EINVAL, "not one of 256");
}

static void test_list(void)
{
	struct config_server second = { NULL, (char *)"b.example", 0 };
	struct config_server first = { &second, (char *)"a.example", 7000 };
	struct server_place places[SERVER_LIST_MOST];
	struct server_sources from = { .general_port = 5000 };
	const char *bad = NULL;

	ok(server_list(&from, places, &bad) == -ENOENT, "nobody named a server");
	from.section = &first;
	ok(server_list(&from, places, &bad) == 2 && strcmp(places[0].host, "a.example") == 0 &&
	   places[0].port == 7000 && strcmp(places[1].host, "b.example") == 0 &&
	   places[1].port == 5000, "the section's servers in their order, with the general port");
	from.command_port = 6000;
	ok(server_list(&from, places, &bad) == 2 && places[0].port == 6000 && places[1].port == 6000,
	   "-P is stronger than the file");
	from.environment = "";
	ok(server_list(&from, places, &bad) == 2, "an empty VTUN_SERVER is none");
	from.environment = "c.example:8000";
	ok(server_list(&from, places, &bad) == 1 && strcmp(places[0].host, "c.example") == 0 &&
	   places[0].port == 6000, "VTUN_SERVER is stronger than the section, -P than it");
	from.command_port = 0;
	ok(server_list(&from, places, &bad) == 1 && places[0].port == 8000, "and it may name its port");
	from.command_line = "d.example";
	ok(server_list(&from, places, &bad) == 1 && strcmp(places[0].host, "d.example") == 0 &&
	   places[0].port == 5000, "the command line is stronger than all");
	from.command_line = "d.example:9000";
	from.command_port = 6000;
	ok(server_list(&from, places, &bad) == 1 && places[0].port == 9000,
	   "a port beside the host is meant for it");
	from.command_line = "d.example:x";
	ok(server_list(&from, places, &bad) == -EINVAL && strcmp(bad, "d.example:x") == 0,
	   "what cannot be understood is named, not skipped");
}

/* The waits of a client that never gets in, without jitter's share: random 1/2. */
static bool doubles(bool refused, unsigned least, unsigned most)
{
	struct backoff b = {};
	unsigned want = least, i;

	for (i = 0; i < 12; i++) {
		unsigned low = backoff_next(&b, refused, false, 0);

		if (low != want * 750)
			return false;
		want = want * 2 > most ? most : want * 2;
	}
	return true;
}

static void test_backoff(void)
{
	struct backoff b = {};
	unsigned i, ms, low = UINT32_MAX, high = 0;

	ok(doubles(false, 1, 60), "1 s doubling to 60 s");
	ok(doubles(true, 5, 300), "after a refused login 5 s doubling to 300 s");
	for (i = 0; i < 100000; i++) {
		b = (struct backoff){};
		ms = backoff_next(&b, false, false, i * 2654435761u);
		low = ms < low ? ms : low;
		high = ms > high ? ms : high;
	}
	ok(low == 750 && high == 1250, "a quarter more or less");
	b = (struct backoff){};
	(void)backoff_next(&b, false, false, 0);
	(void)backoff_next(&b, false, false, 0);
	ok(backoff_next(&b, false, true, 0) == 750, "from the start after a session that was up");
	ok(backoff_next(&b, true, false, 0) == 3750 && backoff_next(&b, false, false, 0) == 7500 &&
	   backoff_next(&b, true, false, 0) == 15000, "a refused login counts, whatever comes after it");
	ok(backoff_next(&b, false, true, 0) == 750, "until a session was up");
}

int main(void)
{
	test_parse();
	test_list();
	test_backoff();
	return finish();
}
