/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What vtund.conf means: every rule of man vtund.conf(5) that a file from memory can show.
 */
#include <sys/socket.h>
#include <syslog.h>

#include "common/cleanup.h"
#include "conf.h"
#include "monitor/confparse.h"

#define A_AND_B(a, b) "a { passwd x; " a " }\nb { passwd y; " b " }\n"

static int is(const char *got, const char *expected)
{
	return got && expected ? strcmp(got, expected) == 0 : got == expected;
}

static void defaults(void)
{
	const struct config_general *g = general("");
	const struct config_session *s;

	ok(g && g->port == 5000 && g->timeout_s == 60 && g->persist == PERSIST_NO &&
	   g->family == AF_UNSPEC && g->syslog_facility == LOG_DAEMON && g->auth_timeout_s == 15 &&
	   g->rekey_s == 3600 && g->mtu_clamp && !g->udp_port_low, "options have their defaults");
	s = with("");
	ok(s && s->type == TUNNEL_TTY && s->proto == PROTO_TCP && !s->has_type && !s->has_proto &&
	   s->comp_alg == COMP_NONE && !s->has_compress && s->encrypt && s->keepalive_s == 30 &&
	   s->keepalive_misses == 4 && s->speed_to_client == 0 && s->multi == MULTI_YES &&
	   s->persist == PERSIST_NO && s->timeout_s == 60 && !*s->device && !s->stat && !s->strict &&
	   !s->reliable && s->mtu == 0 && !s->up && !s->down && !s->servers,
	   "a session has its defaults");
	ok(open_text("") == 0 && open_text("# nothing\n") == 0 && open_text("options { }") == 0,
	   "a file without sessions is valid");
	ok(find("", "a") == NULL && config_find(opened, "a", NULL, NULL, &s) == -ENOENT,
	   "a session that is not there is not found");
	ok(find("default { } options { }", "default") == NULL && find("options { }", "options") == NULL,
	   "options and default are no sessions");
}

static void keywords(void)
{
	const struct config_session *s = with("comp zlib:3; encr no; keep 5:6; pers keep; devi d; "
					      "time 7; prot udp; mult killold; spee 8:9; up { ifco \"x\"; }");

	ok(s && s->comp_level == 3 && !s->encrypt && s->keepalive_misses == 6 &&
	   s->persist == PERSIST_KEEP && is(s->device, "d") && s->timeout_s == 7 &&
	   s->proto == PROTO_UDP && s->multi == MULTI_KILLOLD && s->speed_to_client == 8 &&
	   s->speed_to_server == 9 && s->up && s->up->kind == COMMAND_IFCONFIG,
	   "four letters are enough for a classic keyword");
	ok((s = find("a { pass x; }", "a")) && is(s->password, "x"), "pass is passwd");
	ok((s = find("a { password x; }", "a")) && is(s->password, "x"), "and so is password");
	ok((s = find("a { passw x; }", "a")) && is(s->password, "x"),
	   "what begins both is not ambiguous, nor by pass_file, which is new");
	ok(!with("com yes;"), "three letters are not enough");
	ok(!with("stri yes;") && !with("reli yes;") && !find("a { pass_f x; }", "a"),
	   "new keywords do not abbreviate");
	ok(!with("Type tun;") && !with("TYPE tun;"), "upper case is another word");
	ok(general("sysl user; ifcf /x; fire /f; bind { addr 1.2.3.4; }"), "options abbreviate too");
	ok(!find("opti { port 6000; } a { passwd x; }", "a") || config_general(opened)->port == 5000,
	   "section words do not");
	ok(check_says("a { passwd x; devcie tun1; }",
		      "1:15: error: unknown option \"devcie\": did you mean \"device\"?"),
	   "an unknown option is named, and what may have been meant");
	ok(check_says("a { passwd x; port 5; }", "1:15: error: \"port\" is an option of options"),
	   "an option of another block is told where it belongs");
	ok(check_says("a { passwd x; ifname tap7; }", "1:15: warning: \"ifname\" is known"),
	   "another vendor's option is ignored with a warning");
	ok(with("nat_hack client; delay_udp yes; sslauth yes;") && count_said("note:") == 3,
	   "what lost its effect is accepted with a note");
}

