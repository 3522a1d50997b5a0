#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# weirctl itself, its --help and its manual page, which must say the same.
. "$(dirname "$0")/lib.bash"

page=$top/Documentation/man/weirctl.1
commands='load unload status ps get set trim run'

test_help() {
	local i

	ctl --help
	want_status 0
	want_same "$err" ''
	want_out 'Exit status:'
	for i in $commands; do
		ctl "$i" --help
		want_status 0
		want_same "$err" ''
		want_out "Usage: weirctl $i "
	done
	for i in get set run; do
		ctl "$i" --help
		want_out 'Knobs:'
	done
	ctl --version
	want_status 0
	want_out 'weirctl '
}

test_no_such_command() {
	ctl
	want_status 2
	want_err 'no command given'
	ctl frobnicate
	want_status 2
	want_err "no command is called 'frobnicate'; there are load, unload, status, ps, get, set, limits, profile, trim, run"
	ctl --frobnicate
	want_status 2
	ctl ''
	want_status 2
}

test_commands_refuse_unknown_options() {
	local i

	for i in $commands; do
		ctl "$i" --frobnicate
		[ "$i" = run ] && want_status 125 || want_status 2
	done
	ctl status now
	want_status 2
}

test_manual_page_has_all() {
	local i text

	text=$(sed 's/\\f.//g; s/\\-/-/g' "$page")
	ran="manual page"
	for i in $commands; do
		out=$text
		want_out "weirctl $i"
		want_out ".SS $i"
		ctl "$i" --help
		for i in $(grep -o -- '--[a-z-]*' "$tmp/out" | sort -u); do
			case $i in --help | --usage | --version | --) continue ;; esac
			out=$text ran="manual page"
			want_out "$i"
		done
	done
	out=$text
	for i in 0 1 2 3 4 5 6 125 126 127; do
		want_out ".B $i"$'\n'
	done
	for i in "${knobs[@]}" "${counters[@]}"; do
		want_out "$i"
	done
}

# The ranges in the page are those of the command.
test_manual_page_has_ranges() {
	local text

	text=$(sed 's/\\f.//g; s/\\-/-/g' "$page")
	ctl set --help
	while read -r range; do
		out=$text ran='manual page'
		want_out "$range"
	done < <(grep -o '0 to [0-9]*G\?' "$tmp/out" | sort -u)
}

test_manual_page_is_clean() {
	out=$(groff -man -Tutf8 -ww -z "$page" 2>&1) ran='groff -ww'
	want_same "$out" ''
}

test_udev_rule() {
	ran='udev rule' out=$(grep -v '^#' "$top/userlib/ctl/70-weir.rules")
	want_same "$out" 'KERNEL=="weir", MODE="0666"'
}

run_tests
