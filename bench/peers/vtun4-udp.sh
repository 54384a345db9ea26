# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash disable=SC2034
# ESP in UDP.
title='vtun 4, UDP'
proto=udp encrypt=yes compress=no reliable=no
. "$bench/peers/include/vtun4.sh"
