/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "common/cleanup.h"
#include "common/exitcode.h"
#include "monitor/commands.h"
#include "remark.h"

static void take_remark(void *context, const struct diag *d)
{
	(void)context;
	remark_print(stderr, d);
}

/* ---- terms */

__attribute__((format(printf, 2, 3))) static void
print_line(const char *name, const char *format, ...)
{
	va_list ap;

	printf("  %-14s", name);
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	putchar('\n');
}

static const char *yes_no(bool yes)
{
	return yes ? "yes" : "no";
}

/* For certain: a client that does not say its type may be told any. */
static bool is_stream(const struct config_session *s)
{
	return s->has_type && (s->type == TUNNEL_TTY || s->type == TUNNEL_PIPE);
}

static void print_type(const struct config_session *s)
{
	if (s->has_type)
		print_line("type", "%s", tunnel_type_name(s->type));
	else
		print_line("type", "not said: %s, if this is the server", tunnel_type_name(s->type));
}

static void print_proto(const struct config_session *s)
{
	if (is_stream(s))
		print_line("proto", "tcp, as %s is always", tunnel_type_name(s->type));
	else if (s->has_proto)
		print_line("proto", "%s", s->proto == PROTO_UDP ? "udp" : "tcp");
	else
		print_line("proto", "not said: tcp, if this is the server");
}

static void print_compress(const struct config_session *s)
{
	if (s->comp_alg == COMP_NONE)
		print_line("compress", "no%s", s->has_compress ? ", a client refuses it" : "");
	else
		print_line("compress", "%s:%u", comp_alg_name(s->comp_alg), s->comp_level);
}

static void print_keepalive(const struct config_session *s)
{
	if (s->keepalive_s == 0)
		print_line("keepalive", "no");
	else
		print_line("keepalive", "%u:%u, a peer is lost after %u s of silence", s->keepalive_s,
			   s->keepalive_misses, s->keepalive_s * s->keepalive_misses);
}

static void print_limit(const char *name, uint32_t kbits)
{
	if (kbits)
		print_line(name, "at most %u kbit/s", kbits);
	else
		print_line(name, "no limit");
}

static void print_mtu(const struct config_general *g, const struct config_session *s)
{
	bool udp = s->proto == PROTO_UDP;

	if (s->mtu)
		print_line("mtu", "%u%s", s->mtu,
			   udp && g->mtu_clamp ? ", less if the path takes less" : "");
	else
		print_line("mtu", "%s", udp ? "fitted to the path" : "1500");
}

static void print_reliable(const struct config_session *s)
{
	static const char *const words[] = {
		[RELIABLE_NO] = "no", [RELIABLE_YES] = "yes, unless the client's file says no",
		[RELIABLE_ORDERED] = "ordered, unless the client's file says no",
	};

	print_line("reliable", "%s%s", words[s->reliable],
		   s->has_reliable && !s->reliable ? ", a client refuses it" : "");
}

static void print_udp(const struct config_general *g, const struct config_session *s)
{
	print_reliable(s);
	if (g->udp_port_low)
		print_line("udp ports", "%u to %u", g->udp_port_low, g->udp_port_high);
	else
		print_line("udp ports", "any");
	print_line("new keys", "every %u s", g->rekey_s);
}

/* What the server decides. */
static void print_terms(const struct config_general *g, const struct config_session *s)
{
	puts("terms: a server offers these; a client takes what its server offers");
	print_type(s);
	print_proto(s);
	print_compress(s);
	print_line("encrypt", "%s", s->encrypt ? "yes" : "no, if the other side says so too");
	print_keepalive(s);
	print_limit("to the client", s->speed_to_client);
	print_limit("to the server", s->speed_to_server);
	if (is_stream(s))
		return;
	print_mtu(g, s);
	if (s->proto == PROTO_UDP)
		print_udp(g, s);
}