static void names(void)
{
	char text[200], name[65];

	ok(find("12 { passwd x; }", "12"), "a name may be digits");
	ok(find("client { passwd x; }", "client") && find("port { passwd x; }", "port") &&
	   find("up { passwd x; }", "up"), "or an option word");
	ok(find("0a1b2c3d4e5f { passwd x; }", "0a1b2c3d4e5f") && find("_a.b-c { passwd x; }", "_a.b-c"),
	   "or a MAC address, or have dots and dashes");
	memset(name, 'n', 64);
	name[63] = name[64] = '\0';
	snprintf(text, sizeof(text), "%s { passwd x; }", name);
	ok(find(text, name), "63 bytes are a name");
	name[63] = 'n';
	snprintf(text, sizeof(text), "%s { passwd x; }", name);
	ok(!find(text, name), "64 are not");
	ok(!find("a:b { passwd x; }", "a:b") && !find("-a { passwd x; }", "-a") &&
	   !find(".a { passwd x; }", ".a") && !find("a/b { passwd x; }", "a/b") &&
	   !find("\"a\" { passwd x; }", "a"), "other bytes and quotes are refused");
	ok(find("a:b { passwd x; } c { passwd y; }", "c"), "and that session alone");
}

static void passwords(void)
{
	const struct config_session *s;
	char text[400] = "a { passwd ", buf[256], why[CONFIG_WHY_SIZE];
	size_t head = strlen(text);

	ok((s = find("a { passwd 12345; }", "a")) && is(s->password, "12345"), "a password may be digits");
	ok((s = find("a { passwd no; }", "a")) && is(s->password, "no") &&
	   (s = find("a { passwd client; }", "a")) && is(s->password, "client") &&
	   (s = find("a { passwd device; }", "a")) && is(s->password, "device"), "or any word");
	ok((s = find("a { passwd foo#bar; }", "a")) && is(s->password, "foo#bar") &&
	   (s = find("a { passwd #x; }", "a")) && is(s->password, "#x"), "or hold a #");
	ok((s = find("a { passwd \"a ; } b\"; }", "a")) && is(s->password, "a ; } b"), "or be quoted");
	ok((s = find("a { passwd ${HOME}\n; }", "a")) == NULL &&
	   (s = find("a { passwd '$HOME\\n'; }", "a")) && is(s->password, "'$HOME\\n'"),
	   "$, ' and backslashes are ordinary bytes");
	ok((s = find("a { passwd x }", "a")) && is(s->password, "x"), "the last ; may be left out");
	ok(config_password(s, buf, why) == 1 && is(buf, "x"), "config_password() gives it out");
	ok(!find("a { passwd \"\"; }", "a") && strstr(said, "1 to 255"), "it may not be empty");
	memset(text + head, 'p', 255);
	strcpy(text + head + 255, "; }");
	ok((s = find(text, "a")) && strlen(s->password) == 255, "255 bytes are a password");
	strcpy(text + head + 255, "p; }");
	ok(!find(text, "a"), "256 are not");
	ok(!find("a { passwd fo\"o; }", "a") && strstr(said, "1:12: error: a quote inside a word"),
	   "a quote inside a word is an error");
	ok((s = find("default { passwd y; } a { type tun; }", "a")) && !s->password &&
	   config_password(s, buf, why) == -ENOKEY, "a default's password is not inherited");
	ok(check_says("default { passwd y; }", "1:11: warning: a password in default"),
	   "check warns of it");
	ok(check_says("a { type tun; }", "1:1: warning: no passwd"),
	   "a session without one is refused when used: check warns");
	ok(!find("a { passwd x; pass_file y; }", "a") && !find("a { pass_file y; passwd x; }", "a"),
	   "a password beside a pass_file is an error");
	ok((s = find("default { pass_file /y; } a { passwd x; }", "a")) && is(s->password, "x") &&
	   !s->pass_file, "a default's pass_file gives way to a password");
	ok(!find("a { pass_file x/y; }", "a") && !find("a { pass_file \"\"; }", "a") &&
	   !find("a { pass_file ..; }", "a"), "a relative pass_file with a slash is an error");
	ok(!find("a { passwd my secret; }", "a") && !strstr(said, "secret"),
	   "no part of a password is told");
}

static void booleans(void)
{
	const char *yes[] = { "yes", "enable", "allow", "1" }, *no[] = { "no", "disable", "deny", "0" };
	const struct config_session *s;
	char text[200];
	int i, good = 1;

	for (i = 0; i < 4; i++) {
		snprintf(text, sizeof(text), "stat %s; encrypt %s; persist %s; multi %s;", yes[i], yes[i],
			 yes[i], yes[i]);
		good = good && (s = with(text)) && s->stat && s->encrypt && s->persist == PERSIST_YES &&
		       s->multi == MULTI_YES;
		snprintf(text, sizeof(text), "stat %s; encrypt %s; persist %s; multi %s; compress %s; "
			 "keepalive %s;", no[i], no[i], no[i], no[i], no[i], no[i]);
		good = good && (s = with(text)) && !s->stat && !s->encrypt && s->persist == PERSIST_NO &&
		       s->multi == MULTI_NO && s->comp_alg == COMP_NONE && s->keepalive_s == 0;
	}
	ok(good, "yes, enable, allow and 1 are one, no, disable, deny and 0 the other");
	ok(!with("stat maybe;") && !with("type tap;") && !with("proto sctp;") && !with("multi keep;"),
	   "other words are errors");
	ok(check_says("a { passwd x; multi kilold; }",
		      "1:21: error: \"kilold\" is no value of \"multi\": did you mean \"killold\"?"),
	   "with the word that may have been meant");
}

