#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# weirctl trim against stand-in files.
. "$(dirname "$0")/lib.bash"

# fake_trimmer PID: a process that has been asked before, and answers at once: what is written stands in a
# file that reads as "none".
fake_trimmer() {
	fake_process "$1" server
	put "$weir/processes/$1/trim" none
	put "$weir/processes/$1/trimmed_bytes" 4096
}

# answering PID BYTES: answers a request that comes within a second.
answering() {
	local i

	for ((i = 0; i < 100; i++)); do
		if [ "$(<"$weir/processes/$1/trim")" != none ]; then
			put "$weir/processes/$1/trimmed_bytes" "$2"
			put "$weir/processes/$1/trim" none
			return
		fi
		sleep 0.01
	done
}

test_what_came_back() {
	fake_trimmer 100
	answering 100 $((4096 + 3 * 1024 * 1024)) &
	ctl trim 100 --wait 5
	wait
	want_status 0
	want_same "$out" '100: 3M came back'
}

test_keep_is_written_in_bytes() {
	fake_trimmer 100
	ctl trim --keep 2M 100 --wait 0
	want_status 0
	want_value "$weir/processes/100/trim" 2097152
	want_same "$out" '100: asked, has not answered yet'
}

test_no_answer_in_time() {
	fake_trimmer 100
	ctl trim -w 0.05 100
	want_status 0
	want_same "$out" '100: asked, has not answered yet'
	want_value "$weir/processes/100/trim" 0
}

test_all() {
	put "$weir/trim" ''
	ctl trim --all -k 16K
	want_status 0
	want_quiet
	want_value "$weir/trim" 16384
}

test_bad_input() {
	local i

	fake_trimmer 100
	put "$weir/trim" untouched
	for i in -1 65537G 70368744177665 x '' 1T 1.5M 99999999999999999999; do
		ctl trim --keep "$i" 100
		want_status 2
		want_err "accepted: 0 to 65536G bytes"
	done
	for i in -1 86401 x '' nan inf; do
		ctl trim --wait "$i" 100
		want_status 2
		want_err "accepted: seconds from 0 to 86400"
	done
	for i in 0 -5 x 4194305 default; do
		ctl trim -- "$i"
		want_status 2
		want_err "is no process"
	done
	ctl trim
	want_status 2
	want_err 'which process? Give a pid, or --all'
	ctl trim --all 100
	want_status 2
	want_err 'either a pid or --all'
	ctl trim 100 200
	want_status 2
	want_err "'200' is one too many"
	want_value "$weir/processes/100/trim" none
	want_value "$weir/trim" untouched
}

test_no_such_process() {
	ctl trim 4194304
	want_status 4
	want_err 'no process has the pid 4194304'
}

test_no_module() {
	rm -rf "$weir"
	ctl trim --all
	want_status 3
}

test_older_module() {
	fake_process 100 server
	ctl trim 100
	want_status 1
	want_err 'module and command differ in version'
	ctl trim --all
	want_status 1
	want_err 'module and command differ in version'
}

run_tests
