# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash source=/dev/null disable=SC2034,SC2154,SC2086 # see bench/run
title='ocserv and openconnect, TLS, AES-128-GCM'
link_mtu=1448 client_options=--no-dtls dtls=''
. "$bench/peers/include/ocserv.sh"