static void notations(void)
{
	static const struct {
		const char *text;
		int alg, level; /* -1: refused */
	} compress[] = {
		{ "no", COMP_NONE, 0 }, { "0", COMP_NONE, 0 }, { "yes", COMP_DEFLATE, 1 },
		{ "zlib", COMP_DEFLATE, 1 }, { "1", COMP_DEFLATE, 1 }, { "9", COMP_DEFLATE, 9 },
		{ "zlib:7", COMP_DEFLATE, 7 }, { "yes:3", COMP_DEFLATE, 3 }, { "zlib:0", -1, 0 },
		{ "zlib:10", -1, 0 }, { "10", -1, 0 }, { "lzop", -1, 0 }, { "zlib:", -1, 0 },
		{ "zlib:x", -1, 0 }, { "no:1", -1, 0 }, { "5:1", -1, 0 }, { "-1", -1, 0 },
	};
	static const struct {
		const char *text;
		int interval, misses;
	} keepalive[] = {
		{ "yes", 30, 4 }, { "no", 0, 0 }, { "0", 0, 0 }, { "1", 1, 4 }, { "3600:100", 3600, 100 },
		{ "10:5", 10, 5 }, { "7", 7, 4 }, { "3601:1", -1, 0 }, { "1:101", -1, 0 },
		{ "0:4", -1, 0 }, { "5:0", -1, 0 }, { "5:", -1, 0 }, { ":5", -1, 0 }, { "5s", -1, 0 },
	};
	const struct config_session *s;
	char text[100];
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(compress); i++) {
		snprintf(text, sizeof(text), "compress %s;", compress[i].text);
		s = with(text);
		ok(compress[i].alg < 0 ? !s : s && (int)s->comp_alg == compress[i].alg &&
		   s->comp_level == compress[i].level && s->has_compress, "compress %s is %s",
		   compress[i].text, compress[i].alg < 0 ? "refused" : "understood");
	}
	for (i = 0; i < ARRAY_SIZE(keepalive); i++) {
		snprintf(text, sizeof(text), "keepalive %s;", keepalive[i].text);
		s = with(text);
		ok(keepalive[i].interval < 0 ? !s : s && s->keepalive_s == keepalive[i].interval &&
		   s->keepalive_misses == keepalive[i].misses, "keepalive %s is %s", keepalive[i].text,
		   keepalive[i].interval < 0 ? "refused" : "understood");
	}
	ok(with("keepalive 5;") && strstr(said, "note: this means 5:4"), "keepalive N has a note");
	ok((s = with("reliable yes;")) && s->reliable == RELIABLE_YES && s->has_reliable &&
	   (s = with("reliable ordered;")) && s->reliable == RELIABLE_ORDERED &&
	   (s = with("reliable no;")) && s->reliable == RELIABLE_NO && s->has_reliable &&
	   (s = with("")) && !s->has_reliable && !with("reliable sometimes;"),
	   "reliable has three words, and no is another thing than silence");
	ok((s = with("encrypt blowfish128cbc;")) && s->encrypt && strstr(said, "note:") &&
	   (s = with("encrypt aes256ofb;")) && s->encrypt && (s = with("encrypt oldblowfish128ecb;")) &&
	   s->encrypt, "the name of an old cipher means yes, with a note");
	ok(!with("encrypt rot13;") && !with("encrypt aes512cbc;"), "no other name does");
	ok((s = with("speed 512;")) && s->speed_to_client == 512 && s->speed_to_server == 512 &&
	   (s = with("speed 256:64;")) && s->speed_to_client == 256 && s->speed_to_server == 64,
	   "speed A:B is to and from the client");
	ok((s = with("server a.example; server ::1 6000;")) && is(s->servers->host, "a.example") &&
	   s->servers->port == 0 && is(s->servers->next->host, "::1") &&
	   s->servers->next->port == 6000, "servers add up, in their order");
	ok(!with("server [::1];") && !with("server a:5000;") && !with("server a 0;") &&
	   !with("server a b;") && !with("server -a;"),
	   "what is no host or port is refused");
	ok((s = with("srcaddr { iface eth0; addr 192.0.2.1; port 99; }")) && is(s->src_iface, "eth0") &&
	   is(s->src_addr, "192.0.2.1") && s->src_port == 99, "srcaddr");
	ok((s = with("passwd \"y\"; device \"tun5\"; type \"tun\"; timeout \"5\";")) &&
	   is(s->device, "tun5") && s->type == TUNNEL_TUN && s->timeout_s == 5, "any value may be quoted");
}

