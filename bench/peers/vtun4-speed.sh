# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash source=/dev/null disable=SC2034,SC2154,SC2086 # see bench/run
# Sessions with "speed", which the scenario of that name makes and ends one after the other.
title='vtun 4, with `speed`' kind=speed
proto=tcp encrypt=yes compress=no reliable=no
. "$bench/peers/include/vtun4.sh"
needs="$needs iperf3 perl"
