# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash disable=SC2034
title='ocserv and openconnect, TLS, AES-128-GCM'
client_options=--no-dtls dtls=
. "$bench/peers/include/ocserv.sh"