static void ranges(void)
{
	ok(general("port 1;") && general("port 65535;") && !general("port 0;") &&
	   !general("port 65536;") && !general("port 99999;") && !general("port x;") &&
	   !general("port 5000x;") && !general("port -1;") && !general("port 0x10;") &&
	   !general("port 4294967297;") && !general("port 18446744073709551617;"), "ports: 1 to 65535");
	ok(general("port 010;")->port == 10, "a leading zero means nothing");
	ok(with("timeout 0;") && with("timeout 86400;") && !with("timeout 86401;"),
	   "timeout: 0 to 86,400 seconds");
	ok(with("speed 0;") && with("speed 100000000;") && !with("speed 100000001;") &&
	   !with("speed 1:100000001;") && !with("speed 1:;"), "speed: 0 to 100,000,000 kbit/s");
	ok(with("mtu 576;") && with("mtu 65521;") && !with("mtu 575;") && !with("mtu 65522;"),
	   "mtu: 576 to 65,521");
	ok(with("device v-0a1b2c3d4e5f;") && with("device 123456789012345;") &&
	   !with("device 1234567890123456;") && !with("device a/b;") && !with("device \"a b\";") &&
	   !with("device %d;") && !with("device .;") && !with("device ..;") && !with("device \"\";"),
	   "device: 1 to 15 bytes that the kernel takes");
	ok(with("srcaddr { port 65535; }") && !with("srcaddr { port 65536; }"), "also in a block");
}

static void general_options(void)
{
	const struct config_general *g;

	ok((g = general("ipv4;")) && g->family == AF_INET && (g = general("ipv6;")) &&
	   g->family == AF_INET6 && (g = general("ipv4; ipv6;")) && g->family == AF_UNSPEC &&
	   !general("ipv4 yes;"), "ipv4 and ipv6 stand alone");
	ok((g = general("syslog local3;")) && g->syslog_facility == LOG_LOCAL3 &&
	   (g = general("syslog 3;")) && g->syslog_facility == LOG_DAEMON &&
	   (g = general("syslog 23;")) && g->syslog_facility == LOG_LOCAL7 &&
	   !general("syslog 24;") && !general("syslog deamon;"),
	   "syslog takes a name, or a facility's number");
	ok((g = general("udp_ports 5001-5100;")) && g->udp_port_low == 5001 &&
	   g->udp_port_high == 5100 && !general("udp_ports 2-1;") && !general("udp_ports 0-1;") &&
	   !general("udp_ports 5;") && !general("udp_ports 1-65536;"), "udp_ports");
	ok((g = general("bindaddr { iface eth0; addr ::1; };")) && is(g->bind_iface, "eth0") &&
	   is(g->bind_addr, "::1") && !general("bindaddr { port 5; }"), "bindaddr");
	ok(general("type stand;") && count_said("warning:") == 1 && general("type inetd;") &&
	   !*said && !general("type foo;"), "type: stand has a warning");
	ok((g = general("persist keep; auth_timeout 20; rekey 60; sni n; mtu_clamp no;")) &&
	   g->persist == PERSIST_KEEP && g->auth_timeout_s == 20 && g->rekey_s == 60 &&
	   is(g->sni, "n") && !g->mtu_clamp, "the rest");
	ok(!general("ppp pppd;") && !general("ip \"\";"), "a program's path is absolute");
	ok(open_text("options { port 6000; } a { } options { timeout 5; }") == 0 &&
	   config_general(opened)->port == 6000 && config_general(opened)->timeout_s == 5,
	   "several options sections add up");
}

