# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash source=/dev/null disable=SC2034,SC2154,SC2086 # see bench/run
# As Debian 12 has it, of 2022: one packet a system call.
title='wireguard-go, Debian 12'
program=wireguard-go
. "$bench/peers/include/wireguard.sh"

version()
{
	dpkg-query -f '${Version}' -W wireguard-go
}
