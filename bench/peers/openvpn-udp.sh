# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash source=/dev/null disable=SC2034,SC2154,SC2086 # see bench/run
title='OpenVPN, UDP, AES-128-GCM'
server_proto=udp client_proto=udp
. "$bench/peers/include/openvpn.sh"
