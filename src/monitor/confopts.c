/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "confopts.h"

#include <string.h>
#include <sys/socket.h>

#include "common/cleanup.h"
#include "confvalue.h"

#define MEMBER(type, m) .offset = offsetof(struct type, m), .width = sizeof(((struct type *)0)->m)
#define GENERAL(m)      MEMBER(config_general, m)
#define SESSION(m)      MEMBER(config_session, m)
#define ADDRESS(m)      MEMBER(confblock, m)
#define ONE             .least = 1, .most = 1
#define NUMBER(l, h, u) ONE, .set = value_number, .low = (l), .high = (h), .unit = (u)
#define WORD(w)         ONE, .set = value_word, .words = (w)
#define HOST            ONE, .set = value_host
#define PATH_OF(kind)   ONE, .set = value_program_path, .low = (kind)
#define RUNS(kind)      .repeats = true, .least = 1, .most = 3, .set = value_command, .low = (kind)
#define NEW             .is_new = true

static const struct option_word yes_no[] = {
	{ "yes", 1 }, { "no", 0 }, { "enable", 1 }, { "disable", 0 }, { "allow", 1 }, { "deny", 0 },
	{ "1", 1 }, { "0", 0 }, {},
};
static const struct option_word persists[] = {
	{ "yes", PERSIST_YES }, { "no", PERSIST_NO }, { "keep", PERSIST_KEEP },
	{ "enable", PERSIST_YES }, { "disable", PERSIST_NO }, { "allow", PERSIST_YES },
	{ "deny", PERSIST_NO }, { "1", PERSIST_YES }, { "0", PERSIST_NO }, {},
};
static const struct option_word multis[] = {
	{ "yes", MULTI_YES }, { "no", MULTI_NO }, { "killold", MULTI_KILLOLD },
	{ "allow", MULTI_YES }, { "deny", MULTI_NO }, { "enable", MULTI_YES },
	{ "disable", MULTI_NO }, { "1", MULTI_YES }, { "0", MULTI_NO }, {},
};
static const struct option_word reliables[] = {
	{ "yes", RELIABLE_YES }, { "no", RELIABLE_NO }, { "ordered", RELIABLE_ORDERED },
	{ "enable", RELIABLE_YES }, { "disable", RELIABLE_NO }, { "allow", RELIABLE_YES },
	{ "deny", RELIABLE_NO }, { "1", RELIABLE_YES }, { "0", RELIABLE_NO }, {},
};
static const struct option_word types[] = {
	{ "tun", TUNNEL_TUN }, { "ether", TUNNEL_ETHER }, { "tty", TUNNEL_TTY },
	{ "pipe", TUNNEL_PIPE }, {},
};
static const struct option_word protos[] = { { "tcp", PROTO_TCP }, { "udp", PROTO_UDP }, {} };
static const struct option_word auths[] = {
	{ "pass", 0 }, { "key", 1 }, { "pass+key", 1 }, { "x509", 1 }, {},
};

static const struct option in_options[] = {
	{ "port", NUMBER(1, 65535, ""), GENERAL(port) },
	{ "timeout", NUMBER(0, 86400, " seconds"), GENERAL(timeout_s) },
	{ "persist", WORD(persists), GENERAL(persist) },
	{ "ppp", PATH_OF(COMMAND_PPP) },
	{ "ifconfig", PATH_OF(COMMAND_IFCONFIG) },
	{ "ifcfg", .alias_of = "ifconfig" },
	{ "route", PATH_OF(COMMAND_ROUTE) },
	{ "firewall", PATH_OF(COMMAND_FIREWALL) },
	{ "ip", PATH_OF(COMMAND_IP) },
	{ "bindaddr", .opens = BLOCK_BINDADDR },
	{ "syslog", ONE, .set = value_syslog, GENERAL(syslog_facility) },
	{ "type", ONE, .set = value_server_type },
	{ "ipv4", .set = value_family, .low = AF_INET },
	{ "ipv6", .set = value_family, .low = AF_INET6 },
	{ "udp_ports", NEW, ONE, .set = value_udp_ports },
	{ "auth_timeout", NEW, NUMBER(1, 3600, " seconds"), GENERAL(auth_timeout_s) },
	{ "rekey", NEW, NUMBER(60, 86400, " seconds"), GENERAL(rekey_s) },
	{ "hostkey", NEW, ONE, .set = value_hostkey },
	{ "sni", NEW, HOST, GENERAL(sni) },
	{ "mtu_clamp", NEW, WORD(yes_no), GENERAL(mtu_clamp) },
	{},
};

static const struct option in_session[] = {
	{ "passwd", .secret = true, ONE, .set = value_password },
	{ "password", .alias_of = "passwd" },
	{ "pass_file", NEW, ONE, .set = value_pass_file },
	{ "server", NEW, .repeats = true, .least = 1, .most = 2, .set = value_server },
	{ "type", WORD(types), SESSION(type), .flag = offsetof(struct config_session, has_type) },
	{ "proto", WORD(protos), SESSION(proto),
	  .flag = offsetof(struct config_session, has_proto) },
	{ "compress", ONE, .set = value_compress },
	{ "encrypt", ONE, .set = value_encrypt },
	{ "keepalive", ONE, .set = value_keepalive },
	{ "speed", ONE, .set = value_speed },
	{ "multi", WORD(multis), SESSION(multi) },
	{ "persist", WORD(persists), SESSION(persist) },
	{ "timeout", NUMBER(0, 86400, " seconds"), SESSION(timeout_s) },
	{ "device", ONE, .set = value_device },
	{ "stat", WORD(yes_no), SESSION(stat) },
	{ "nat_hack", ONE, .set = value_no_effect },
	{ "delay_udp", ONE, .set = value_no_effect },
	{ "sslauth", ONE, .set = value_no_effect },
	{ "srcaddr", .opens = BLOCK_SRCADDR },
	{ "up", .opens = BLOCK_COMMANDS },
	{ "down", .opens = BLOCK_COMMANDS },
	{ "ifname", NEW, .most = OPTION_VALUES_MAX, .set = value_vendor },
	{ "mtu", NEW, NUMBER(MTU_LEAST, MTU_MOST, ""), SESSION(mtu) },
	{ "strict", NEW, WORD(yes_no), SESSION(strict) },
	{ "reliable", NEW, WORD(reliables), SESSION(reliable),
	  .flag = offsetof(struct config_session, has_reliable) },
	{ "auth", NEW, ONE, .set = value_auth, .words = auths },
	{ "serverkey", NEW, ONE, .set = value_not_yet },
	{ "clientkey", NEW, ONE, .set = value_not_yet },
	{ "ca", NEW, ONE, .set = value_not_yet },
	{ "cert", NEW, ONE, .set = value_not_yet },
	{ "key", NEW, ONE, .set = value_not_yet },
	{ "certname", NEW, ONE, .set = value_not_yet },
	{},
};

