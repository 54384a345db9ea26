# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash source=/dev/null disable=SC2034,SC2154,SC2086 # see bench/run
# "encrypt no" on both sides: authenticated, not encrypted.
title='vtun 4, UDP, integrity only'
proto=udp encrypt=no compress=no reliable=no
. "$bench/peers/include/vtun4.sh"
