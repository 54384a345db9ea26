# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash disable=SC2034
kind=compress
title='vtun 4, TCP, zlib:1'
proto=tcp encrypt=yes compress=zlib:1 reliable=no
. "$bench/peers/include/vtun4.sh"