static const struct option in_commands[] = {
	{ "program", RUNS(COMMAND_PROGRAM) },
	{ "ppp", RUNS(COMMAND_PPP) },
	{ "ifconfig", RUNS(COMMAND_IFCONFIG) },
	{ "ifcfg", .alias_of = "ifconfig" },
	{ "route", RUNS(COMMAND_ROUTE) },
	{ "firewall", RUNS(COMMAND_FIREWALL) },
	{ "ip", RUNS(COMMAND_IP) },
	{},
};

static const struct option in_srcaddr[] = {
	{ "addr", HOST, ADDRESS(addr) },
	{ "iface", ONE, .set = value_iface, ADDRESS(iface) },
	{ "port", NUMBER(1, 65535, ""), ADDRESS(port) },
	{},
};

static const struct option in_bindaddr[] = {
	{ "addr", HOST, ADDRESS(addr) },
	{ "iface", ONE, .set = value_iface, ADDRESS(iface) },
	{},
};

static const struct {
	const struct option *options;
	const char *text;
} blocks[BLOCK_COUNT] = {
	[BLOCK_OPTIONS] = { in_options, "options { }" },
	[BLOCK_SESSION] = { in_session, "a session" },
	[BLOCK_COMMANDS] = { in_commands, "up { } and down { }" },
	[BLOCK_SRCADDR] = { in_srcaddr, "srcaddr { }" },
	[BLOCK_BINDADDR] = { in_bindaddr, "bindaddr { }" },
};

const struct option *option_list(enum block block)
{
	return blocks[block].options;
}

const char *option_block_text(enum block block)
{
	return blocks[block].text;
}

static const struct option *by_name(enum block block, const char *name, size_t size)
{
	const struct option *o;

	for (o = blocks[block].options; o->name; o++)
		if (*o->name == *name && strlen(o->name) == size &&
		    memcmp(o->name, name, size) == 0)
			return o->alias_of ? by_name(block, o->alias_of, strlen(o->alias_of)) : o;
	return NULL;
}

const struct option *option_named(enum block block, const struct token *keyword)
{
	return by_name(block, keyword->text, keyword->size);
}

const struct option *option_find(enum block block, const struct token *keyword)
{
	enum { LEAST_PREFIX = 4 };
	const struct option *found = option_named(block, keyword), *o;

	if (found || keyword->size < LEAST_PREFIX)
		return found;
	for (o = blocks[block].options; o->name; o++) {
		const struct option *meant = o;

		if (o->is_new || strncmp(o->name, keyword->text, keyword->size) != 0)
			continue;
		if (o->alias_of)
			meant = by_name(block, o->alias_of, strlen(o->alias_of));
		if (found && found != meant)
			return NULL;
		found = meant;
	}
	return found;
}

enum { NAME_MAX_BYTES = 16 };

/* Edits (a byte put in, left out, changed) from one short word to another. */
static unsigned distance(const char *a, size_t a_size, const char *b)
{
	unsigned row[NAME_MAX_BYTES + 1], i, j, b_size = (unsigned)strlen(b);

	if (a_size > NAME_MAX_BYTES || b_size > NAME_MAX_BYTES)
		return NAME_MAX_BYTES;
	for (j = 0; j <= b_size; j++)
		row[j] = j;
	for (i = 1; i <= a_size; i++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (j = 1; j <= b_size; j++) {
			unsigned best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[b_size];
}

/* Keeps `name` as *best if it is nearer than what is there, and near at all: in three letters one
 * may be wrong, in longer words two. */
static void keep_nearest(const char *text, size_t size, const char *name, const char **best,
			 unsigned *best_distance)
{
	unsigned d = distance(text, size, name);

	if (d < *best_distance && d <= (size <= 3 || strlen(name) <= 3 ? 1 : 2)) {
		*best = name;
		*best_distance = d;
	}
}

const char *option_nearest(enum block block, const struct token *keyword, bool opens)
{
	const struct option *o;
	const char *best = NULL;
	unsigned best_distance = 3;

	for (o = blocks[block].options; o->name; o++)
		if (o->opens || !opens)
			keep_nearest(keyword->text, keyword->size, o->name, &best, &best_distance);
	return best;
}

const char *option_nearest_word(const struct option_word *words, const char *text)
{
	const char *best = NULL;
	unsigned best_distance = 3;

	for (; words->word; words++)
		keep_nearest(text, strlen(text), words->word, &best, &best_distance);
	return best;
}

const char *option_elsewhere(enum block block, const struct token *keyword)
{
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(blocks); i++)
		if (i != block && option_named(i, keyword))
			return blocks[i].text;
	return NULL;
}
