# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Sourced by the tests of weirctl: TAP, a stand-in for the module's sysfs files, and checks.
#
# A test is a function test_<what>, which fails if anything is not as wanted.  $WEIRCTL names
# another weirctl than the built one.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
WEIRCTL=${WEIRCTL:-$top/build/weirctl}
unset WEIR_LIBRARY WEIR_OPTIONS WEIRCTL_SYSFS POSIXLY_CORRECT ARGP_HELP_FMT
export LC_ALL=C

tmp=$(mktemp -d "${TMPDIR:-/tmp}/weirctl-test.XXXXXX") || exit 1
trap 'rm -rf "$tmp"' EXIT
# Tests that act as another user read here.
chmod 755 "$tmp"

knobs=(policy mmap_threshold mmap_max trim_threshold top_pad arena_max hugetlb)
counters=(minflt majflt heap_minflt heap_majflt mmap_minflt mmap_majflt)

# put FILE VALUE
put() {
	printf '%s\n' "$2" >"$1"
}

# put_knobs DIR: the built-in values.
put_knobs() {
	local values=(auto 131072 65536 131072 131072 0 0) i

	for i in "${!knobs[@]}"; do
		put "$1/${knobs[i]}" "${values[i]}"
	done
}

# put_limits DIR: as they are without any.
put_limits() {
	local lowest=(fixed 0 0 0 0 1 0) highest=(auto 70368744177664 2147483647 -1 1073741824 0 1) i

	for i in "${!knobs[@]}"; do
		put "$1/${knobs[i]}_min" "${lowest[i]}"
		put "$1/${knobs[i]}_max" "${highest[i]}"
	done
	put "$1/processes_per_uid" 4096
}

# fake_profile NAME: one that says nothing.
fake_profile() {
	local i

	mkdir "$weir/profiles/$1"
	for i in "${knobs[@]}"; do
		put "$weir/profiles/$1/$i" default
	done
	put "$weir/profiles/$1/match_comm" ''
	put "$weir/profiles/$1/match_cgroup" ''
}

# fake_module: a loaded module without processes; $weir is its directory.
fake_module() {
	local i

	rm -rf "$tmp/sys"
	weir=$tmp/sys/kernel/mm/weir
	mkdir -p "$weir"/{defaults,limits,processes,profiles,stats} "$tmp/sys/module/weir"
	put "$tmp/sys/module/weir/initstate" live
	put "$tmp/sys/module/weir/refcnt" 0
	put "$tmp/sys/module/weir/version" 9.8.7
	put_knobs "$weir/defaults"
	put_limits "$weir/limits"
	: >"$weir/profiles/create"
	: >"$weir/profiles/remove"
	put "$weir/stats/attached" 0
	put "$weir/stats/attaches" 0
	for i in "${counters[@]}"; do
		put "$weir/stats/$i" 0
	done
	export WEIRCTL_SYSFS=$tmp/sys
}

# fake_process PID COMM: a record with built-in knobs; counters 1 to 6.
fake_process() {
	local new=$tmp/new.$1 i n=0

	rm -rf "$new"
	mkdir -p "$new/source"
	put_knobs "$new"
	for i in "${knobs[@]}"; do
		put "$new/source/$i" builtin
	done
	for i in "${counters[@]}"; do
		put "$new/$i" $((++n))
	done
	printf '%s\n' "$2" >"$new/comm"
	put "$new/profile" none
	mv "$new" "$weir/processes/$1"
}

# ctl ARG...: runs weirctl; $status, $out and $err are what came of it.
ctl() {
	"$WEIRCTL" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
	status=$?
	out=$(<"$tmp/out")
	err=$(<"$tmp/err")
	ran="weirctl $*"
}

complain() {
	echo "# $current: $ran: $1"
	printf '%s\n' "$out" "$err" | sed 's/^/#   /'
	failed=1
	return 1
}

want_status() {
	[ "$status" = "$1" ] || complain "status $status, not $1"
}

# The text stands somewhere in it.
want_out() {
	[[ $out == *"$1"* ]] || complain "output lacks '$1'"
}

want_err() {
	[[ $err == *"$1"* ]] || complain "message lacks '$1'"
}

want_quiet() {
	[ -z "$out$err" ] || complain "says something"
}

# want_value FILE VALUE
want_value() {
	[ "$(<"$1")" = "$2" ] || complain "$1 is '$(<"$1")', not '$2'"
}

# want_same A B
want_same() {
	[ "$1" = "$2" ] || complain "'$1' is not '$2'"
}

# Before each test; a script may have another.
setup() {
	fake_module
}

# run_tests: all of them, in the order of the file.
run_tests() {
	local t n=0 bad=0 all

	mapfile -t all < <(sed -n 's/^\(test_[a-z0-9_]*\)() {.*/\1/p' "$0")
	echo "TAP version 13"
	echo "1..${#all[@]}"
	if [ ! -x "$WEIRCTL" ]; then
		echo "Bail out! $WEIRCTL is not there"
		exit 1
	fi
	for t in "${all[@]}"; do
		failed=0 status='' out='' err='' ran=''
		current=$t
		setup
		"$t"
		[ "$failed" = 0 ] || { echo -n "not "; bad=1; }
		echo "ok $((++n)) $t"
	done
	exit "$bad"
}
