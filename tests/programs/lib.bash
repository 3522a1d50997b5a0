# SPDX-License-Identifier: LGPL-2.1-or-later
#
# For tests that run a program twice, plainly and under the library, and compare what comes out.

top=$(cd "$(dirname "$0")/../.." && pwd)
lib=$top/build/libweir.so
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 143' TERM INT
unset WEIR_OPTIONS GLIBC_TUNABLES LD_PRELOAD "${!MALLOC_@}"
export LC_ALL=C TZ=UTC HOME=$tmp
n=0
ends=0

# The settings under which everything shall work the same.
settings=('' policy=fixed 'mmap_max=0,trim_threshold=-1' 'mmap_threshold=4K,trim_threshold=0,top_pad=0,arena_max=1')

result() {
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n $2"
	else
		echo "not ok $n $2"
		ends=1
	fi
}

# under OPTIONS COMMAND...: with the library. A child that it did not reach would prove nothing.
under() {
	WEIR_OPTIONS=$1 LD_PRELOAD=$lib "${@:2}"
}

# both NAME FUNCTION: the same output with and without the library, under each of the settings.
both() {
	local name=$1 options status

	"${@:2}" >"$tmp/plain" 2>"$tmp/plain.err" || { echo "# $name fails without the library"; sed 's/^/# /' "$tmp/plain.err"; }
	[ -s "$tmp/plain" ] || echo "# $name says nothing without the library"
	for options in "${settings[@]}"; do
		(export WEIR_OPTIONS=$options LD_PRELOAD=$lib; "${@:2}") >"$tmp/weir" 2>"$tmp/weir.err"
		status=$?
		if [ $status -eq 0 ] && [ -s "$tmp/plain" ] && cmp -s "$tmp/plain" "$tmp/weir"; then
			result 0 "$name${options:+ with $options}"
		else
			echo "# status $status"
			diff "$tmp/plain" "$tmp/weir" | head -n 5 | sed 's/^/# /'
			head -n 5 "$tmp/weir.err" | sed 's/^/# /'
			result 1 "$name${options:+ with $options}"
		fi
	done
}

finish() {
	echo "1..$n"
	exit $ends
}

# Is the library really in a program that runs under it?
echo TAP version 13
under '' grep -q libweir /proc/self/maps
result $? 'the library is loaded'
