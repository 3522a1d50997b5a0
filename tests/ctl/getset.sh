#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# weirctl get and set against stand-in files.
. "$(dirname "$0")/lib.bash"

# A file that reads as "0" and refuses numbers beyond 1000 as a kernel does, with EINVAL.
refusing_file() {
	rm -f "$1"
	ln -s /proc/self/oom_score_adj "$1"
}

test_get_defaults() {
	ctl get default
	want_status 0
	want_out 'mmap_threshold=128K'
	want_out 'policy=auto'
	want_same "$(wc -l <"$tmp/out")" "${#knobs[@]}"
	want_same "$(awk '{ print $2 }' "$tmp/out" | sort -u)" builtin
}

test_get_tells_a_written_default() {
	put "$weir/defaults/mmap_max" 7
	ctl get default mmap_max
	want_same "$(awk '{ print $1, $2 }' "$tmp/out")" 'mmap_max=7 default'
}

test_get_process_with_sources() {
	fake_process 100 server
	put "$weir/processes/100/trim_threshold" -1
	put "$weir/processes/100/source/trim_threshold" environment
	ctl get 100 trim_threshold policy
	want_status 0
	want_same "$(awk '{ print $1, $2 }' "$tmp/out" | paste -sd,)" \
		'trim_threshold=-1 environment,policy=auto builtin'
}

test_get_sizes_are_exact() {
	local pair

	for pair in 131073=131073 1024=1K 1536=1536 1048576=1M 1073741824=1G 0=0 \
		70368744177664=65536G 1073742848=1048577K; do
		put "$weir/defaults/mmap_threshold" "${pair%=*}"
		ctl get --bare default mmap_threshold
		want_same "$out" "mmap_threshold=${pair#*=}"
		ctl set default "$out"
		want_value "$weir/defaults/mmap_threshold" "${pair%=*}"
	done
}

test_get_bare_feeds_set() {
	local args

	fake_process 100 a
	fake_process 200 b
	put "$weir/processes/100/top_pad" 12345
	put "$weir/processes/100/policy" fixed
	ctl get --bare 100
	read -ra args <<<"${out//$'\n'/ }"
	ctl set 200 "${args[@]}"
	want_status 0
	want_quiet
	want_value "$weir/processes/200/top_pad" 12345
	want_value "$weir/processes/200/policy" fixed
}

test_get_value_of_a_newer_module() {
	put "$weir/defaults/policy" clairvoyant
	ctl get default
	want_status 1
	want_err 'policy: its value is not one that this command knows'
	want_out 'top_pad=128K'
}

test_get_knob_of_a_newer_command() {
	rm "$weir/defaults/hugetlb"
	ctl get default
	want_status 1
	want_err 'hugetlb: the module does not have this knob'
	want_out 'arena_max=0'
	ctl set default hugetlb=1
	want_status 1
	want_err 'hugetlb: the module does not have this knob'
	ctl set default arena_max=1
	want_status 0
}

test_set_several() {
	fake_process 100 server
	ctl set 100 mmap_max=0 trim_threshold=-1 policy=fixed mmap_threshold=64m top_pad=4K
	want_status 0
	want_quiet
	want_value "$weir/processes/100/mmap_max" 0
	want_value "$weir/processes/100/trim_threshold" -1
	want_value "$weir/processes/100/policy" fixed
	want_value "$weir/processes/100/mmap_threshold" 67108864
	want_value "$weir/processes/100/top_pad" 4096
	want_value "$weir/defaults/mmap_max" 65536
}

test_set_gives_back() {
	fake_process 100 server
	ctl set 100 mmap_max=default
	want_status 0
	want_value "$weir/processes/100/mmap_max" default
}

test_set_ends_of_ranges() {
	ctl set default mmap_threshold=65536G mmap_max=2147483647 trim_threshold=65536G top_pad=1G \
		arena_max=65536 hugetlb=1
	want_status 0
	ctl set default mmap_threshold=0 mmap_max=0 trim_threshold=-1 top_pad=0 arena_max=0 hugetlb=0
	want_status 0
}

test_set_refuses_values() {
	local bad

	for bad in mmap_threshold=65537G mmap_threshold=70368744177665 mmap_threshold=-1 \
		mmap_max=2147483648 mmap_max=-1 trim_threshold=-2 top_pad=1073741825 \
		arena_max=65537 hugetlb=2 hugetlb=-1 mmap_threshold=99999999999999999999999999 \
		mmap_threshold=18014398509481985K mmap_threshold=9007199254740993K mmap_threshold=9223372036854775808; do
		ctl set default policy=fixed "$bad"
		want_status 2
		want_err "${bad%%=*}: '${bad#*=}' is out of range; accepted: "
	done
	want_value "$weir/defaults/policy" auto
}

test_set_refuses_junk() {
	local bad

	for bad in mmap_threshold= mmap_threshold=K mmap_threshold=1KB mmap_threshold=1KK \
		mmap_threshold=0x10 mmap_threshold=+1 'mmap_threshold= 1' 'mmap_threshold=1 ' \
		mmap_threshold=1T mmap_threshold=1.5M mmap_threshold=-0 mmap_threshold=- \
		mmap_threshold=--1 mmap_max=1K mmap_threshold=1,5 policy= policy=Fixed \
		policy=0 policy='fixed ' mmap_threshold=$'1\n' mmap_threshold=Default \
		mmap_threshold=99999999999999999999999999x; do
		ctl set default "$bad"
		want_status 2
		want_err "${bad%%=*}: '${bad#*=}' is no value of this knob; accepted: "
	done
	want_err ', or default'
}

