# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash source=/dev/null disable=SC2034,SC2154,SC2086 # see bench/run
title='OpenVPN, TCP, AES-128-GCM'
server_proto=tcp-server client_proto=tcp-client
. "$bench/peers/include/openvpn.sh"
