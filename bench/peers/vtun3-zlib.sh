# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash source=/dev/null disable=SC2034,SC2154,SC2086 # see bench/run
kind='compress'
title='vtun 3.0.4, TCP, AES-128-CBC, zlib:1'
proto=tcp encrypt=aes128cbc compress=zlib:1
. "$bench/peers/include/vtun3.sh"
