#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Keys change under load, for UDP and for TLS, and not one packet is lost.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/udp.sh"
in_own_network "$@"
need nc sha256sum
hosts_up
hasty_worker
udp_conf "" ""
vtund_server server "$scratch/server.conf"

# The worker of a session, by its monitor.
memory()
{
	sed -n 's/^Pss: *\([0-9]*\) kB/\1/p' "/proc/$(pgrep -P "$1" -x vtun-worker)/smaps_rollup"
}

# Keys of the session that has ended.
rekeys()
{
	last_record "$1" | sed -n 's/.*, rekeys \([0-9]*\)$/\1/p'
}

udp_session "the UDP path comes up"
ok "200 MB from client to server are the same" copies 200 client server 10.9.0.1
ok "200 MB from server to client are the same" copies 200 server client 10.9.0.2
kib=$(memory "$client_pid")
ok "the client's worker has at most 8 MiB ($kib KiB)" [ "$kib" -le 8192 ]
kib=$(memory "$(serving_pids)")
ok "the server's worker has at most 8 MiB ($kib KiB)" [ "$kib" -le 8192 ]
ends_well
for host in server client; do
	n=$(rekeys $host)
	ok "$host: hundreds of keys ($n)" [ "${n:-0}" -ge 300 ]
	unlike "... and nothing lost, doubled or refused" "$(last_record $host)" 'lost|duplicated|refused'
done

# By then the keys of TLS have changed a few times as well: each side's once a second.
udp_conf "proto tcp;" "proto tcp;"
vtund_client client "$scratch/client.conf" s 192.168.1.1 -v
ok "a session over TLS" wait_until 20 on client ping -qc 1 -W 1 10.9.0.1
ok "200 MB from client to server are the same" copies 200 client server 10.9.0.1
ok "TLS has new keys" wait_until 10 says_times client "new key for sending over TLS" 2
ok "50 MB from server to client are the same" copies 50 server client 10.9.0.2
end "$client_pid"
finish
