#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# weirctl ps against stand-in files.
. "$(dirname "$0")/lib.bash"

# column NAME: of the first process in the table.
column() {
	awk -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i }
		NR == 2 { print $at }' "$tmp/out"
}

# json PYTHON-EXPRESSION with d as what was printed.
json() {
	python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' \
		"$tmp/out" "$1" 2>&1
}

# meanwhile ACTION ARG...: runs weirctl, and ACTION between its first look and its second one.
meanwhile() {
	local action=$1 pid line i
	shift

	"$WEIRCTL" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null &
	pid=$!
	# Once it is weirctl it sleeps for nothing but its interval.
	for ((i = 0; i < 500; i++)); do
		if [ "/proc/$pid/exe" -ef "$WEIRCTL" ] && read -r line <"/proc/$pid/stat" &&
			[[ $line == *') S '* ]]; then
			break
		fi
		sleep 0.02
	done
	eval "$action"
	wait "$pid"
	status=$?
	out=$(<"$tmp/out") err=$(<"$tmp/err")
	ran="weirctl $* meanwhile $action"
}

test_counts() {
	fake_process 100 server
	put "$weir/processes/100/mmap_minflt" 18446744073709551615
	ctl ps --counts
	want_status 0
	want_same "$(column PID)" 100
	want_same "$(column COMMAND)" server
	want_same "$(column MINFLT),$(column MAJFLT),$(column HEAP-MIN)" 1,2,3
	want_same "$(column HEAP-MAJ),$(column MMAP-MIN)" 4,18446744073709551615
	want_same "$(column MMAP-MAJ)" 6
}

test_thresholds_and_sources() {
	fake_process 100 server
	put "$weir/processes/100/mmap_threshold" 67108864
	put "$weir/processes/100/source/mmap_threshold" environment
	put "$weir/processes/100/trim_threshold" -1
	put "$weir/processes/100/source/trim_threshold" sysfs
	put "$weir/processes/100/top_pad" 131073
	put "$weir/processes/100/source/top_pad" self
	put "$weir/processes/100/source/mmap_max" default
	put "$weir/processes/100/source/policy" profile
	ctl ps -c
	want_same "$(column POLICY),$(column MMAP_THR)" auto:P,64M:E
	want_same "$(column MMAP_MAX),$(column TRIM_THR)" 65536:D,-1:W
	want_same "$(column TOP_PAD)" 131073:S
	want_out 'B builtin, D default, P profile, E environment, S self, W sysfs'
}

test_rates() {
	fake_process 100 server
	meanwhile 'put "$weir/processes/100/mmap_minflt" 1000005' ps -i 1
	want_status 0
	want_same "$(column MAJFLT/s)" 0
	# 1,000,000 in a second, or in a little more on a busy machine.
	local rate
	rate=$(column MMAP-MIN/s)
	[[ $rate -gt 200000 && $rate -le 1000000 ]] || complain "rate is $rate"
}

test_counter_that_goes_back() {
	fake_process 100 server
	put "$weir/processes/100/minflt" 500
	meanwhile 'put "$weir/processes/100/minflt" 499' ps -i 1
	want_status 0
	want_same "$(column MINFLT/s)" 0
}

test_new_process_has_no_rate() {
	meanwhile 'fake_process 100 server' ps -i 1
	want_status 0
	want_same "$(column MINFLT/s)" -
}

test_pid_used_again_has_no_rate() {
	fake_process 100 old
	replace() {
		mv "$weir/processes/100" "$tmp/old"
		fake_process 100 new
		put "$weir/processes/100/minflt" 5000
	}
	meanwhile 'replace' ps -i 1
	want_same "$(column COMMAND)" new
	want_same "$(column MINFLT/s)" -
}

test_process_that_vanishes() {
	fake_process 100 stays
	fake_process 200 goes
	meanwhile 'rm -rf "$weir/processes/200"' ps -i 1
	want_status 0
	want_same "$err" ''
	want_same "$(grep -c goes "$tmp/out")" 0
	want_same "$(column COMMAND)" stays
}

test_processes_come_and_go_at_any_moment() {
	local storm i

	fake_process 300 stays
	# The files of a record go one by one, as the kernel's do.
	while :; do
		for i in 100 200 400; do
			fake_process "$i" storm
		done
		rm -rf "$weir"/processes/{100,200,400}
	done &
	storm=$!
	for ((i = 0; i < 50; i++)); do
		ctl ps -c -H
		want_status 0 || break
		want_same "$err" '' || break
		want_out stays || break
		# Nobody is shown with half a record.
		if [[ $out =~ ' - '|' ? '|':?' ]]; then
			complain "half a record"
			break
		fi
	done
	kill "$storm"
	wait "$storm" 2>/dev/null
	rm -rf "$weir/processes"
}

# The kernel removes the files of a directory one by one.
test_half_a_record_is_left_out() {
	fake_process 100 whole
	fake_process 200 half
	rm "$weir/processes/200/top_pad"
	fake_process 300 half
	rm -r "$weir/processes/300/source"
	fake_process 400 half
	rm "$weir/processes/400/source/policy"
	fake_process 500 half
	rm "$weir/processes/500/comm"
	ctl ps -c
	want_status 0
	want_same "$err" ''
	want_out whole
	[[ $out != *half* ]] || complain 'half a record'
}

