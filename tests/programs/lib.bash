# SPDX-License-Identifier: LGPL-2.1-or-later
#
# For tests that run a program twice, plainly and under the library, and compare what comes out.
# WEIR_LONG=1 in the environment asks for everything instead of what fits into a few minutes.

top=$(cd "$(dirname "$0")/../.." && pwd)
lib=$top/build/libweir.so
sources=$top/build/sources
tmp=$(mktemp -d)
server=
trap 'rm -rf "$tmp"' EXIT
trap 'exit 143' TERM INT
unset WEIR_OPTIONS GLIBC_TUNABLES LD_PRELOAD "${!MALLOC_@}"
export LC_ALL=C TZ=UTC HOME=$tmp
long=${WEIR_LONG-}
n=0
ends=0

# The settings under which everything shall work the same; those of a program that takes long.
settings=('' policy=fixed 'mmap_max=0,trim_threshold=-1' 'mmap_threshold=4K,trim_threshold=0,top_pad=0,arena_max=1')
few=('' "${settings[3]}")

result() {
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n $2"
	else
		echo "not ok $n $2"
		ends=1
	fi
}

# A server that the function leaves behind is ended.
run() (
	trap stop EXIT
	trap 'exit 143' TERM INT
	"$@"
)

# both NAME FUNCTION: the same on both outputs with and without the library, under each of the settings.
both() {
	local name=$1 options status plain

	run "${@:2}" >"$tmp/plain" 2>"$tmp/plain.err"
	plain=$?
	if [ $plain -ne 0 ] || [ ! -s "$tmp/plain" ]; then
		echo "# $name without the library: status $plain, $(wc -l <"$tmp/plain") lines"
		tail -n 20 "$tmp/plain.err" | sed 's/^/# /'
		plain=1
	fi
	for options in "${settings[@]}"; do
		(export WEIR_OPTIONS=$options LD_PRELOAD=$lib; run "${@:2}") >"$tmp/weir" 2>"$tmp/weir.err"
		status=$?
		if [ $status -eq 0 ] && [ $plain -eq 0 ] && cmp -s "$tmp/plain" "$tmp/weir" &&
		   cmp -s "$tmp/plain.err" "$tmp/weir.err"; then
			result 0 "$name${options:+ with $options}"
		else
			echo "# status $status; < without, > with the library"
			diff "$tmp/plain" "$tmp/weir" | head -n 20 | sed 's/^/# /'
			diff "$tmp/plain.err" "$tmp/weir.err" | head -n 20 | sed 's/^/# /'
			result 1 "$name${options:+ with $options}"
		fi
	done
}

# preloaded NAME <MAPS: is the library in what a program sees of its memory just when it should be?
# What is said goes into what is compared.
preloaded() {
	local found

	found=$(grep -c libweir)
	if [ "${LD_PRELOAD:+y}" = "$([ "$found" -eq 0 ] || echo y)" ]; then
		echo "$1: the library is mapped if it should be"
	else
		echo "$1: the library is mapped $found times, preloaded: ${LD_PRELOAD:-nothing}"
	fi
}

# mapped PID...: the same of processes; one may have ended meanwhile.
mapped() {
	local pid name maps

	for pid; do
		name=$(cat "/proc/$pid/comm" 2>/dev/null)
		maps=$(cat "/proc/$pid/maps" 2>/dev/null)
		[ -z "$maps" ] || preloaded "$name" <<<"$maps"
	done
}

# at_least NUMBER GOT WHAT: so much must have been compared.
at_least() {
	[ "${2:-0}" -ge "$1" ] || { echo "${2:-0} $3 instead of $1"; return 1; }
}

# version COMMAND...: the first line of what it says of itself.
version() {
	"$@" 2>&1 | sed -n '1s/^/# /p'
}

# await SECONDS COMMAND...: until it succeeds.
await() {
	local end=$((SECONDS + $1))

	until "${@:2}" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return
		sleep 0.05
	done
}

# Ends the server that a test has started, and says how it ended.
stop() {
	[ -n "$server" ] || return 0
	kill -"${1-TERM}" "$server" 2>/dev/null
	wait "$server"
	set -- $?
	server=
	return "$1"
}

finish() {
	echo "1..$n"
	exit $ends
}

echo TAP version 13
