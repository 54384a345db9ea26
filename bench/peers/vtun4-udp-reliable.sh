# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash source=/dev/null disable=SC2034,SC2154,SC2086 # see bench/run
# Lost frames are sent again.
title='vtun 4, UDP, reliable'
proto=udp encrypt=yes compress=no reliable=yes
. "$bench/peers/include/vtun4.sh"