test_knob_that_the_module_does_not_have() {
	fake_process 100 server
	rm "$weir/processes/100/top_pad" "$weir/defaults/top_pad"
	ctl ps -c
	want_status 0
	want_same "$(column TOP_PAD)" -
	put "$weir/processes/100/policy" clairvoyant
	ctl ps -c
	want_same "$(column POLICY)" '?'
	ctl ps -cj
	want_same "$(json 'd["processes"][0]["knobs"]["policy"]["value"]')" None
}

test_order_and_named_pids() {
	fake_process 1000 c
	fake_process 9 a
	fake_process 100 b
	ctl ps -cH
	want_same "$(awk '{ print $1 }' "$tmp/out" | paste -sd,)" 9,100,1000
	ctl ps -cH 1000 9 1000
	want_same "$(awk '{ print $1 }' "$tmp/out" | paste -sd,)" 9,1000
	want_status 0
	ctl ps -cH 9 $$
	want_status 4
	want_err "process $$ is not attached"
	want_same "$(awk '{ print $1 }' "$tmp/out")" 9
	ctl ps -c $$
	want_status 4
	want_same "$out" ''
}

test_nobody_attached() {
	ctl ps -c
	want_status 0
	want_err 'no process is attached'
	ctl ps -c --json
	want_same "$(json 'd["processes"]')" '[]'
}

test_json() {
	fake_process 100 'a"b\c'$'\t\xff\xc3\xa9'
	put "$weir/processes/100/source/policy" environment
	ctl ps --json --counts
	want_status 0
	want_same "$(json 'd["processes"][0]["comm"] == "a\"b\\c\t\ufffd\u00e9"')" True
	want_same "$(json 'd["processes"][0]["knobs"]["policy"]')" \
		"{'value': 'auto', 'source': 'environment'}"
	want_same "$(json 'd["processes"][0]["knobs"]["mmap_threshold"]["value"]')" 131072
	want_same "$(json 'd["processes"][0]["per_second"]')" None
	want_same "$(json 'd["processes"][0]["heap_majflt"]')" 4
	ctl ps --json -i 0.1
	want_same "$(json 'sorted(d["processes"][0]["per_second"])')" \
		"['heap_majflt', 'heap_minflt', 'majflt', 'minflt', 'mmap_majflt', 'mmap_minflt']"
}

test_names_do_no_harm() {
	fake_process 100 $'\e[2J\\x'
	ctl ps -c
	want_out '\x1b[2J\x5cx'
	[[ $out != *$'\e'* ]] || complain "escape sequence goes to the terminal"
}

test_repeat() {
	fake_process 100 server
	ctl ps -H -n 3 -i 0.05
	want_status 0
	want_same "$(wc -l <"$tmp/out")" 3
	ctl ps -H -c -n 3 -i 0.05
	want_same "$(wc -l <"$tmp/out")" 3
}

test_repeat_without_end() {
	fake_process 100 server
	timeout 20 "$WEIRCTL" ps -H -n 0 -i 0.05 | head -5 >"$tmp/out"
	ran='ps -n 0 | head -5'
	want_same "$(wc -l <"$tmp/out")" 5
}

test_module_goes_while_looking() {
	fake_process 100 server
	meanwhile 'rm -rf "$tmp/sys"' ps -i 1
	want_status 3
	want_err 'the module weir has been removed'
}

test_module_not_loaded() {
	rm -rf "$tmp/sys"
	ctl ps
	want_status 3
	want_err 'not loaded'
}

test_other_users_processes() {
	fake_process 100 mine
	fake_process 200 secret
	chmod -R a+rX "$tmp/sys"
	chmod 700 "$weir/processes/200"
	if [ "$(id -u)" = 0 ]; then
		cp "$WEIRCTL" "$tmp/weirctl"
		setpriv --reuid=65534 --regid=65534 --clear-groups \
			"$tmp/weirctl" ps -c >"$tmp/out" 2>"$tmp/err"
		status=$? out=$(<"$tmp/out") err=$(<"$tmp/err") ran='as nobody: ps -c'
	else
		chmod 000 "$weir/processes/200"
		ctl ps -c
	fi
	want_status 0
	want_out mine
	want_err 'not shown: 1 process of other users'
	chmod 700 "$weir/processes/200"
}

test_record_that_makes_no_sense() {
	fake_process 100 good
	fake_process 200 bad
	put "$weir/processes/200/majflt" many
	ctl ps -c
	want_status 1
	want_out good
	want_err 'processes/200: '
}

test_names_that_are_no_pids() {
	mkdir "$weir"/processes/{x,01,-1,0,1x,99999999999}
	ctl ps -c
	want_status 0
	want_err 'no process is attached'
}

test_bad_options() {
	local bad

	for bad in 0 -1 x 1x '' nan inf 1e99 0.001 86401; do
		ctl ps -i "$bad"
		want_status 2
		want_err "'$bad' is no interval; accepted: seconds from 0.01 to 86400"
	done
	for bad in -1 x 1x '' 1.5 1000000001 99999999999999999999; do
		ctl ps -n "$bad"
		want_status 2
		want_err "'$bad' is no count; accepted: 0 to 1000000000"
	done
	for bad in default x 0 4194305; do
		ctl ps "$bad"
		want_status 2
		want_err "'$bad' is no process"
	done
	ctl ps --frobnicate
	want_status 2
}

test_many_processes() {
	local i

	for ((i = 1; i <= 300; i++)); do
		fake_process "$i" "p$i"
	done
	ctl ps -cH
	want_status 0
	want_same "$(wc -l <"$tmp/out")" 300
}

run_tests
