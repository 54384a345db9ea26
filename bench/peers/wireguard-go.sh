# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash disable=SC2034
# With the segmentation offloads of TUN and UDP, which it has since 2023.
title='wireguard-go, current'
program=$wireguard_go
. "$bench/peers/include/wireguard.sh"

version()
{
	cat "${program%/usr/*}/version"
}