test_set_refuses_names() {
	local bad

	for bad in mmap_treshold=1 =1 POLICY=fixed mmap=1 mmap_thresholds=1 \
		../defaults/top_pad=1 comm=x; do
		ctl set default top_pad=1 "$bad"
		want_status 2
		want_err "no knob is called '${bad%%=*}'; there are policy, mmap_threshold, mmap_max"
	done
	ctl set default top_pad
	want_status 2
	want_err "'top_pad' is not of the form KNOB=VALUE"
	ctl set default top_pad=1 mmap_max=2 top_pad=3
	want_status 2
	want_err 'top_pad is given twice'
	want_value "$weir/defaults/top_pad" 131072
	ctl get default treshold
	want_status 2
	want_err "no knob is called 'treshold'"
}

test_targets() {
	local bad

	for bad in 0 -1 x 1x 4194305 99999999999999999999 '' ' 1' 1K defaults ../stats; do
		ctl set -- "$bad" top_pad=1
		want_status 2
		want_err "'$bad' is no process; accepted: a pid from 1 to 4194304, or default"
		ctl get -- "$bad"
		want_status 2
	done
	ctl set
	want_status 2
	ctl get
	want_status 2
	ctl set default
	want_status 2
	want_err 'which knob?'
}

test_no_such_process() {
	local gone

	sleep 0 &
	gone=$!
	wait "$gone"
	ctl set "$gone" top_pad=1
	want_status 4
	want_err "no process has the pid $gone"
	ctl get "$gone"
	want_status 4
}

test_process_not_attached() {
	ctl set $$ top_pad=1
	want_status 4
	want_err "process $$ is not attached"
	ctl get $$
	want_status 4
}

test_thread_is_no_process() {
	python3 - "$tmp/tid" <<-'PY' &
		import os, sys, threading, time
		def tell():
		    with open(sys.argv[1] + ".new", "w") as f:
		        f.write("%d %d\n" % (os.getpid(), threading.get_native_id()))
		    os.rename(sys.argv[1] + ".new", sys.argv[1])
		    time.sleep(60)
		threading.Thread(target=tell, daemon=True).start()
		time.sleep(60)
	PY
	local job=$! group thread i

	for ((i = 0; i < 100; i++)); do
		[ -e "$tmp/tid" ] && break
		sleep 0.1
	done
	read -r group thread <"$tmp/tid"
	ctl get "$thread"
	want_status 4
	want_err "$thread is a thread of process $group"
	kill "$job"
	wait "$job" 2>/dev/null
}

test_module_not_loaded() {
	rm -rf "$tmp/sys"
	ctl set default top_pad=1
	want_status 3
	want_err "the module weir is not loaded ('weirctl load' loads it)"
	ctl get default
	want_status 3
	# What is wrong in itself is said first.
	ctl set default top_pad=x
	want_status 2
}

test_later_write_fails() {
	fake_process 100 server
	put "$weir/processes/100/mmap_max" 5
	put "$weir/processes/100/source/mmap_max" self
	put "$weir/processes/100/policy" dynamic
	put "$weir/processes/100/source/policy" default
	refusing_file "$weir/processes/100/top_pad"
	ctl set 100 mmap_max=9 policy=fixed top_pad=64K mmap_threshold=1M
	want_status 1
	want_err "top_pad: the kernel refuses '65536' (Invalid argument)"
	want_err 'policy was put back to default'
	want_err 'mmap_max was put back to 5'
	want_value "$weir/processes/100/mmap_max" 5
	want_value "$weir/processes/100/policy" default
	want_value "$weir/processes/100/mmap_threshold" 131072
}

test_later_write_of_default_fails() {
	put "$weir/defaults/mmap_max" 5
	refusing_file "$weir/defaults/top_pad"
	ctl set default mmap_max=9 policy=fixed top_pad=64K
	want_status 1
	want_value "$weir/defaults/mmap_max" 5
	want_value "$weir/defaults/policy" default
}

test_no_permission() {
	fake_process 100 server
	chmod -R a+rX "$tmp/sys"
	if [ "$(id -u)" = 0 ]; then
		chmod a+w "$weir/processes/100/mmap_max"
		ran='as nobody: set' out=''
		# The build directory may be below a closed home.
		cp "$WEIRCTL" "$tmp/weirctl"
		err=$(setpriv --reuid=65534 --regid=65534 --clear-groups \
			"$tmp/weirctl" set 100 mmap_max=1 top_pad=1 2>&1)
		status=$?
	else
		chmod a-w "$weir/processes/100/top_pad"
		ctl set 100 mmap_max=1 top_pad=1
	fi
	want_status 5
	want_err 'no permission for top_pad of process 100'
	want_value "$weir/processes/100/mmap_max" 65536
}

test_hostile_files() {
	local value

	for value in '' x 1x -5 99999999999999999999 "$(head -c 300 /dev/zero | tr '\0' 1)" ' 1' 1K1; do
		printf '%s' "$value" >"$weir/defaults/mmap_max"
		ctl get default mmap_max
		want_status 1
		want_same "$out" ''
	done
	printf '1\0002\n' >"$weir/defaults/mmap_max"
	ctl get default
	want_status 1
	rm "$weir/defaults/mmap_max"
	mkdir "$weir/defaults/mmap_max"
	ctl get default
	want_status 1
	ctl set default mmap_max=1
	want_status 1
}

test_output_cannot_be_written() {
	"$WEIRCTL" get default >/dev/full 2>"$tmp/err"
	status=$? out='' err=$(<"$tmp/err") ran='get >/dev/full'
	want_status 1
	want_err 'cannot write the output'
}

run_tests
