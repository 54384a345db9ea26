/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * From the values of an option, as text, to the member of a structure: ranges, words, notations.
 * confvalue.c has what many options share, confgeneral.c what stands in `options`, confsession.c in a
 * session and confcommand.c in `up` and `down`.
 */
#pragma once

#include "confdiag.h"
#include "confgram.h"
#include "confopts.h"

enum { COMMAND_KINDS = COMMAND_FIREWALL + 1, PASSWORD_MAX = 255 };

/* What a nested block gathers; it replaces an earlier one as a whole. */
struct confblock {
	struct command *commands, *last;
	char *addr, *iface;
	uint16_t port;
};

/* What a section is read into. */
struct conftarget {
	struct config_general *general; /* options */
	struct config_session *session; /* default, session */
	struct confblock block;         /* the nested block that is being read */
	char **programs;                /* options; by enum command_kind: those in force */
	struct confdiag *diag;
	bool in_default;
	bool said_password, said_pass_file, said_server; /* by this very section */
	bool broken;                    /* something was refused */
};

/* The values of one option: their texts, and by `statement` their places. */
struct confargs {
	const struct statement *statement;
	const char *text[OPTION_VALUES_MAX];
};

option_set value_number, value_word, value_host, value_iface, value_family;
option_set value_syslog, value_server_type, value_udp_ports, value_program_path;
option_set value_password, value_pass_file, value_server, value_compress, value_encrypt;
option_set value_keepalive, value_speed, value_device, value_auth, value_command;
option_set value_no_effect, value_not_yet, value_hostkey, value_vendor;

/* For these files alone: an error at one of the values, and the section is broken. */
void value_refuse(struct conftarget *t, const struct token *at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Decimal digits and nothing else; what is above 999,999,999 becomes that. */
bool value_parse_number(const char *text, size_t size, unsigned *ret);
bool value_is_host(const char *text);

/* The word of that text, or NULL; and what is said if there is none. */
const struct option_word *value_find_word(const struct option_word *words, const char *text);
void value_refuse_word(struct conftarget *t, const struct option *o, const struct confargs *a,
		       const struct option_word *words);

/* Into the member that the option's table names. */
void value_store(struct conftarget *t, const struct option *o, const struct confargs *a,
		 unsigned value);

/* Replaces a string.  Allocation does not fail here: a monitor without memory for a word of its
 * configuration ends (EXIT_OSERR). */
void value_replace(char **member, const char *text);
void *value_alloc(size_t size);

void value_free_secret(char *secret);
void value_free_servers(struct config_server *list);
void value_free_commands(struct command *list);