/* What each end decides for itself. */
static void print_own(const struct config_general *g, const struct config_session *s)
{
	static const char *const multi[] = { "yes", "no", "killold" };
	static const char *const persist[] = { "no", "yes", "keep" };
	const struct config_server *server;

	puts("this end");
	if (!is_stream(s))
		print_line("device", "%s", *s->device ? s->device : "the next free one");
	if (s->pass_file)
		print_line("password", "in %s", s->pass_file);
	else
		print_line("password", "%s", s->password ? "in the file" : "none: the session is refused");
	print_line("strict", "%s", yes_no(s->strict));
	print_line("stat", "%s", yes_no(s->stat));
	puts("this end, as a server");
	print_line("multi", "%s", multi[s->multi]);
	puts("this end, as a client");
	for (server = s->servers; server; server = server->next)
		print_line("server", "%s port %u", server->host,
			   server->port ? server->port : g->port);
	if (!s->servers)
		print_line("server", "that of the command line, port %u", g->port);
	if (s->src_addr || s->src_iface || s->src_port)
		print_line("source", "address %s, interface %s, port %u",
			   s->src_addr ? s->src_addr : "any", s->src_iface ? s->src_iface : "any",
			   s->src_port);
	print_line("persist", "%s", persist[s->persist]);
	print_line("timeout", "%u s", s->timeout_s);
}

/* ---- commands */

/* A word as a shell would have to be given it, so that the line can be tried by hand. */
static void print_word(const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789._-:/%+@,=";
	const char *s;

	if (*word && word[strspn(word, plain)] == '\0') {
		printf(" %s", word);
		return;
	}
	fputs(" '", stdout);
	for (s = word; *s; s++)
		if (*s == '\'')
			fputs("'\\''", stdout);
		else
			putchar(*s);
	putchar('\'');
}

static int print_command(unsigned number, const struct command *c, const struct command_vars *vars)
{
	auto_free char **argv = NULL;
	char text[128];
	char **word;
	int r = command_argv(c, vars, &argv, text);

	printf("  %u.", number);
	if (r < 0) {
		printf(" refused: %s\n", text);
		return r;
	}
	for (word = argv; *word; word++)
		print_word(*word);
	printf("%s\n", command_is_waited_for(c) ? "" : "    # not waited for");
	return 0;
}

static int print_commands(const char *which, const struct command *list,
			  const struct command_vars *vars)
{
	unsigned number = 0;
	int r = 0;

	printf("%s%s\n", which, list ? "" : ": no commands");
	for (; list; list = list->next)
		if (print_command(++number, list, vars) < 0)
			r = -EINVAL;
	return r;
}

/* ---- all */

static int explain(const struct config *c, const char *path, const struct config_session *s)
{
	const struct command_vars vars = {
		.device = *s->device && !is_stream(s) ? s->device : NULL, .session = s->name,
	};
	int up, down;

	printf("session %s (%s:%u)\n", s->name, path, s->line);
	print_terms(config_general(c), s);
	print_own(config_general(c), s);
	up = print_commands("up", s->up, &vars);
	down = print_commands("down", s->down, &vars);
	if (s->up || s->down)
		puts("known when the session is set up: %% %d device, %A %P this end, %a %p the other");
	return up < 0 || down < 0 ? EXIT_CONFIG : EXIT_DONE;
}

int command_explain(int argc, char **argv)
{
	const char *path = argc == 3 ? argv[1] : SYSCONFDIR "/vtund.conf", *name = argv[argc - 1];
	const struct config_session *s;
	struct config *c;
	int r;

	if (argc < 2 || argc > 3 || *argv[1] == '-')
		return command_usage("explain");
	r = config_open(path, take_remark, NULL, &c);
	if (r < 0) {
		fprintf(stderr, "vtunctl: %s: %s\n", path,
			r == -EBADMSG ? "nothing in it is valid, see above" : strerror(-r));
		return EXIT_CONFIG;
	}
	r = config_find(c, name, take_remark, NULL, &s);
	if (r == 0)
		r = explain(c, path, s);
	else
		fprintf(stderr, "vtunctl: %s: session %s %s\n", path, name,
			r == -ENOENT ? "is not there" : "is refused, see above");
	config_free(c);
	return r < 0 ? EXIT_CONFIG : r;
}
