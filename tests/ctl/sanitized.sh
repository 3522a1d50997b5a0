#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The other tests, and random arguments and files, with a weirctl built with the address and
# undefined-behaviour sanitizers.
. "$(dirname "$0")/lib.bash"
here=$top/tests/ctl
built=$tmp/weirctl-sanitized

# A report must not pass for one of weirctl's own statuses; LD_PRELOAD is what "run" is about.
export ASAN_OPTIONS=exitcode=99:verify_asan_link_order=0 UBSAN_OPTIONS=halt_on_error=1:exitcode=99

# The plan comes first and wants the program to be there.
WEIRCTL=$built
# shellcheck disable=SC2046
"${CC:-cc}" -std=gnu11 -O1 -g -D_GNU_SOURCE -fsanitize=address,undefined -fno-sanitize-recover=all \
	-I"$top/kmod/uapi" -I"$top/userlib" "$top"/userlib/ctl/*.c -o "$built" \
	$(pkg-config --cflags --libs libkmod)

rerun() {
	ran=$1
	out=$(WEIRCTL=$built "$here/$1" 2>&1 | grep -v '^ok' | head -n 40)
	err=
	want_same "$(grep -c '^not ok\|^Bail' <<<"$out")" 0
}

test_usage() {
	rerun usage.sh
}

test_getset() {
	rerun getset.sh
}

test_ps() {
	rerun ps.sh
}

test_run() {
	rerun run.sh
}

test_module() {
	rerun module.sh
}

# Nothing but the documented statuses comes of any arguments.
test_random_arguments() {
	local words=(get set ps run status load unload default 100 0 -1 99999999999 --bare -b -- = policy
		policy= policy=fixed mmap_max=0 mmap_max=-1 top_pad=1G top_pad=9999999999999999999G
		trim_threshold=-1 trim_threshold=- -i 0.01 -n 1 -c --json --counts -H --help --module
		"$tmp" /dev/null '' ' ' $'\xff\xfe' '%s%n%n%n' "$(printf 'A%.0s' {1..5000})" "=$'\n'"
		mmap_threshold=default arena_max=default --interval=nan --repeat= true /nope)
	local i n args

	RANDOM=${SEED:-1}
	fake_process 100 server
	for ((i = 0; i < ${ROUNDS:-150}; i++)); do
		args=("${words[RANDOM % 7]}")
		for ((n = RANDOM % 5; n > 0; n--)); do
			args+=("${words[RANDOM % ${#words[@]}]}")
		done
		WEIR_LIBRARY=$(dirname "$BASH") ctl "${args[@]}"
		case $status in
		[0-6] | 125) ;;
		*) complain "status $status"; return ;;
		esac
	done
}

# Nor of any contents of the files.
test_random_files() {
	local i file

	RANDOM=${SEED:-1}
	for ((i = 0; i < ${ROUNDS:-150} / 10; i++)); do
		rm -rf "$weir/processes/100"
		fake_process 100 server
		for file in "$weir"/processes/100/{comm,minflt,policy,top_pad,source/policy} \
			"$weir"/defaults/{policy,top_pad} "$weir"/stats/{attached,minflt} \
			"$tmp"/sys/module/weir/{initstate,refcnt,version}; do
			head -c $((RANDOM % 4 ? RANDOM % 20 : 254 + RANDOM % 4)) /dev/urandom >"$file"
		done
		for args in 'ps -c' 'ps -cj' status 'get 100' 'get default' 'set 100 top_pad=1' unload; do
			# shellcheck disable=SC2086
			ctl $args
			[[ $status == [0-6] ]] || { complain "status $status"; return; }
		done
	done
}

run_tests
