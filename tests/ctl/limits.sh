#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# weirctl limits against stand-in files.
. "$(dirname "$0")/lib.bash"

limits=(policy_min policy_max mmap_threshold_min mmap_threshold_max mmap_max_min mmap_max_max
	trim_threshold_min trim_threshold_max top_pad_min top_pad_max arena_max_min arena_max_max
	hugetlb_min hugetlb_max)

# A file that reads as "0" and refuses numbers beyond 1000 as a kernel does, with EINVAL.
refusing_file() {
	rm -f "$1"
	ln -s /proc/self/oom_score_adj "$1"
}

test_show_none() {
	ctl limits
	want_status 0
	want_same "$(sed 's/=.*//' "$tmp/out" | paste -sd' ')" "${limits[*]} processes_per_uid"
	want_same "$(awk '/_m/ { print $2 }' "$tmp/out" | sort -u)" none
	want_out 'mmap_threshold_max=65536G'
	want_out 'processes_per_uid=4096'
}

test_show_some() {
	put "$weir/limits/mmap_threshold_max" 1048576
	put "$weir/limits/trim_threshold_min" -1
	put "$weir/limits/arena_max_max" 4
	put "$weir/limits/policy_max" fixed
	ctl limits
	want_same "$(awk '/_m/ && $2 == "limit" { print $1 }' "$tmp/out" | paste -sd' ')" \
		'policy_max=fixed mmap_threshold_max=1M trim_threshold_min=-1 arena_max_max=4'
}

test_bare_feeds_itself() {
	local args

	put "$weir/limits/top_pad_max" 4096
	ctl limits --bare
	want_same "$(wc -w <"$tmp/out")" 15
	read -ra args <<<"${out//$'\n'/ }"
	put_limits "$weir/limits"
	ctl limits "${args[@]}"
	want_status 0
	want_quiet
	want_value "$weir/limits/top_pad_max" 4096
	want_value "$weir/limits/processes_per_uid" 4096
}

test_change() {
	ctl limits mmap_threshold_max=64M policy_min=dynamic arena_max_max=0 trim_threshold_max=-1 \
		processes_per_uid=10 hugetlb_max=default
	want_status 0
	want_quiet
	want_value "$weir/limits/mmap_threshold_max" 67108864
	want_value "$weir/limits/policy_min" dynamic
	want_value "$weir/limits/processes_per_uid" 10
	want_value "$weir/limits/hugetlb_max" default
}

test_refused_values() {
	local bad

	for bad in mmap_threshold_max=65537G mmap_threshold_min=-1 mmap_max_max=1K trim_threshold_max=-2 \
		top_pad_max=2G policy_max=fast policy_min= hugetlb_max=2 mmap_threshold_max=1x \
		mmap_threshold_max=99999999999999999999999 processes_per_uid=-1 processes_per_uid=4194305 \
		processes_per_uid=1K processes_per_uid= processes_per_uid=99999999999999999999; do
		ctl limits top_pad_min=1 "$bad"
		want_status 2
		want_err "${bad%%=*}: '${bad#*=}' is refused; accepted: "
	done
	want_value "$weir/limits/top_pad_min" 0
}

test_refused_names() {
	local bad

	for bad in mmap_threshold=1 mmap_threshold_mid=1 _max=1 max=1 Policy_max=fixed ../defaults/top_pad=1; do
		ctl limits "$bad"
		want_status 2
		want_err "no limit is called '${bad%%=*}'; there are processes_per_uid"
	done
	ctl limits top_pad_max
	want_status 2
	want_err "'top_pad_max' is not of the form LIMIT=VALUE"
	ctl limits top_pad_max=1 top_pad_min=1 top_pad_max=1
	want_status 2
	want_err 'top_pad_max is given twice'
	ctl limits "${limits[@]/%/=default}" processes_per_uid=4 top_pad_min=1
	want_status 2
	want_err 'top_pad_min is given twice'
}

test_a_refused_one_takes_the_others_back() {
	refusing_file "$weir/limits/mmap_max_max"
	ctl limits top_pad_max=64K mmap_max_max=5000
	want_status 1
	want_err "mmap_max_max: the kernel refuses '5000' (Invalid argument); accepted: a number"
	want_err "top_pad_max was put back to '1073741824'"
	want_value "$weir/limits/top_pad_max" 1073741824
}

test_older_module() {
	rm "$weir/limits/hugetlb_max"
	ctl limits hugetlb_max=0
	want_status 1
	want_err 'hugetlb_max of the limits: the module does not have this'
	rm -r "$weir/limits"
	ctl limits
	want_status 1
	rm -r "$tmp/sys"
	ctl limits
	want_status 3
	ctl limits top_pad_max=x
	want_status 2
}

run_tests
