# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash disable=SC2034
title='OpenVPN, TCP, AES-128-GCM'
server_proto=tcp-server client_proto=tcp-client
. "$bench/peers/include/openvpn.sh"
