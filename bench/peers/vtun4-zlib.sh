# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash source=/dev/null disable=SC2034,SC2154,SC2086 # see bench/run
kind='compress'
title='vtun 4, TCP, zlib:1'
proto=tcp encrypt=yes compress=zlib:1 reliable=no
. "$bench/peers/include/vtun4.sh"