static void commands(void)
{
	const struct config_session *s;
	const struct command *c;

	s = with("up { ip \"a\"; program \"b c\"; program /bin/d \"e\" wait; program wait \"g\" /bin/f; "
		 "ppp \"h\"; ifcfg \"i\"; route \"j\"; firewall \"k\"; program /bin/l; program \"m\" wait; }");
	c = s ? s->up : NULL;
	ok(c && c->kind == COMMAND_IP && is(c->program, "/sbin/ip") && is(c->args, "a") && c->wait,
	   "ip runs /sbin/ip and is waited for");
	c = c ? c->next : NULL;
	ok(c && c->kind == COMMAND_SHELL && !c->program && is(c->args, "b c") && !c->wait,
	   "program without a path is for the shell");
	c = c ? c->next : NULL;
	ok(c && c->kind == COMMAND_PROGRAM && is(c->program, "/bin/d") && is(c->args, "e") && c->wait,
	   "program PATH ARGS wait");
	c = c ? c->next : NULL;
	ok(c && is(c->program, "/bin/f") && is(c->args, "g") && c->wait, "in any order");
	c = c ? c->next : NULL;
	ok(c && c->kind == COMMAND_PPP && is(c->program, "/usr/sbin/pppd") && !c->wait,
	   "ppp is not waited for");
	c = c ? c->next : NULL;
	ok(c && c->kind == COMMAND_IFCONFIG && is(c->program, "/sbin/ifconfig") && c->wait,
	   "ifcfg is ifconfig");
	c = c ? c->next : NULL;
	ok(c && c->kind == COMMAND_ROUTE && is(c->program, "/sbin/route") && c->wait && c->next &&
	   c->next->kind == COMMAND_FIREWALL && is(c->next->program, "/sbin/iptables") &&
	   c->next->wait, "route and firewall");
	c = c ? c->next->next : NULL;
	ok(c && is(c->program, "/bin/l") && is(c->args, "") && c->kind == COMMAND_PROGRAM,
	   "a program may have no arguments");
	c = c ? c->next : NULL;
	ok(c && c->kind == COMMAND_SHELL && c->wait && !c->next && c->line == 1, "and that is all");
	ok((s = with("up { ip \"a\\\\'b\\' $HOME %%\"; }")) && is(s->up->args, "a\\\\'b\\' $HOME %%"),
	   "arguments are kept as written");
	ok((s = with("up { ip\"a\"; }")) && is(s->up->args, "a"),
	   "a string may follow its keyword directly, as in vtun 3");
	ok((s = with("up { ip \"it's\"; }")) && is(s->up->args, "it's"), "a ' may stay open");
	ok(!with("up { program /a \"b\" \"c\"; }") && !with("up { program /a /b; }") &&
	   !with("up { program a \"b\"; }") && !with("up { ifconfig down; }") && !with("up { ip; }") &&
	   !with("up { program wait; }"), "two strings, two paths, other words, nothing: errors");
	ok(with("up { ip \"a\" wait; }") && count_said("note:") == 1, "a needless wait has a note");
	ok(check_says("a { passwd x; up { ip \"a %x b\"; } }", "1:26: warning: %x stands for nothing"),
	   "an unknown %% is shown where it is");
	ok(check_says("a { passwd x; up { ip \"%% %d %A %P %a %p %h \\\\%d \\%x 100%\"; } }", NULL),
	   "the known ones, \\%% and a last %% are not");
	ok(check_says("a { passwd x; up { ip \"\\\\%x\"; } }", "1:26: warning: %x"),
	   "behind \\\\ it counts");
}

static void inheritance(void)
{
	const struct config_session *s;

	s = find("a { passwd x; } default { device d; type tun; } b { passwd x; } "
		 "default { type ether; } c { passwd x; device e; }", "a");
	ok(s && !*s->device && !s->has_type, "a default acts on nothing before it");
	ok(config_find(opened, "b", NULL, NULL, &s) == 0 && is(s->device, "d") &&
	   s->type == TUNNEL_TUN && s->has_type, "but on what follows");
	ok(config_find(opened, "c", NULL, NULL, &s) == 0 && is(s->device, "e") &&
	   s->type == TUNNEL_ETHER, "several add up, and the session itself is stronger");
	s = find("default { up { ip \"a\"; ip \"b\"; } down { ip \"c\"; } } a { passwd x; up { ip \"d\"; } }",
		 "a");
	ok(s && is(s->up->args, "d") && !s->up->next && is(s->down->args, "c"),
	   "up replaces a default's up, and leaves its down");
	s = find("default { up { ip \"a\"; } srcaddr { addr 1.2.3.4; port 5; } } "
		 "a { passwd x; up { } srcaddr { iface i; } }", "a");
	ok(s && !s->up && !s->src_addr && s->src_port == 0 && is(s->src_iface, "i"),
	   "so does an empty one, and srcaddr as a whole");
	s = find("default { up { ip \"a\"; } } default { up { ip \"b\"; } } a { passwd x; }", "a");
	ok(s && is(s->up->args, "b") && !s->up->next, "a second default's up replaces the first's");
	s = with("up { ip \"a\"; } up { ip \"b\"; }");
	ok(s && is(s->up->args, "b") && !s->up->next && count_said("warning:") == 1,
	   "and in one block, with a warning");
	s = with("srcaddr { addr 1.2.3.4; port 5; } srcaddr { iface i; }");
	ok(s && !s->src_addr && s->src_port == 0 && is(s->src_iface, "i"), "so with srcaddr");
	s = find("default { server d; } a { passwd x; server e; server f; }", "a");
	ok(s && is(s->servers->host, "e") && is(s->servers->next->host, "f"),
	   "a session's servers replace a default's");
	s = find("options { persist yes; timeout 5; } a { passwd x; }", "a");
	ok(s && s->persist == PERSIST_YES && s->timeout_s == 5,
	   "persist and timeout of options are the sessions' defaults");
	s = find("default { persist no; timeout 6; } options { persist yes; timeout 5; } a { passwd x; }",
		 "a");
	ok(s && s->persist == PERSIST_NO && s->timeout_s == 6, "weaker than a default's");
	s = find("a { passwd x; } options { timeout 5; }", "a");
	ok(s && s->timeout_s == 60, "and only for what follows");
	s = find("options { ip /1; } default { up { ip \"x\"; } } options { ip /2; } a { passwd x; } "
		 "options { ip /3; }", "a");
	ok(s && is(s->up->program, "/2"),
	   "a program's path is the one in force where the session stands, also in an inherited up");
	s = with("device a; device b;");
	ok(s && is(s->device, "b") && strstr(said, "warning: \"device\" again"),
	   "of two in a block the last counts, with a warning");
	ok(with("up { ip \"a\"; ip \"b\"; } server a; server b;") && !*said,
	   "commands and servers may repeat");
}

