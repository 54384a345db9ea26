# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash source=/dev/null disable=SC2034,SC2154,SC2086 # see bench/run
title='ocserv and openconnect, DTLS 1.2, AES-128-GCM'
# 28 bytes of IP and UDP, 38 of DTLS.
link_mtu=1486 client_options='' dtls='udp-port = 4443'
. "$bench/peers/include/ocserv.sh"
