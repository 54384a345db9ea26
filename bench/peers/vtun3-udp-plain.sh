# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash source=/dev/null disable=SC2034,SC2154,SC2086 # see bench/run
# Neither encryption nor integrity.
title='vtun 3.0.4, UDP, no encryption'
proto=udp encrypt=no compress=no
. "$bench/peers/include/vtun3.sh"