static void loose_syntax(void)
{
	const struct config_session *s;

	ok(find("a{passwd x;type tun;up{ip \"a\";};};b{passwd y}", "b") && !*said, "a file of one line");
	ok(find("a\r\n{\r\npasswd x;\r\ntype tun\r\n;\r\n} ;\r\n", "a") && !*said, "CR LF");
	ok(find("\xef\xbb\xbf" "a { passwd x; }", "a") && !*said, "a byte-order mark");
	ok(find("a # c {\n# c }\n{ # c\npasswd x; # c ;\nup # c\n{ # c\n}\n} # c\n# c", "a") && !*said,
	   "comments, also before a {");
	ok(find(";; a { ;; passwd x;; ; up { ; ip \"a\" ;; } ;; } ;;", "a") && !*said, "needless ;");
	ok((s = find("a { passwd x; up { ip \"a\" } type tun }", "a")) && s->up && s->type == TUNNEL_TUN,
	   "no ; before and behind a }");
	ok((s = find("a { passwd\n\n x\n ; type\n tun; }", "a")) && s->type == TUNNEL_TUN,
	   "an option over several lines");
}

static void missing_punctuation(void)
{
	const struct config_session *s;

	ok(check_says("a {\n passwd x;\n device tun1\n type tun;\n}",
		      "4:2: error: a ; is missing before this, behind \"device\" of line 3") &&
	   count_said("error:") == 1, "a missing ; is told where the next keyword stands");
	ok(!find("a {\n passwd x;\n device tun1\n type tun;\n}", "a"), "and refuses the session");
	ok(check_says("a { passwd x; device tun1 type tun; }", "1:27: error: a ; is missing"),
	   "also on one line");
	ok(check_says("a { passwd x; device tun1 up { ip \"a\"; } }", "1:27: error: a ; is missing") &&
	   count_said("error:") == 1, "also before a block");
	ok(check_says("a {\n passwd x;\n server h\n type tun;\n}", "4:2: error: a ; is missing"),
	   "also where another value could stand");
	ok(check_says("a { passwd x; device tun1 # the device\n; type tun; }",
		      "1:27: error: \"device\" takes one value; a # behind a value is a value too") &&
	   count_said("error:") == 1, "a comment before the ; is explained");
	ok(check_says("a { passwd x y; }", "1:14: error: \"passwd\" takes one value"),
	   "a surplus value is an error");
	ok(check_says("a { passwd; }", "1:5: error: \"passwd\" needs a value"), "and a lacking one");
	ok(check_says("a { passwd x;\nb { passwd y; }",
		      "2:1: error: a } is missing before this: \"a {\" of line 1 is still open"),
	   "a missing } is told where the next section begins");
	ok(!find("a { passwd x;\nb { passwd y; }", "a"), "refuses the one before");
	ok(config_find(opened, "b", NULL, NULL, &s) == 0 && is(s->password, "y"), "but not the next");
	ok(!find("a { passwd x; up { ip \"q\";\nb { passwd y; }", "a") &&
	   config_find(opened, "b", NULL, NULL, &s) == 0, "also if an up is open");
	ok((s = find("a { passwd x; up { ip \"q\"; }\nb # c\n{ passwd y; }", "b")) && is(s->password, "y"),
	   "also with a comment before the {");
	ok(!find("a { passwd x; device tun1\nb { passwd y; } }", "a") &&
	   (s = NULL, config_find(opened, "b", NULL, NULL, &s)) == 0 && is(s->password, "y"),
	   "also if a ; is missing with it");
	ok(check_says("a { passwd x; up { ip \"q\"; down { } }", "1:28: error: a } is missing"),
	   "a block within a block lacks the } of the first");
	ok(check_says("\n a {\n passwd x;\n", "2:2: error: this section is still open at the end"),
	   "a section open at the end is named by its beginning");
	ok(!find("b { passwd y; }\na { passwd x;", "a") && config_find(opened, "b", NULL, NULL, &s) == 0,
	   "and refused, it alone");
	ok((s = find("a { passwd x; } }\nb { passwd y; }", "b")) &&
	   strstr(said, "1:17: error: this } closes nothing"), "a stray } is told, and the rest loads");
	ok((s = find("a { passwd x; { } }\nb { passwd y; }", "b")), "so with a stray {");
	ok(!find("a { passwd x; up { program { } } }", "a") && strstr(said, "takes values, not a block"),
	   "deeper nesting than there is");
	ok((s = find("junk; a { passwd x; }", "a")) && strstr(said, "1:1: error: NAME {"),
	   "words between sections");
	ok(!find("a { passwd x; up yes; }", "a") && !find("a { passwd x; up; }", "a") &&
	   !find("a { passwd x; \"type\" tun; }", "a") && !find("a { passwd x; type tun { } }", "a"),
	   "what is no option");
}

