# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash disable=SC2034
# As Debian 12 has it, of 2022: one packet a system call.
title='wireguard-go, Debian 12'
program=wireguard-go
. "$bench/peers/include/wireguard.sh"

version()
{
	dpkg-query -f '${Version}' -W wireguard-go
}
