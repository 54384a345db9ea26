# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash source=/dev/null disable=SC2034,SC2154,SC2086 # see bench/run
# Its chained ciphers end the session at the first datagram that is lost: ECB is what works over UDP.
title='vtun 3.0.4, UDP, AES-128-ECB'
proto=udp encrypt=aes128ecb compress=no
. "$bench/peers/include/vtun3.sh"