static void broken_lines(void)
{
	const struct config_session *s;
	struct config *binary;
	char text[6000];

	ok(!find("a { passwd x; device \"tun1; }\n}\nb { passwd y; }", "a") &&
	   strstr(said, "1:22: error: the quote is left open"), "a quote left open refuses the session");
	ok(config_find(opened, "b", NULL, NULL, &s) == 0, "reading goes on at the next line");
	snprintf(text, sizeof(text), "a { passwd x; up { ip \"%05000d\"; }\n}\nb { passwd y; }", 0);
	ok(!find(text, "a") && strstr(said, "1:4097: error: the line is longer") &&
	   config_find(opened, "b", NULL, NULL, &s) == 0, "so does a line that is too long");
	snprintf(text, sizeof(text), "a { passwd x; } #%05000d\nb { passwd y; }", 0);
	ok(find(text, "a") && !*said, "but not by its comment");
	said[0] = '\0';
	ok(confload_open_text("conf", "a { }\n\n \0", 9, hear, NULL, &binary) == -EBADMSG &&
	   strstr(said, "3:2: error: a NUL byte"), "a NUL byte refuses the file");
}

static void failing_closed(void)
{
	const struct config_session *s;

	ok(open_text("options { port 0; } a { passwd x; }") == -EBADMSG,
	   "an error in options refuses the file");
	ok(open_text("a { passwd x; } options { prot 5; }") == -EBADMSG, "wherever it stands");
	ok(open_text("a { passwd x; } options { port 5; ") == -EBADMSG, "also a missing }");
	ok(find("a { passwd x; }\ndefault { type x; }\nb { passwd y; }", "a"),
	   "an error in a default leaves what is before it");
	ok(config_find(opened, "b", hear, NULL, &s) == -EBADMSG && strstr(said, "2:16: error:"),
	   "and refuses what is behind it, saying why");
	ok(!find("default { type x; } default { type tun; } a { passwd x; }", "a"),
	   "also when a later default is good");
	ok(!find(A_AND_B("type x;", ""), "a"), "an error in a session refuses it");
	ok(config_find(opened, "b", NULL, NULL, &s) == 0, "and no other");
	ok(!find("a { passwd x; } a { passwd y; type x; }", "a"),
	   "if the last of a name is broken, the name is refused");
	ok((s = find("a { passwd x; } a { passwd y; }", "a")) && is(s->password, "y"), "else it counts");
	ok(check_says("rl { passwd x; server h; }", "1:1: warning: vtun@rl.service would have /run/vtund/rl "
		      "for its own") && check_says("claim { passwd x; server h; }", "1:1: warning:") &&
	   check_says("rl.key { passwd x; server h; }", "1:1: warning:") &&
	   check_says("4711 { passwd x; server h; }", "1:1: warning:"),
	   "a client's name that is another's in /run/vtund");
	ok(check_says("rl { passwd x; }\n4711 { passwd y; }", NULL) &&
	   check_says("rl.k { passwd x; server h; }\n4711a { passwd y; server h; }", NULL),
	   "not a server's, nor what only begins so");
	ok(check_says("a { passwd x; }\nb { passwd x; }\na { passwd y; }",
		      "3:1: warning: session \"a\" again: this one counts, not that of line 1"),
	   "check names both places");
	check_says("a { type x; mtu 1; stat z; }", "1:10: error:");
	ok(count_said("error:") == 3, "all errors are told, not only the first");
	ok(!with("auth key;") && !with("auth pass+key;") && !with("auth x509;") && with("auth pass;"),
	   "an authentication that is not there is refused");
	ok(!with("serverkey k;") && !with("clientkey k;") && !with("ca /a;") && !with("cert /c;") &&
	   !with("key /k;") && !with("certname n;"), "and so is what belongs to it");
	ok(!find("default { serverkey k; } a { passwd x; }", "a"), "also where it would be inherited");
	ok(general("hostkey /k;") && count_said("warning: \"hostkey\" has no effect") == 1,
	   "what nothing depends on has a warning");
}

