#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# weirctl run: what the command finds in its environment, and the exit statuses.
. "$(dirname "$0")/lib.bash"

# A library that harms nobody, where a test is not about finding the real one.
stand_in=$(ldconfig -p | awk '$1 == "libm.so.6" { print $NF; exit }')
stand_in=$(readlink -f "$stand_in")

# show ARG...: what "weirctl run ARG... -- sh" hands on.
show() {
	WEIR_LIBRARY=$stand_in ctl run "$@" -- \
		sh -c 'echo "options=${WEIR_OPTIONS-none} preload=${LD_PRELOAD-none}"'
}

test_options_are_set() {
	show mmap_threshold=1M policy=fixed trim_threshold=-1
	want_status 0
	want_same "$out" \
		"options=mmap_threshold=1048576,policy=fixed,trim_threshold=-1 preload=$stand_in"
	show
	want_same "$out" "options=none preload=$stand_in"
}

test_options_are_merged() {
	export WEIR_OPTIONS=top_pad=1,verbose,,mmap_max=3,future=a=b
	show mmap_max=9
	want_same "${out% *}" 'options=top_pad=1,verbose,future=a=b,mmap_max=9'
	show mmap_max=default top_pad=2K
	want_same "${out% *}" 'options=verbose,future=a=b,top_pad=2048'
	show
	want_same "${out% *}" 'options=top_pad=1,verbose,mmap_max=3,future=a=b'
	export WEIR_OPTIONS=mmap_max=3
	show mmap_max=default
	want_same "${out% *}" 'options=none'
	unset WEIR_OPTIONS
}

test_preload_is_kept() {
	local libc

	libc=$(dirname "$stand_in")/libc.so.6
	export LD_PRELOAD=$libc
	show
	want_same "${out#* }" "preload=$stand_in:$libc"
	unset LD_PRELOAD
}

test_library_is_found() {
	mkdir -p "$tmp/a b/bin" "$tmp/prefix/bin" "$tmp/prefix/lib" "$tmp/build"
	for i in "$tmp/a b/bin" "$tmp/prefix/bin" "$tmp/build"; do
		cp "$WEIRCTL" "$i/weirctl"
	done
	cp "$stand_in" "$tmp/build/libweir.so"
	cp "$stand_in" "$tmp/prefix/lib/libweir.so.1"
	cp "$stand_in" "$tmp/a b/bin/libweir.so"
	WEIRCTL=$tmp/build/weirctl ctl run sh -c 'echo $LD_PRELOAD'
	want_same "$out" "$tmp/build/libweir.so"
	WEIRCTL=$tmp/prefix/bin/weirctl ctl run sh -c 'echo $LD_PRELOAD'
	want_same "$out" "$tmp/prefix/lib/libweir.so.1"
	WEIRCTL="$tmp/a b/bin/weirctl" ctl run sh -c 'echo $LD_PRELOAD'
	want_status 125
	want_err 'cannot preload from a path with a space or a colon'
}

test_library_is_named() {
	mkdir -p "$tmp/here"
	cp "$stand_in" "$tmp/here/own.so"
	ran='run with a relative WEIR_LIBRARY' out=$(cd "$tmp/here" &&
		WEIR_LIBRARY=./own.so "$WEIRCTL" run sh -c 'echo $LD_PRELOAD')
	want_same "$out" "$tmp/here/own.so"
	WEIR_LIBRARY=/nowhere/own.so ctl run true
	want_status 125
	want_err '/nowhere/own.so: No such file or directory; WEIR_LIBRARY can name another'
	WEIR_LIBRARY=/tmp ctl run true
	want_status 125
}

test_statuses() {
	export WEIR_LIBRARY=$stand_in
	ctl run -- sh -c 'exit 7'
	want_status 7
	ctl run -- sh -c 'kill -PIPE $$'
	want_status 141
	ctl run -- "$tmp/nothing"
	want_status 127
	want_err "$tmp/nothing: No such file or directory"
	ctl run no-such-command-anywhere
	want_status 127
	ctl run -- /etc
	want_status 126
	: >"$tmp/plain"
	ctl run -- "$tmp/plain"
	want_status 126
	ctl run
	want_status 125
	want_err 'no command given'
	ctl run mmap_max=1
	want_status 125
	ctl run --frobnicate true
	want_status 125
	unset WEIR_LIBRARY
}

test_bad_knobs_run_nothing() {
	local bad

	for bad in mmap_max=x mmap_max=-1 mmap_threshold=65537G policy=eager treshold=1 =; do
		WEIR_LIBRARY=$stand_in ctl run "$bad" -- touch "$tmp/ran"
		want_status 125
	done
	WEIR_LIBRARY=$stand_in ctl run top_pad=1 top_pad=1 -- touch "$tmp/ran"
	want_status 125
	[ ! -e "$tmp/ran" ] || complain 'it ran all the same'
}

test_arguments_are_the_commands() {
	export WEIR_LIBRARY=$stand_in
	ctl run mmap_max=1 -- printf '%s|' -n --help 'a b' '' mmap_max=2 --
	want_same "$out" '-n|--help|a b||mmap_max=2|--|'
	ctl run printf '%s|' --help policy=x
	want_same "$out" '--help|policy=x|'
	printf '#!/bin/sh\necho "$0 $*"\n' >"$tmp/a=b"
	chmod +x "$tmp/a=b"
	ctl run -- "$tmp/a=b" c=d
	want_same "$out" "$tmp/a=b c=d"
	unset WEIR_LIBRARY
}

test_needs_no_module() {
	rm -rf "$tmp/sys"
	show policy=fixed
	want_status 0
	want_same "$err" ''
}

test_real_library() {
	WEIR_LIBRARY=$top/build/libweir.so ctl run policy=fixed mmap_threshold=1M -- \
		python3 -c 'print("libweir" in open("/proc/self/maps").read(), sum(range(10**6)))'
	want_status 0
	want_same "$out" 'True 499999500000'
	want_same "$err" ''
}

run_tests
