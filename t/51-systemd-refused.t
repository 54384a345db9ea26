#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# On a real systemd, what cannot work says so: by systemctl's exit status, in the journal, with the
# next step, and without leaving failed units on the server.  And commands that need root get it, by
# the drop-in that is documented for them; passwords may be systemd's credentials.
. "$(dirname "$0")/lib.sh"
. "$top_srcdir/t/machines.sh"
in_own_network "$@"
hosts_up
machines_ready
for m in server client; do
	machine_install $m
	install -m 600 "$top_srcdir/t/data/article/$m.conf" "$own_world/$m.root$sysconfdir/vtund.conf"
done
conf=$own_world/client.root$sysconfdir/vtund.conf
cat >>"$conf" <<'END'
unknown { passwd SecretPassword; server 192.168.1.1; }
nowhere { passwd SecretPassword; }
deaf    { passwd SecretPassword; server 192.168.1.1 1; }
broken  { passwd SecretPassword; server 192.168.1.1; frobnicate yes; }
second  { passwd SecretPassword; timeout 7; server 10.66.0.1; server 192.168.1.1; }
END
for m in server client; do
	machine_boot $m
done
on server systemctl start vtun.socket

# fails SESSION STATUS: "systemctl start" fails, and systemd has seen that exit status.
fails()
{
	! on client systemctl start "vtun@$1" && journal client -u "vtun@$1" | grep "status=$2/"
}

says()
{
	like "... and says so: $3" "$(journal client -u "vtun@$1")" "$2"
}

ok "a session that the server does not know" fails unknown 77
says unknown "authentication|refused" "not let in"
like "... and the server's journal has a line for fail2ban" "$(journal server -t vtun)" \
	"auth failure from 192.168.1.2"
unlike "... without the password" "$(journal server)$(journal client)" SecretPassword
ok "a session without a server" fails nowhere 78
says nowhere "server HOST" "in vtund.conf"
says nowhere "VTUN_SERVER.*$sysconfdir/default/vtun-nowhere" "or beside it"
ok "a server that does not listen" fails deaf 69
says deaf "192.168.1.1.* port 1[^0-9].*refused" "who refused what"
# What nobody forwards is silence.
on client ip route add 10.66.0.1 via 192.168.1.1
machine_file client /etc/systemd/system/vtun@second.service.d/short.conf "[Service]" "TimeoutStartSec=5"
on client systemctl daemon-reload
ok "a first server that is silent for longer than TimeoutStartSec=: the second one is asked" fails second 77
says second "10.66.0.1 port 5000: .*timed out" "the first one's fault"
ok "a broken section" fails broken 78
says broken "$sysconfdir/vtund.conf:27:[0-9]+: .*frobnicate" "where and what"
ok "a name that is in no file" fails missing 78
says missing "missing" "its name"

chmod 644 "$conf"
machine_file client "$sysconfdir/default/vtun-wireless2" "VTUN_SERVER=192.168.1.1"
ok "a world-readable file with passwords" fails wireless2 78
says wireless2 "chmod 600" "chmod 600"
mv "$conf" "$conf.away"
ok "no vtund.conf" not on client systemctl start vtun@wireless2
says wireless2 "vtund.conf" "its name"
mv "$conf.away" "$conf"
chmod 600 "$conf"
is "nothing is left behind as failed on the server" "$(on server systemctl --failed --no-legend)" ""
is "... nor any instance" "$(on server systemctl list-units --plain --no-legend 'vtun@*.service')" ""

ok "with all of it mended, it starts" on client systemctl start vtun@wireless2
on client systemctl stop vtun@wireless2

mkdir -p "$own_world/client.root/etc/systemd/system/vtun@wireless2.service.d"
cp "$top_srcdir/units/root-hooks.conf" "$own_world/client.root/etc/systemd/system/vtun@wireless2.service.d"
on client systemctl daemon-reload
ok "with root-hooks.conf it starts as well" on client systemctl start vtun@wireless2
is "... the monitor is root, the worker is not" \
	"$(on client ps axww -o user,comm | awk '/vtun(d|-worker)$/ { print $1, $2 }' | sort)" \
	"root vtund
vtun vtun-worker"
on client systemctl stop vtun@wireless2

# ---- a password that is a credential: in no vtund.conf

for m in server client; do
	sed -i 's/pass  SecretPassword;/pass_file wireless2.password;/' "$own_world/$m.root$sysconfdir/vtund.conf"
	rm -f "$own_world/$m.root/etc/systemd/system/vtun@wireless2.service.d/root-hooks.conf"
	on $m systemctl daemon-reload
done
ok "a credential that systemd does not pass" fails wireless2 78
says wireless2 "pass_file wireless2.password cannot be used" "its name"
for m in server client; do
	machine_file $m /etc/vtun/wireless2.password "a secret of systemd"
	chmod 600 "$own_world/$m.root/etc/vtun/wireless2.password"
	machine_file $m /etc/systemd/system/vtun@.service.d/password.conf \
		"[Service]" "LoadCredential=wireless2.password:/etc/vtun/wireless2.password"
	on $m systemctl daemon-reload
done
ok "with LoadCredential= on both sides it starts" on client systemctl start vtun@wireless2
is "... as the user vtun, who could not read root's file" \
	"$(on client stat -c '%U %a' /etc/vtun/wireless2.password; on client ps axww -o user,comm |
		awk '/vtund$/ { print $1 }')" "root 600
vtun"
on client systemctl stop vtun@wireless2
echo "another secret" >"$own_world/client.root/etc/vtun/wireless2.password"
ok "another password there is a wrong password" fails wireless2 77
finish
