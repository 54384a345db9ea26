# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash source=/dev/null disable=SC2034,SC2154,SC2086 # see bench/run
# Nothing authenticates the data of vtun 3.
title='vtun 3.0.4, TCP, AES-128-CBC'
proto=tcp encrypt=aes128cbc compress=no
. "$bench/peers/include/vtun3.sh"
