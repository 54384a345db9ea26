# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash source=/dev/null disable=SC2034,SC2154,SC2086 # see bench/run
# TLS 1.3.
title='vtun 4, TCP'
proto=tcp encrypt=yes compress=no reliable=no
. "$bench/peers/include/vtun4.sh"
