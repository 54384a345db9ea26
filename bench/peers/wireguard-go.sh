# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash source=/dev/null disable=SC2034,SC2154,SC2086 # see bench/run
# With the segmentation offloads of TUN and UDP, which it has since 2023.
title='wireguard-go, current'
program=$wireguard_go
. "$bench/peers/include/wireguard.sh"

version()
{
	cat "${program%/usr/*}/version"
}
