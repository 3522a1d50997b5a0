#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The bash completion, called as bash would.
. "$(dirname "$0")/lib.bash"
. "$top/userlib/ctl/weirctl.bash-completion"

# offered LINE: what is offered at its end, in $out.
offered() {
	COMP_LINE=$1 COMP_POINT=${#1} COMPREPLY=()
	# As bash breaks the line.
	read -ra COMP_WORDS <<<"${1//=/ = }"
	[[ $1 != *' ' && $1 != *= ]] || COMP_WORDS+=('')
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	ran="complete '$1'"
	_weirctl
	out="${COMPREPLY[*]}"
}

want_offered() {
	offered "$1"
	want_same "$out" "$2"
}

test_commands() {
	want_offered 'weirctl st' status
	want_offered 'weirctl ' 'load unload status ps get set limits profile trim run --help --usage --version'
	want_offered 'weirctl --v' --version
	want_offered 'weirctl nonsense ' ''
}

test_words_are_those_of_the_command() {
	local i

	ctl --help
	for i in $_weirctl_commands; do
		want_out "  $i "
	done
	want_same "$(sed -n '/^Commands/,/^Exit/s/^  \([a-z]*\) .*/\1/p' "$tmp/out" | paste -sd' ')" \
		"$_weirctl_commands"
	ctl get --bare default
	want_same "$(sed 's/=.*//' "$tmp/out" | paste -sd' ')" "$_weirctl_knobs"
	ctl set default policy=x
	for i in $_weirctl_policies; do
		want_err "$i"
	done
	ctl ps --help
	for i in $(offered 'weirctl ps --'; echo "$out"); do
		want_out "$i"
	done
}

test_pids() {
	fake_process 100 a
	fake_process 1234 b
	want_offered 'weirctl ps ' '100 1234'
	want_offered 'weirctl ps 100 12' 1234
	want_offered 'weirctl get ' 'default 100 1234'
	want_offered 'weirctl set d' default
	want_offered 'weirctl get --bare 1' '100 1234'
	want_offered 'weirctl ps -i ' ''
}

test_no_module() {
	rm -rf "$tmp/sys"
	want_offered 'weirctl ps ' ''
	want_offered 'weirctl get ' default
}

test_knobs() {
	want_offered 'weirctl get default mm' 'mmap_threshold mmap_max'
	want_offered 'weirctl set 100 mm' 'mmap_threshold= mmap_max='
	want_offered 'weirctl set 100 policy=fixed tr' trim_threshold=
	want_offered 'weirctl set 100 policy=' 'fixed dynamic auto default'
	want_offered 'weirctl set 100 policy=d' 'dynamic default'
	want_offered 'weirctl set default top_pad=' default
	want_offered 'weirctl load mmap_m' mmap_max=
}

test_without_wordbreak() {
	local COMP_WORDBREAKS=$' \t\n'

	want_offered 'weirctl set 100 policy=d' 'policy=dynamic policy=default'
}

test_limits() {
	want_offered 'weirctl limits mmap_m' 'mmap_max_min= mmap_max_max='
	want_offered 'weirctl limits proc' processes_per_uid=
	want_offered 'weirctl limits policy_max=' 'fixed dynamic auto default'
	want_offered 'weirctl limits trim_threshold_max=' '-1 default'
	want_offered 'weirctl limits --b' --bare
}

test_profiles() {
	fake_module
	fake_profile web
	fake_profile db
	fake_process 100 a
	want_offered 'weirctl profile s' 'show set'
	want_offered 'weirctl profile show ' 'db web'
	want_offered 'weirctl profile remove db w' web
	want_offered 'weirctl profile set ' 'db web'
	want_offered 'weirctl profile set web match_' 'match_comm= match_cgroup='
	want_offered 'weirctl profile set web policy=f' fixed
	want_offered 'weirctl profile create new top' top_pad=
	want_offered 'weirctl profile create ' ''
	want_offered 'weirctl profile assign ' 100
	want_offered 'weirctl profile assign 100 ' 'none default db web'
	want_offered 'weirctl run --profile ' 'none default db web'
	want_offered 'weirctl run -p w' web
}

test_run() {
	local PATH=$tmp/bin:$PATH

	mkdir -p "$tmp/bin"
	printf '#!/bin/sh\n' >"$tmp/bin/zzz-command"
	chmod +x "$tmp/bin/zzz-command"
	want_offered 'weirctl run pol' policy=
	want_offered 'weirctl run policy=f' fixed
	want_offered 'weirctl run policy=fixed -- zzz-c' zzz-command
	want_offered 'weirctl run zzz-c' zzz-command
	want_offered "weirctl run policy=fixed zzz-command $tmp/bi" "$tmp/bin"
}

test_module_file() {
	: >"$tmp/weir.ko"
	: >"$tmp/weir.c"
	want_offered "weirctl load --module $tmp/we" "$tmp/weir.ko"
	want_offered 'weirctl load --m' --module
}

run_tests
