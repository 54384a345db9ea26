# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash source=/dev/null disable=SC2034,SC2154,SC2086 # see bench/run
# ESP in UDP.
title='vtun 4, UDP'
proto=udp encrypt=yes compress=no reliable=no
. "$bench/peers/include/vtun4.sh"
