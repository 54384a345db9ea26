# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash disable=SC2034,SC2154,SC2086 # variables of bench/run; lists of words
#
# Where the peers come from.  What Debian 12 has is installed by apt-get; two programs are unpacked below
# build/bench instead, so that the machine's own (or none) stays as it is: the last vtun 3, which Debian 13
# no longer has, and the newest wireguard-go, which needs nothing but libc.

peer_packages='iperf3 openvpn wireguard-go wireguard-tools tinc ocserv openconnect openssh-server'
vtun3=$cache/vtun-bookworm/usr/sbin/vtund
wireguard_go=$cache/wireguard-go-sid/usr/bin/wireguard-go

install_peers()
{
	local policy=/usr/sbin/policy-rc.d

	# Some of them start a server when they are installed: not here.
	if ! [ -e $policy ]; then
		trap 'rm -f $policy' EXIT
		printf '#!/bin/sh\nexit 101\n' >$policy
		chmod 755 $policy
	fi
	# shellcheck disable=SC2086 # a list
	DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 -q install -y \
		--no-install-recommends $peer_packages || say "not all peers can be installed"
	fetch bookworm vtun
	fetch sid wireguard-go
}

# fetch SUITE PACKAGE: unpacks it below build/bench.  With apt's own lists for that suite, so that the
# signatures are checked and the machine's sources stay as they are.
fetch()
{
	local apt=$cache/apt-$1 to=$cache/$2-$1

	mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" || return
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" \
		"http://deb.debian.org/debian $1 main" >"$apt/sources.list"
	rm -rf "$to"
	(cd "$apt" && rm -f ./*.deb && apt_of "$apt" update && apt_of "$apt" download "$2" &&
		dpkg -x ./*.deb "$to" && dpkg-deb -f ./*.deb Version >"$to/version") ||
		say "cannot fetch $2 of Debian $1"
}

apt_of()
{
	local dir=$1

	shift
	apt-get -q -o Dir::Etc::sourcelist="$dir/sources.list" -o Dir::Etc::sourceparts=- \
		-o Dir::State::lists="$dir/lists" -o Dir::Cache="$dir/cache" \
		-o APT::Sandbox::User=root -o Acquire::Languages=none "$@"
}
