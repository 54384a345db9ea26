/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * vtund.conf as plain data: what a connection needs to know of it, and nothing of how it is written.
 * The language is in man vtund.conf(5).  Its way: snapshot (bytes) > conftok (words) > confgram and
 * confstatement (sections, options; confopts knows them all) > confparse (libconfuse) > confvalue and
 * its neighbours (numbers, words, notations) > confload and config.c (what inherits from what).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/terms.h"

/* ---- diagnostics */

enum diag_level { DIAG_NOTE, DIAG_WARNING, DIAG_ERROR };

/* One remark about the file.  `line_text` is the offending line (without its end, its passwords as
 * asterisks), NULL if there is none; line and column (in bytes) count from 1, 0: no place.  No text
 * holds control characters.  All pointers live as long as the call. */
struct diag {
	enum diag_level level;
	const char *file;
	unsigned line, column;
	const char *text;
	const char *line_text;
};

typedef void diag_sink(void *context, const struct diag *d);

/* ---- up and down */

enum command_kind { COMMAND_PROGRAM, COMMAND_SHELL, COMMAND_PPP, COMMAND_IFCONFIG, COMMAND_ROUTE,
		    COMMAND_IP, COMMAND_FIREWALL };

struct command {
	struct command *next;
	enum command_kind kind;
	char *program;  /* absolute path; COMMAND_SHELL: NULL */
	char *args;     /* as written: %% and %d etc. not replaced, not yet split */
	bool wait;      /* ifconfig, route, ip, firewall: always */
	unsigned line;  /* where it stands, for messages */
};

/* ---- options */

enum persist { PERSIST_NO, PERSIST_YES, PERSIST_KEEP };
enum multi { MULTI_YES, MULTI_NO, MULTI_KILLOLD };

struct config_general { /* options { } */
	uint16_t port;            /* 5000 */
	unsigned timeout_s;       /* 60 */
	enum persist persist;
	int family;               /* AF_UNSPEC, AF_INET, AF_INET6 */
	int syslog_facility;      /* LOG_DAEMON */
	char *bind_addr, *bind_iface;
	uint16_t udp_port_low, udp_port_high; /* 0: any */
	unsigned auth_timeout_s;  /* 15 */
	unsigned rekey_s;         /* 3600 */
	char *sni;
	bool mtu_clamp;           /* true */
};

enum reliable { RELIABLE_NO, RELIABLE_YES, RELIABLE_ORDERED };

struct config_server { /* server HOST [PORT]; */
	struct config_server *next;
	char *host;
	uint16_t port; /* 0: the port of options */
};

struct config_session {
	char *name;
	unsigned line;             /* where the section begins */
	char *password;            /* NULL: none; in memory that is wiped when freed */
	char *pass_file;           /* as written; config_password() reads it */
	struct config_server *servers;
	bool has_type, has_proto;  /* said by the file: a client compares them with the offer */
	enum tunnel_type type;     /* tty */
	enum tunnel_proto proto;   /* tcp */
	bool has_compress;         /* "compress no" on a client refuses the server's wish */
	enum comp_alg comp_alg;
	uint8_t comp_level;
	bool encrypt;
	uint16_t keepalive_s, keepalive_misses; /* 30:4; 0: off */
	uint32_t speed_to_client, speed_to_server;
	enum multi multi;
	enum persist persist;
	unsigned timeout_s;
	char device[16];           /* "": next free */
	bool stat, strict;
	bool has_reliable;         /* "reliable no" on a client is its own to say */
	enum reliable reliable;
	char *src_addr, *src_iface;
	uint16_t src_port;
	uint16_t mtu;              /* 0: the default for the protocol */
	struct command *up, *down;
};

/* ---- reading */

/* An opened file: read once, its sections indexed, `options` parsed; a section is parsed when it is
 * asked for.  Opaque. */
struct config;

/* Reads `path` as one consistent snapshot; NULL is SYSCONFDIR/vtund.conf, by way of the credential
 * "vtund.conf" if systemd has handed over one.  Diagnostics about `options` and the file as a whole go
 * to `sink` (may be NULL).  Returns 0 and *ret (freed by config_free()), or a negative errno:
 * -EACCES, -ENOENT... from the system; -EPERM if the file belongs neither to root nor to us, or
 * group or others can change it, or read it and it holds a password (`sink` has said what to do);
 * -EBADMSG if it is binary or `options` is broken. */
int config_open(const char *path, diag_sink *sink, void *context, struct config **ret);
void config_free(struct config *c);

/* Under which name the file was read. */
const char *config_path(const struct config *c);

const struct config_general *config_general(const struct config *c);

/* Parses the section of that name (the last one, with the `default`s before it).  Returns 0 and
 * *ret, which belongs to `c` and lives as long; -ENOENT if there is none; -EBADMSG if it, or a
 * default that it inherits, is broken: sink has been told.  It hears warnings and notes as well. */
int config_find(struct config *c, const char *name, diag_sink *sink, void *context,
		const struct config_session **ret);

/* Wipes the text and all passwords; the sessions that were found stay, without theirs, and none can
 * be found any more.  For as soon as the login is over. */
void config_forget(struct config *c);

/* The session's password into buf (1..255 bytes and a NUL; the caller wipes it): `passwd`, or the
 * contents of `pass_file` without one trailing newline.  Returns its length; -ENOKEY if the
 * session has none; -EPERM if the file belongs neither to root nor to us, or others can get at it;
 * -EINVAL, -EFBIG, or a negative errno from reading it.  Whatever is wrong with the file, ret_why has it
 * in words, and what to do. */
enum { CONFIG_WHY_SIZE = 4096 + 160 }; /* a path and a sentence */
int config_password(const struct config_session *s, char buf[static 256],
		    char ret_why[static CONFIG_WHY_SIZE]);

/* Everything that can be said about the file (vtunctl check): all sections are parsed, and with
 * `machine` it is held against this machine (programs, pass_files, modes, the socket unit), which
 * yields warnings only.  Remarks come in the order of the file.  Returns the number of errors, or a
 * negative errno if the file cannot be read. */
int config_check(const char *path, bool machine, diag_sink *sink, void *context);
