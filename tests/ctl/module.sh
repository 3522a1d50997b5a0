#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# weirctl load, unload and status: what can be said without touching the machine's kernel.
. "$(dirname "$0")/lib.bash"

release=$(uname -r)

# fake_ko MODINFO-LINE...: $ko is a file that libkmod reads as the module weir.
fake_ko() {
	ko=$tmp/weir.ko
	printf '.section .modinfo,"a"\n' >"$tmp/weir.s"
	printf '.asciz "%s"\n' "$@" >>"$tmp/weir.s"
	cc -c -o "$ko" "$tmp/weir.s"
}

parameters=(
	'name=weir' 'vermagic=0.0.0 nothing'
	'parmtype=mmap_threshold:size' 'parm=mmap_threshold:requests of this many bytes'
	'parm=trim_threshold:a parameter without a type'
	'parmtype=users:uint' 'parmtype=loud:bool' 'parmtype=label:charp'
)

# absent: no module is loaded.
absent() {
	rm -rf "$tmp/sys"
}

test_status_loaded() {
	put "$weir/stats/attached" 3
	put "$weir/stats/attaches" 1234
	put "$weir/stats/heap_minflt" 777
	put "$weir/defaults/top_pad" 131073
	ctl status
	want_status 0
	want_out 'loaded, version 9.8.7, use count 0'
	want_out '3 processes now, 1234 since the module was loaded'
	want_out 'heap_minflt 777'
	want_out 'mmap_threshold=128K          builtin (built in: 128K)'
	want_out 'top_pad=131073               default (built in: 128K)'
	want_same "$err" ''
}

test_status_not_loaded() {
	absent
	ctl status
	want_status 3
	want_out 'module     not loaded'
	want_out 'library    '
}

test_status_half_loaded() {
	put "$tmp/sys/module/weir/initstate" coming
	ctl status
	want_status 3
	want_out 'being loaded'
	put "$tmp/sys/module/weir/initstate" going
	ctl status
	want_out 'being removed'
	put "$tmp/sys/module/weir/initstate" live
	rm -rf "$weir"
	ctl status
	want_status 3
	want_out 'loaded, but /sys/kernel/mm/weir: No such file or directory'
}

test_load_twice() {
	ctl load
	want_status 6
	want_err 'the module weir is already loaded'
	fake_ko "${parameters[@]}"
	ctl load --module "$ko" users=1
	want_status 6
}

test_load_no_module() {
	absent
	ctl load
	want_status 3
	want_err "there is no module weir for this kernel: looked in /lib/modules/$release"
	ctl load --module "$tmp/nothing.ko"
	want_status 3
	want_err "$tmp/nothing.ko: No such file or directory"
}

test_load_wrong_files() {
	absent
	: >"$tmp/weir.ko"
	ctl load --module "$tmp/weir.ko"
	want_status 1
	want_err 'weir.ko: cannot be read as a module'
	head -c 5000 /dev/urandom >"$tmp/weir.ko"
	ctl load --module "$tmp/weir.ko"
	want_status 1
	fake_ko "${parameters[@]}"
	# Cut short anywhere it must not crash.
	local full=$ko size
	for ((size = 16; size < $(stat -c %s "$full"); size += 61)); do
		mkdir -p "$tmp/cut"
		head -c "$size" "$full" >"$tmp/cut/weir.ko"
		ctl load --module "$tmp/cut/weir.ko" users=x
		[[ $status == [12] ]] || { want_status 2; break; }
	done
	mv "$ko" "$tmp/other.ko"
	ctl load --module "$tmp/other.ko"
	want_status 3
	want_err "it is the module 'other', not weir"
	ctl load --module "$tmp"
	want_status 3
}

test_load_checks_parameters() {
	local bad

	absent
	fake_ko "${parameters[@]}"
	ctl load --module "$ko" treshold=1
	want_status 2
	want_err "the module has no parameter 'treshold'; there are mmap_threshold, trim_threshold, users, loud, label"
	for bad in mmap_threshold=1T mmap_threshold=-1 trim_threshold=-2; do
		ctl load --module "$ko" "$bad"
		want_status 2
		want_err "${bad%=*}: '${bad#*=}' is refused; accepted: "
		want_err '65536G, or default'
	done
	for bad in users=-1 users=4294967296 users=x users=1K; do
		ctl load --module "$ko" "$bad"
		want_status 2
		want_err "users: '${bad#*=}' is refused; accepted: a number from 0 to 4294967295"
	done
	ctl load --module "$ko" loud=2
	want_status 2
	want_err 'accepted: y, n, 1, 0, on or off'
	for bad in users= 'label=a b' 'label="' $'label=a\nb'; do
		ctl load --module "$ko" "$bad"
		want_status 2
		want_err 'accepted: a value without spaces and quotes'
	done
	for bad in users =1 ''; do
		ctl load --module "$ko" "$bad"
		want_status 2
		want_err "'$bad' is not of the form PARAM=VALUE"
	done
	ctl load --module "$ko" users=1 loud=y users=1
	want_status 2
	want_err 'users is given twice'
}

test_load_module_without_parameters() {
	absent
	fake_ko name=weir
	ctl load --module "$ko" top_pad=1
	want_status 2
	want_err "the module has no parameter 'top_pad'; it takes none"
}

# With nothing wrong the kernel is asked; here a stand-in for one that cannot load modules.
test_load_accepts_parameters() {
	absent
	fake_ko "${parameters[@]}"
	ctl load --module "$ko" mmap_threshold=1M trim_threshold=-1 users=7 loud=on label=a
	want_status 1
	want_err 'this kernel cannot load modules'
	ctl load --module "$ko" mmap_threshold=default
	want_status 1
}

test_unload_not_loaded() {
	absent
	ctl unload
	want_status 3
	want_err 'the module weir is not loaded'
	ctl unload now
	want_status 2
	want_err "'now': nothing is accepted here"
}

test_unload_in_use() {
	local i

	put "$tmp/sys/module/weir/refcnt" 2
	fake_process 200 b
	fake_process 100 a
	ctl unload
	want_status 6
	want_err 'in use by 2 processes: 100 200'
	rm -rf "$weir/processes/200"
	ctl unload
	want_err 'in use by 1 process: 100'
	for ((i = 1; i <= 20; i++)); do
		fake_process "$i" many
	done
	ctl unload
	want_err "in use by 21 processes: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 and 5 more"
}

test_unload_in_use_by_nobody_attached() {
	put "$tmp/sys/module/weir/refcnt" 1
	ctl unload
	want_status 6
	want_err 'in use, though no process is attached'
	want_err 'fuser -v /dev/weir'
}

run_tests
