/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "confvalue.h"

#include <string.h>
#include <sys/socket.h>
#include <syslog.h>

void value_family(struct conftarget *t, const struct option *o, const struct confargs *a)
{
	int *family = &t->general->family;

	(void)a;
	/* "ipv4; ipv6;" is both, as is neither of them. */
	*family = *family == AF_UNSPEC || *family == (int)o->low ? (int)o->low : AF_UNSPEC;
}

void value_syslog(struct conftarget *t, const struct option *o, const struct confargs *a)
{
	static const struct option_word facilities[] = {
		{ "daemon", LOG_DAEMON }, { "user", LOG_USER }, { "auth", LOG_AUTH },
		{ "authpriv", LOG_AUTHPRIV }, { "cron", LOG_CRON }, { "ftp", LOG_FTP },
		{ "kern", LOG_KERN }, { "lpr", LOG_LPR }, { "mail", LOG_MAIL }, { "news", LOG_NEWS },
		{ "syslog", LOG_SYSLOG }, { "uucp", LOG_UUCP }, { "local0", LOG_LOCAL0 },
		{ "local1", LOG_LOCAL1 }, { "local2", LOG_LOCAL2 }, { "local3", LOG_LOCAL3 },
		{ "local4", LOG_LOCAL4 }, { "local5", LOG_LOCAL5 }, { "local6", LOG_LOCAL6 },
		{ "local7", LOG_LOCAL7 }, {},
	};
	const struct option_word *found = value_find_word(facilities, a->text[0]);
	unsigned n;

	if (found)
		value_store(t, o, a, (unsigned)found->number);
	else if (value_parse_number(a->text[0], strlen(a->text[0]), &n) && n <= 23)
		value_store(t, o, a, n << 3);
	else
		value_refuse_word(t, o, a, facilities);
}

void value_server_type(struct conftarget *t, const struct option *o, const struct confargs *a)
{
	static const struct option_word types[] = { { "inetd", 0 }, { "stand", 1 }, {} };
	const struct option_word *found = value_find_word(types, a->text[0]);

	if (!found)
		value_refuse_word(t, o, a, types);
	else if (found->number)
		confdiag_at(t->diag, DIAG_WARNING, &a->statement->values[0],
			    "there is no resident listener any more: systemctl enable --now "
			    "vtun.socket, or inetd with vtund -i");
}

void value_udp_ports(struct conftarget *t, const struct option *o, const struct confargs *a)
{
	const char *dash = strchr(a->text[0], '-');
	unsigned low, high;

	(void)o;
	if (!dash || !value_parse_number(a->text[0], (size_t)(dash - a->text[0]), &low) ||
	    !value_parse_number(dash + 1, strlen(dash + 1), &high) || low < 1 || high > 65535 ||
	    low > high) {
		value_refuse(t, &a->statement->values[0],
			     "\"udp_ports\" takes a range such as 5001-5100, within 1-65535");
		return;
	}
	t->general->udp_port_low = (uint16_t)low;
	t->general->udp_port_high = (uint16_t)high;
}

void value_program_path(struct conftarget *t, const struct option *o, const struct confargs *a)
{
	if (*a->text[0] != '/')
		value_refuse(t, &a->statement->values[0],
			     "\"%s\" takes the absolute path of a program", o->name);
	else
		value_replace(&t->programs[o->low], a->text[0]);
}
