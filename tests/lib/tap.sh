# SPDX-License-Identifier: GPL-2.0
#
# TAP for test scripts, sourced: one test point a call; finish prints the plan and ends the script.
#   check WHAT COMMAND...   passes if COMMAND succeeds
#   refuse WHAT COMMAND...  passes if COMMAND fails

tap_points=0
tap_failed=0
echo "TAP version 13"

tap_point() {
	tap_points=$((tap_points + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $tap_points $2"
	else
		tap_failed=$((tap_failed + 1))
		echo "not ok $tap_points $2"
		sed 's/^/# /' <<<"$3"
	fi
}

check() {
	local what=$1 said status
	shift

	said=$("$@" 2>&1)
	status=$?
	tap_point $status "$what" "status $status of: $*"$'\n'"$said"
}

refuse() {
	local what=$1 said
	shift

	said=$("$@" 2>&1)
	[ $? -ne 0 ]
	tap_point $? "$what" "succeeded: $*"$'\n'"$said"
}

finish() {
	echo "1..$tap_points"
	[ "$tap_failed" -eq 0 ]
	exit
}
