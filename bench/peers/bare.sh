# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash disable=SC2034
# No tunnel: the ceiling.  The link's MTU of 1500 and all offloads of a veth.
title='no tunnel: the bare link'
inner=$outer