static void keep_line(void *context, const struct diag *d)
{
	if (d->level == DIAG_ERROR && !*(char *)context && d->line_text)
		strcpy(context, d->line_text);
}

static void secrecy(void)
{
	static char line[200];
	struct {
		const char *text, *line;
	} cases[] = {
		{ "a { passwd hunter2; tipe tun; }", "a { passwd *******; tipe tun; }" },
		{ "a { pass \"hun;ter2\"; tipe tun; }", "a { pass **********; tipe tun; }" },
		{ "a { passwd \"hunter2; }\n}", "a { passwd ***********" },
		{ "a { passwd\n hunter2; tipe tun; }", " *******; tipe tun; }" },
		{ "a { passwd hunt\"er2; }", "a { passwd ********; }" },
		{ "a { passwd\"hunter2\"; tipe x; }", "a { passwd*********; tipe x; }" },
		{ "a { device \"; passwd hunter2; }\n}", "a { device \"; passwd *******; }" },
		{ "a { tipe x; } # passwd hunter2", "a { tipe x; } # passwd *******" },
		{ "a { tipe \033[2J\tx; }", "a { tipe ?[2J\tx; }" },
	};
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		line[0] = '\0';
		confcheck_text("conf", cases[i].text, strlen(cases[i].text), keep_line, line);
		ok(strncmp(line, cases[i].line, strlen(cases[i].line)) == 0, "shown as %s",
		   cases[i].line[0] == ' ' ? "(next line)" : cases[i].line);
		if (strncmp(line, cases[i].line, strlen(cases[i].line)) != 0)
			printf("# got %s\n", line);
	}
}

/* A connection reads options, the defaults and its own section, however large the file is. */
static void work(void)
{
	enum { SESSIONS = 1022 };
	static char text[1 << 20];
	size_t used = (size_t)sprintf(text, "options { port 5000; }\ndefault { type tun; }\n");
	const struct config_session *s;
	unsigned i, before;

	for (i = 0; i < SESSIONS; i++)
		used += (size_t)sprintf(text + used, "s%u {\n%s  passwd p%u;\n  up { ip \"%%%% x\"; };\n}\n", i,
					"  # a comment that makes the file as long as it is in real life\n", i);
	before = confparse_count();
	s = find(text, "s1000");
	ok(s && is(s->password, "p1000") && s->type == TUNNEL_TUN, "one of %u sessions is found", SESSIONS);
	ok(confparse_count() - before == 4, "and costs four sections of libconfuse: options twice");
}

/* Whether some line ".It ... Ic NAME" or "..., NAME" has the word. */
static int has_entry(const char *manual, const char *word)
{
	size_t size = strlen(word);
	const char *p, *line;

	for (p = manual; (p = strstr(p, word)); p += size) {
		if (p[-1] != ' ' || (p[size] != ' ' && p[size] != '\n'))
			continue;
		for (line = p; line[-1] != '\n';)
			line--;
		if (strncmp(line, ".It Ic ", 7) == 0)
			return 1;
	}
	return 0;
}

static void manual(void)
{
	static char text[100000];
	const struct option *o;
	char path[500];
	unsigned block, missing = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/man/vtund.conf.5", getenv("top_srcdir") ? getenv("top_srcdir") : ".");
	f = fopen(path, "r");
	if (f) {
		text[1 + fread(text + 1, 1, sizeof(text) - 2, f)] = '\0';
		*text = '\n';
		fclose(f);
	}
	for (block = 0; block < BLOCK_COUNT; block++)
		for (o = option_list(block); o->name; o++)
			if (!has_entry(text, o->name)) {
				printf("# no entry for %s\n", o->name);
				missing++;
			}
	ok(missing == 0, "every option has its entry in the manual");
}

int main(void)
{
	manual();
	defaults();
	keywords();
	names();
	passwords();
	booleans();
	notations();
	ranges();
	general_options();
	commands();
	inheritance();
	loose_syntax();
	missing_punctuation();
	broken_lines();
	failing_closed();
	secrecy();
	work();
	config_free(opened);
	return finish();
}
