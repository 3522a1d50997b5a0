#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The program that prints mallinfo before allocating, after, and after freeing: its figures add up with
# what was asked for and with the length of the heap.
blocks=$(dirname "$0")/../../build/tests/examples/blocks
export WEIR_OPTIONS=policy=fixed
n=0
ends=0

# result NAME LOG: one test point; LOG lists what was wrong.
result() {
	n=$((n + 1))
	if [ -z "$2" ]; then
		echo "ok $n $1"
	else
		sed 's/^/# /' <<<"$2"
		echo "not ok $n $1"
		ends=1
	fi
}

# check BLOCKS SIZE STEP: request sizes are rounded up to chunks; those from 128 KiB are mapped alone.
check() {
	"$blocks" "$@" 2>&1 | awk -v blocks="$1" -v size="$2" -v step="$3" '
	function want(what, is, shall) {
		if (is != shall)
			printf "%s is %.0f, not %.0f\n", what, is, shall
	}
	function int_of(x) { return x > 2147483647 ? 2147483647 : x }
	{ int_[$1, $2] = $3; value[$1, $2] = $4; lines++ }
	$2 == "brk" { value[$1, $2] = $3 }
	$2 != "brk" && $3 != int_of($4) { print "mallinfo() disagrees: " $0 }
	END {
		want("number of lines", lines, 33)
		chunk = int((size + 8 + 15) / 16) * 16
		if (chunk < 32)
			chunk = 32
		mapped = chunk >= 131072
		pages = int((chunk + 8 + 4095) / 4096) * 4096
		count["before"] = 0
		count["allocated"] = blocks
		count["freed"] = blocks - int((blocks + step - 1) / step)
		for (when in count) {
			c = count[when]
			want(when " uordblks", value[when, "uordblks"], mapped ? 0 : c * chunk)
			want(when " hblks", value[when, "hblks"], mapped ? c : 0)
			want(when " hblkhd", value[when, "hblkhd"], mapped ? c * pages : 0)
			want(when " arena", value[when, "arena"], value[when, "brk"])
			all = value[when, "uordblks"] + value[when, "fordblks"]
			want(when " uordblks + fordblks", all, value[when, "arena"])
			if (value[when, "fsmblks"] + value[when, "keepcost"] > value[when, "fordblks"])
				print when " more cached and at the top than free"
		}
	}' 2>&1
}

echo TAP version 13
echo 1..7
result "1,000 blocks of 100 bytes, all freed" "$(check 1000 100 1)"
result "1,000 blocks of 100 bytes, every second one freed" "$(check 1000 100 2)"
result "2,000,000 blocks of 10 bytes, every third one freed" "$(check 2000000 10 3)"
result "2,000,000 blocks of 200 bytes, every second one freed" "$(check 2000000 200 2)"
result "500 blocks of 200 KiB, mapped alone, every fifth one freed" "$(check 500 204800 5)"
result "past INT_MAX on the heap: 30,000 blocks of 100,000 bytes" "$(check 30000 100000 7)"
result "past INT_MAX mapped alone: 20,000 blocks of 200,000 bytes" "$(check 20000 200000 2)"
exit $ends
