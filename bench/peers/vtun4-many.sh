# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash source=/dev/null disable=SC2034,SC2154,SC2086 # see bench/run
# As vtun4-tcp, but in the server's file the session stands behind 1,021 others, 0.9 MB of them.
title='vtun 4, TCP, a file of 1,022 sessions' kind=setup
proto=tcp encrypt=yes compress=no reliable=no
. "$bench/peers/include/vtun4.sh"
needs="$needs perl"

prepare()
{
	others >server.conf
	vtun4_config "$server_inner" "$client_inner" >>server.conf
	vtun4_config "$client_inner" "$server_inner" >client.conf
	chmod 600 server.conf client.conf
}

others()
{
	perl -e 'for (1 .. 1021) { printf "%012x {\n  passwd p%d;\n  device v-%012x;\n  up {\n%s  };\n}\n", $_, $_, $_,
		"    program \"brctl addif br0 %%; logger -t vtun %h is up, from %a\" wait;\n" x 11 }'
}
