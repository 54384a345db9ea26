# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash source=/dev/null disable=SC2034,SC2154,SC2086 # see bench/run
# No tunnel: the ceiling.  The link's MTU of 1500 and all offloads of a veth.
title='no tunnel: the bare link'
inner=$outer
