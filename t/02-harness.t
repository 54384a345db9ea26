#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The tests' own tools keep their promises: a failure is seen, a skip is honest, hosts are apart, and
# nothing is left behind.
. "$(dirname "$0")/lib.sh"

# try LINES...: a little test script, run by itself; its output, and the exit status as the last line.
try()
{
	{
		echo "#!/bin/sh"
		echo "top_srcdir='$top_srcdir'; . '$top_srcdir/t/lib.sh'"
		printf '%s\n' "$@"
	} >"$scratch/try.t"
	chmod +x "$scratch/try.t"
	TMPDIR=$scratch "$scratch/try.t" 2>&1
	echo "status $?"
}
nothing_left()
{
	[ -z "$(find "$scratch" -mindepth 1 -name 'tmp.*')" ]
}

out=$(try 'ok works true' finish)
is "success is one ok line, the plan and status 0" "$out" "ok 1 - works
1..1
status 0"
out=$(try 'ok fails sh -c "echo the reason; exit 3"' 'echo of-the-daemon >$scratch/x.log' finish)
like "a failure is a not ok line" "$out" "^not ok 1 - fails$"
like "... with the command's output" "$out" "^# the reason$"
like "... and the logs" "$out" "^# of-the-daemon$"
like "... and status 1" "$out" "^status 1$"
out=$(try 'is same a b' 'like found abc x' 'unlike absent abc b' 'ok exit exits 3 true' \
	'ok negated not true' 'ok in-time wait_until 0 false' finish)
is "each kind of check can fail" "$(echo "$out" | grep -c '^not ok')" 6
is "a skip says why, with status 0" "$(VTUN_TEST_REQUIRE='' try 'skip_all "no moon"')" \
	"1..0 # SKIP no moon
status 0"
like "where nothing may be skipped, a skip bails out" "$(VTUN_TEST_REQUIRE=1 try 'skip_all "no moon"')" \
	"^Bail out! .*no moon"
like "a test that dies has no plan" "$(try 'ok works true' 'exit 7')" "^status 7$"
ok "no scratch directory is left" nothing_left

why=$(own_namespaces_missing)
if [ -n "$why" ]; then
	[ "${VTUN_TEST_REQUIRE-}" != 1 ] || skip_all "$why"
	diag "the rest is not tried: $why"
	finish
fi
out=$(try 'in_own_network "$@"' hosts_up \
	'ok ping wait_until 5 on client ping -c 1 -W 1 192.168.1.1' \
	'is name "$(on client hostname)" client' \
	'on server touch /run/vtund/mine' \
	'ok apart not on client test -e /run/vtund/mine' \
	'background web listen server 192.168.1.1 80 sh -c "echo \$LISTEN_FDS >&3"' \
	'ok listens wait_until 5 listens server 80' \
	'is activated "$(on client nc -d 192.168.1.1 80)" 1' \
	'background sleeper on client sleep 1001' \
	'itself() { ps -o args= -p $! | grep -qx "sleep 1001"; }' \
	'ok process wait_until 5 itself' \
	'ok user test -n "$vtund_flags" -o -n "$(getent passwd vtun)"' \
	finish)
is "two hosts: linked, apart, with a listener that hands over its connections" "$out" \
	"ok 1 - ping
ok 2 - name
ok 3 - apart
ok 4 - listens
ok 5 - activated
ok 6 - process
ok 7 - user
1..7
status 0"
ok "no process is left" not pgrep -f 'sleep 1001'
ok "no scratch directory is left of that either" nothing_left
finish
