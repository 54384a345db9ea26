# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash source=/dev/null disable=SC2034,SC2154,SC2086 # see bench/run
# "ssh -w": a TUN device at each end of an SSH connection.
title='ssh -w, AES-128-GCM'
needs='ssh /usr/sbin/sshd'

version()
{
	ssh -V 2>&1 | sed 's/^OpenSSH_//; s/[ ,].*//'
}

prepare()
{
	ssh-keygen -q -t ed25519 -N '' -f host && ssh-keygen -q -t ed25519 -N '' -f client || return
	echo "[$outer]:2222 $(cat host.pub)" >known
	cat >server.conf <<-CONF
	ListenAddress $outer
	Port 2222
	HostKey $work/host
	AuthorizedKeysFile $work/client.pub
	StrictModes no
	UsePAM no
	PermitRootLogin prohibit-password
	PermitTunnel point-to-point
	PidFile none
	CONF
}

server_up()
{
	start server /usr/sbin/sshd -D -e -f "$work/server.conf"
	wait_for 5 listens server 2222
}

# ssh makes the devices and leaves them as they are; both are there before the remote command runs.
client_up()
{
	start client ssh -F none -p 2222 -i "$work/client" -o UserKnownHostsFile="$work/known" \
		-o Ciphers=aes128-gcm@openssh.com -o Compression=no -o PermitLocalCommand=yes \
		-o LocalCommand="$(ssh_address "$client_inner" "$server_inner")" -w 7:7 root@$outer \
		"$(ssh_address "$server_inner" "$client_inner") && exec sleep infinity"
}

ssh_address()
{
	echo "ip address add $1 peer $2 dev tun7 && ip link set tun7 mtu $mtu up"
}
