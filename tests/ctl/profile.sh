#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# weirctl profile, and what shows of profiles elsewhere, against stand-in files.
. "$(dirname "$0")/lib.bash"

test_list() {
	fake_profile web
	fake_profile db
	put "$weir/profiles/web/mmap_threshold" 1048576
	put "$weir/profiles/web/match_comm" 'ngi*'
	put "$weir/profiles/db/match_cgroup" /system.slice
	ctl profile
	want_status 0
	want_same "$out" $'db match_cgroup=/system.slice\nweb match_comm=ngi* mmap_threshold=1M'
	ctl profile show web
	want_same "$out" $'match_comm=ngi*\nmmap_threshold=1M'
}

test_list_of_none() {
	ctl profile
	want_status 0
	want_quiet
}

test_create_writes_the_name() {
	ctl profile create web
	want_status 0
	want_value "$weir/profiles/create" web
}

test_create_that_cannot_be_filled_leaves_none() {
	# The stand-in makes no directory.
	ctl profile create web policy=fixed
	want_status 1
	want_err "there is no profile 'web'"
	want_value "$weir/profiles/remove" web
}

test_set() {
	fake_profile web
	ctl profile set web mmap_threshold=2m policy=fixed match_comm='ngi*' match_cgroup=/a/b top_pad=default
	want_status 0
	want_quiet
	want_value "$weir/profiles/web/mmap_threshold" 2097152
	want_value "$weir/profiles/web/policy" fixed
	want_value "$weir/profiles/web/match_comm" 'ngi*'
	want_value "$weir/profiles/web/match_cgroup" /a/b
	ctl profile set web match_comm= match_cgroup=
	want_status 0
	want_value "$weir/profiles/web/match_comm" ''
}

test_remove() {
	ctl profile remove web
	want_status 0
	want_value "$weir/profiles/remove" web
}

test_assign() {
	fake_process 100 server
	local name

	for name in web none default; do
		ctl profile assign 100 "$name"
		want_status 0
		want_value "$weir/processes/100/profile" "$name"
	done
	ctl profile assign 4194305 web
	want_status 2
	ctl profile assign $$ web
	want_status 4
	want_err "process $$ is not attached"
}

test_refused_names() {
	local bad

	fake_process 100 server
	for bad in '' . .. .web a/b 'a b' create remove $'a\n' \
		aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa wéb; do
		for verb in create remove show 'assign 100'; do
			# shellcheck disable=SC2086
			ctl profile $verb "$bad"
			want_status 2
			want_err "'$bad' is no name of a profile; accepted: 1 to 31 of A-Z a-z 0-9 . _ -"
		done
	done
	ctl profile create none
	want_status 2
	ctl profile create default
	want_status 2
	want_value "$weir/profiles/create" ''
	want_value "$weir/processes/100/profile" none
}

test_refused_settings() {
	local bad

	fake_profile web
	for bad in match_comm=a-name-of-16-byt match_comm="*$(printf '%31s' x)" match_cgroup=a match_cgroup=/a/ \
		match_cgroup=//a match_cgroup="/$(printf '%255s' x)" match_comm=$'a\nb'; do
		ctl profile set web policy=fixed "$bad"
		want_status 2
		want_err "${bad%%=*}: '${bad#*=}' is refused; accepted: the "
	done
	ctl profile set web policy=fixed top_pad=2G
	want_status 2
	want_err "top_pad: '2G' is out of range"
	ctl profile set web match=x
	want_status 2
	want_err "a profile has no 'match'; there are match_comm, match_cgroup and the knobs"
	ctl profile set web policy
	want_status 2
	ctl profile set web policy=fixed policy=auto
	want_status 2
	want_err 'policy is given twice'
	ctl profile set other policy=fixed
	want_status 1
	want_err "there is no profile 'other'"
	want_value "$weir/profiles/web/policy" default
}

test_refused_words() {
	ctl profile drop web
	want_status 2
	want_err "'drop' is nothing to do; accepted: show, create, set, remove, assign"
	ctl profile show
	want_status 2
	want_err 'wrong number of arguments; accepted: show NAME'
	ctl profile set web
	want_status 2
	ctl profile assign 1
	want_status 2
	rm -rf "$tmp/sys"
	ctl profile
	want_status 3
}

test_a_later_write_fails() {
	fake_profile web
	rm "$weir/profiles/web/top_pad"
	ln -s /proc/self/oom_score_adj "$weir/profiles/web/top_pad"
	ctl profile set web match_comm=x top_pad=64K
	want_status 1
	want_err "top_pad: the kernel refuses '65536' (Invalid argument)"
	want_err "match_comm was put back to ''"
	want_value "$weir/profiles/web/match_comm" ''
}

test_shown_by_get_and_ps() {
	fake_process 100 server
	put "$weir/processes/100/profile" web
	put "$weir/processes/100/source/top_pad" profile
	ctl get 100 top_pad mmap_max
	want_same "$(awk '{ print $2, $3 }' "$tmp/out" | paste -sd,)" 'profile web,builtin '
	ctl get --bare 100 top_pad
	want_same "$out" top_pad=128K
	ctl ps -c
	want_same "$(awk 'NR == 1 || NR == 2 { print $NF }' "$tmp/out" | paste -sd,)" PROFILE,web
	ctl ps -c --json
	want_out '"profile":"web"'
	put "$weir/processes/100/profile" none
	ctl ps -c --json
	want_out '"profile":null'
	# A module from before there were profiles.
	rm "$weir/processes/100/profile"
	ctl ps -c
	want_status 0
	want_same "$(awk 'NR == 2 { print $NF }' "$tmp/out")" -
}

test_run_asks_for_one() {
	: >"$tmp/libweir.so"
	export WEIR_LIBRARY=$tmp/libweir.so
	WEIR_OPTIONS=profile=old,top_pad=1 ctl run --profile web policy=fixed -- sh -c 'echo $WEIR_OPTIONS'
	want_same "$out" top_pad=1,policy=fixed,profile=web
	ctl run -p none -- sh -c 'echo $WEIR_OPTIONS'
	want_same "$out" profile=none
	ctl run --profile 'a b' -- true
	want_status 125
	want_err "'a b' is no name of a profile"
	unset WEIR_LIBRARY
}

run_tests
