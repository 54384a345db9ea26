# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash disable=SC2034
title='ocserv and openconnect, DTLS 1.2, AES-128-GCM'
client_options= dtls='udp-port = 4443'
. "$bench/peers/include/ocserv.sh"
