#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The units: systemd finds nothing wrong with them, the sandbox stays as tight as promised, and what
# they refer to exists.
. "$(dirname "$0")/lib.sh"
need systemd-analyze make nft

units=$scratch/units
make -s -C "$top_builddir" install DESTDIR="$scratch/root" systemdsystemunitdir=/units >"$scratch/install.log" 2>&1
mv "$scratch/root/units" "$units"
ok "make install brings socket, service and timer" \
	test -s "$units/vtun.socket" -a -s "$units/vtun@.service" -a -s "$units/vtun@.timer"
ok "no placeholder is left" not grep -r '@[a-z]*dir@' "$units" "$scratch/root/"

program=$(sed -n 's/^ExecStart=\([^ ]*\).*/\1/p' "$units/vtun@.service")
ok "the service starts the installed vtund" test -x "$scratch/root$program"
ok "socket and service look for one and the same file" \
	test "$(sed -n 's/^AssertPathExists=//p' "$units/vtun@.service")" = \
	"$(sed -n 's/^ConditionPathExists=//p' "$units/vtun.socket")"

# verify wants the program where the unit says: that of the build.
sed -i "s,^\(Exec[A-Za-z]*\)=$program,\1=$top_builddir/vtund," "$units/vtun@.service"
for unit in vtun.socket vtun@wireless2.service vtun@wireless2.timer; do
	verified=$(SYSTEMD_UNIT_PATH="$units:" systemd-analyze verify --man=no "$unit" 2>&1)
	is "systemd-analyze verify $unit" "$verified" ""
done
tight()
{
	systemd-analyze security --no-pager --offline=yes --threshold=20 "$units/vtun@.service"
}
ok "systemd-analyze security: exposure 2.0 of 10 or better" tight

mkdir "$units/vtun@.service.d"
cp "$top_srcdir/units/root-hooks.conf" "$units/vtun@.service.d"
is "systemd-analyze verify with root-hooks.conf" \
	"$(SYSTEMD_UNIT_PATH="$units:" systemd-analyze verify --man=no vtun@wireless2.service 2>&1)" ""
ok "... which opens what was tight, and systemd-analyze sees it" not tight

# ---- the limit on each source, which stands beside them

# It stands alone in a network of its own, and whoever is changing it loads it again.
nft_rules()
{
	# shellcheck disable=SC2046 # a list of options
	unshare $(own_namespace_flags) -- sh -ec 'for _ in 1 2; do nft -f "$0"; done
		nft list table inet vtun' "$top_srcdir/conf/vtun.nft"
}
if missing=$(own_namespaces_missing) && [ -z "$missing" ]; then
	is "vtun.nft can be loaded again, and has its three rules still" "$(nft_rules | grep -c dport)" 3
else
	verdict 0 "vtun.nft # SKIP $missing"
fi

finish
