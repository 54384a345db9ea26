# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash disable=SC2034
title='OpenVPN, UDP, AES-128-GCM'
server_proto=udp client_proto=udp
. "$bench/peers/include/openvpn.sh"
