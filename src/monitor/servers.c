/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "servers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int parse_port(const char *text, uint16_t *ret)
{
	unsigned long n;
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return -EINVAL;
	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno || *end || n < 1 || n > 65535)
		return -EINVAL;
	*ret = (uint16_t)n;
	return 0;
}

/* Where the host begins and ends, and what is left for the port ("" for none). */
static int split(const char *text, const char **host, size_t *size, const char **port)
{
	const char *colon = strchr(text, ':'), *blank = strpbrk(text, " \t");
	const char *end;

	*host = text;
	if (text[0] == '[') {
		end = strchr(text, ']');
		if (!end)
			return -EINVAL;
		*host = text + 1;
		*port = end + 1 + (end[1] == ':');
		if ((end[1] == ':' && !end[2]) || (end[1] && end[1] != ':' && end + 1 != blank))
			return -EINVAL;
	} else if (blank) {
		end = blank;
		*port = blank;
	} else if (colon && !strchr(colon + 1, ':')) {
		end = colon;
		*port = colon + 1;
	} else {
		end = text + strlen(text);
		*port = end;
	}
	if (*end == ':' && !**port)
		return -EINVAL;
	*size = (size_t)(end - *host);
	*port += strspn(*port, " \t");
	return 0;
}

int server_parse(const char *text, struct server_place *ret)
{
	struct server_place place = {};
	const char *host, *port;
	size_t size;

	if (split(text, &host, &size, &port) < 0 || size == 0 || size >= sizeof(place.host))
		return -EINVAL;
	memcpy(place.host, host, size);
	if (*port && parse_port(port, &place.port) < 0)
		return -EINVAL;
	*ret = place;
	return 0;
}

static int list_section(const struct server_sources *from, struct server_place *ret)
{
	const struct config_server *s;
	int n = 0;

	for (s = from->section; s && n < SERVER_LIST_MOST; s = s->next) {
		if (strlen(s->host) >= sizeof(ret[n].host))
			return -EINVAL;
		strcpy(ret[n].host, s->host);
		ret[n++].port = s->port;
	}
	return n;
}

int server_list(const struct server_sources *from, struct server_place ret[static SERVER_LIST_MOST],
		const char **ret_bad)
{
	const char *said = from->command_line;
	uint16_t fallback = from->command_port ? from->command_port : from->general_port;
	int i, n = 1;

	if (!said && from->environment && *from->environment)
		said = from->environment;
	if (said) {
		if (server_parse(said, &ret[0]) < 0) {
			*ret_bad = said;
			return -EINVAL;
		}
	} else {
		n = list_section(from, ret);
		if (n < 0)
			*ret_bad = "server";
		if (n <= 0)
			return n < 0 ? n : -ENOENT;
	}
	for (i = 0; i < n; i++) {
		/* -P is stronger than a port in the file; beside SERVER it only fills a gap. */
		if (from->command_port && !from->command_line)
			ret[i].port = from->command_port;
		else if (!ret[i].port)
			ret[i].port = fallback;
	}
	return n;
}
