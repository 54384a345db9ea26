# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash disable=SC2034,SC2154,SC2086 # variables of bench/run; lists of words
#
# Pings through the tunnel while the link loses 1, 5 and 20 per cent of its packets each way, at random.  Of vtun
# over UDP alone: this is about what `reliable` makes of it.
#
#	loss1_delivered ...		per cent of the pings that came back
#	loss1_p50 loss1_p99 ...		round trips in ms, of those

measure_loss()
{
	local percent p50p99

	for percent in 1 5 20; do
		lossy_link $percent || { note "loss: no nft here"; return; }
		metered on client ping -n -c $loss_pings -i 0.005 -W 1 "$inner" >"$work/ping"
		lossy_link 0
		through_tunnel loss$percent || continue
		record loss${percent}_delivered "$(delivered)"
		if p50p99=$(round_trips); then
			record loss${percent}_p50 "${p50p99% *}"
			record loss${percent}_p99 "${p50p99#* }"
		fi
	done
}

delivered()
{
	awk -F'[ %]+' '/packet loss/ { print 100 - $6 }' "$work/ping"
}

# lossy_link PERCENT: what each host receives.
lossy_link()
{
	local host

	for host in client server; do
		on $host nft 'add table ip loss; delete table ip loss' || return
		[ $1 = 0 ] || on $host nft "add table ip loss;
			add chain ip loss in { type filter hook prerouting priority -300; };
			add rule ip loss in iifname eth1 numgen random mod 100 < $1 drop" || return
	done
}
