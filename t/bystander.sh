# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash disable=SC2034,SC2154 # read by the tests; variables of lib.sh
#
# The session next door, which is not to notice what happens to others: for the tests with hostile peers.

# install_hostile TOOL: t/tools/TOOL where every uid can start it.
install_hostile()
{
	[ -x "$top_builddir/t/tools/$1" ] || skip_all "t/tools/$1 is not built: make check"
	install -m 755 "$top_builddir/t/tools/$1" "$own_world/bin"
}

# bystander_section OURS THEIRS: its lines of a configuration, of either side.
bystander_section()
{
	cat <<-EOF
		bystander { passwd secret; up { ip "address add 192.168.2.$1 peer 192.168.2.$2 dev %d"; ip "link set %d up"; }; }
	EOF
}

# bystander_up: a client of its own, by $scratch/client.conf, and pings.
bystander_up()
{
	# shellcheck disable=SC2086 # program and options
	background bystander on client $VTUND $vtund_flags -f "$scratch/client.conf" bystander 192.168.1.1
	bystander=$!
	ok "a bystander's session is up" wait_until 10 tunnel_works
	background ping on client ping -i 0.2 192.168.2.1
	bystander_ping=$!
}

bystander_ends_well()
{
	ok "the bystander's session works" wait_until 10 tunnel_works
	is "... and is the same one" "$(grep -c 'session up' "$scratch/bystander.log")" 1
	end $bystander_ping INT
	like "... and hardly missed a packet" "$(cat "$scratch/ping.log")" ', [0-4](\.[0-9]*)?% packet loss'
	end "$bystander"
	is "... and ends in good order" $? 0
}
