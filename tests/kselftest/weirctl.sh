#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# weirctl with the module: what the tests in tests/ctl cannot have.  Needs root and weir.ko, loaded
# or not, and leaves it loaded.
. "$(dirname "$0")/../ctl/lib.bash"

# Copies: the build directory may be below a closed home, and some tests act as another user.
cp "$WEIRCTL" "$top/build/libweir.so" "$top/build/$(uname -r)/weir.ko" "$tmp" || exit 1
weir=/sys/kernel/mm/weir
WEIRCTL=$tmp/weirctl
library=$tmp/libweir.so
module=$tmp/weir.ko

setup() {
	unset WEIRCTL_SYSFS WEIR_LIBRARY
	[ -d "$weir" ] || insmod "$module"
}

# A request server: each line it reads is a request, malloc of 2 MiB of which 6 pages are touched,
# free.  It answers each.
cat >"$tmp/server.c" <<'C'
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
	char line[16];

	while (fgets(line, sizeof(line), stdin)) {
		for (int n = atoi(line); n > 0; n--) {
			volatile char *p = malloc(2 << 20);

			for (int i = 0; i < 6; i++)
				p[i * 8192 + 4096] = 1;
			free((void *)p);
		}
		printf("done\n");
		fflush(stdout);
	}
	return 0;
}
C
cc -O1 -fno-builtin -o "$tmp/server" "$tmp/server.c" || exit 1

# start KNOB=VALUE...: a server under the library; its pid is $pid.
start() {
	coproc server { exec "$WEIRCTL" run "$@" -- "$tmp/server"; }
	pid=$server_PID
	request 1
}

# request N: and wait for the answer.
request() {
	local line

	echo "$1" >&"${server[1]}"
	read -r -t 60 line <&"${server[0]}" || complain "the server does not answer"
}

stop() {
	local in=${server[1]}

	exec {in}>&-
	wait "$pid"
}

# counter NAME: of the server.
counter() {
	cat "$weir/processes/$pid/$1"
}

test_status() {
	ctl status
	want_status 0
	want_out 'module     loaded'
	want_out '/dev/weir, mode 0666'
	want_out 'features   knobs counters regions inherit profiles'
	want_out '0 processes now'
	want_out 'mmap_threshold=128K          builtin'
	want_out "library    $library"
}

test_run_attaches() {
	start policy=fixed mmap_threshold=1M
	ctl ps -c
	want_status 0
	want_out ' server '
	want_out ' fixed:E '
	want_out ' 1M:E '
	ctl get "$pid" mmap_threshold top_pad
	want_same "$(awk '{ print $1, $2 }' "$tmp/out" | paste -sd,)" \
		'mmap_threshold=1M environment,top_pad=128K builtin'
	stop
	ctl ps -c "$pid"
	want_status 4
}

# The story that the module is for, with figures.
test_set_takes_the_faults_away() {
	local before

	start policy=fixed
	before=$(counter mmap_minflt)
	request 100
	ran='100 requests' out=$(($(counter mmap_minflt) - before))
	# The chunk's header is on a page of its own.
	[ "$out" -ge 600 ] || complain "$out faults, fewer than 600"
	ctl set "$pid" mmap_max=0 trim_threshold=-1
	want_status 0
	want_quiet
	request 2
	before=$(counter minflt)
	request 100
	ran='100 requests, nothing mapped' out=$(($(counter minflt) - before))
	[ "$out" -le 3 ] || complain "$out faults"
	ctl set "$pid" mmap_max=default trim_threshold=default
	want_status 0
	ctl get "$pid" mmap_max
	want_out 'builtin'
	request 2
	before=$(counter mmap_minflt)
	request 100
	ran='100 requests, given back' out=$(($(counter mmap_minflt) - before))
	[ "$out" -ge 600 ] || complain "$out faults, fewer than 600"
	stop
}

test_ps_shows_rates() {
	local rate

	start policy=fixed
	"$WEIRCTL" ps -H -i 3 "$pid" >"$tmp/out" 2>&1 &
	ran='ps -H -i 3'
	sleep 1
	request 1000
	wait $! || complain "status $?"
	out=$(<"$tmp/out")
	rate=$(awk '{ print $7 }' <<<"$out")
	[[ $rate -ge 500 && $rate -le 4000 ]] || complain "mmap rate $rate"
	ctl ps --json -c "$pid"
	rate=$(python3 -c 'import json, sys; print(json.load(sys.stdin)["processes"][0]["mmap_minflt"])' \
		<<<"$out")
	want_same "$rate" "$(counter mmap_minflt)"
	stop
}

test_defaults_reach_processes() {
	start
	ctl set default mmap_threshold=4M top_pad=0
	want_status 0
	ctl get "$pid" mmap_threshold
	want_same "$(awk '{ print $1, $2 }' <<<"$out")" 'mmap_threshold=4M default'
	ctl status
	want_out 'mmap_threshold=4M            default (built in: 128K)'
	ctl set default mmap_threshold=default top_pad=default
	want_status 0
	ctl get "$pid" mmap_threshold
	want_same "$(awk '{ print $1, $2 }' <<<"$out")" 'mmap_threshold=128K builtin'
	stop
}

test_ends_of_ranges_are_the_kernels() {
	local good bad

	start
	for good in mmap_threshold=0 mmap_threshold=65536G mmap_max=0 mmap_max=2147483647 \
		trim_threshold=-1 trim_threshold=65536G top_pad=0 top_pad=1G arena_max=0 \
		arena_max=65536 hugetlb=0 hugetlb=1 policy=fixed policy=dynamic policy=auto; do
		ctl set "$pid" "$good"
		want_status 0
		ctl get --bare "$pid" "${good%=*}"
		want_same "$out" "$good"
	done
	# What weirctl refuses the kernel does, too.
	for bad in mmap_threshold=70368744177665 mmap_max=2147483648 trim_threshold=-2 \
		top_pad=1073741825 arena_max=65537 hugetlb=2 policy=eager mmap_threshold=-0 mmap_max=1K; do
		ctl set "$pid" "$bad"
		want_status 2
		ran="echo ${bad#*=} > ${bad%=*}"
		{ echo "${bad#*=}" >"$weir/processes/$pid/${bad%=*}"; } 2>/dev/null &&
			complain 'the kernel takes it'
	done
	stop
}

test_other_users() {
	start
	ran='as nobody: set' out=
	err=$(setpriv --reuid=65534 --regid=65534 --clear-groups \
		"$WEIRCTL" set "$pid" mmap_max=1 2>&1)
	status=$?
	want_status 5
	want_err "no permission for the knobs of process $pid: it belongs to another user"
	want_value "$weir/processes/$pid/mmap_max" 65536
	err=$(setpriv --reuid=65534 --regid=65534 --clear-groups \
		"$WEIRCTL" set default mmap_max=1 2>&1)
	status=$?
	want_status 5
	want_err 'that takes root'
	stop
	# One's own is another matter.
	ran='as nobody: set own'
	out=$(setpriv --reuid=65534 --regid=65534 --clear-groups "$WEIRCTL" run -- \
		sh -c "'$WEIRCTL' set \$\$ mmap_max=77 && '$WEIRCTL' get --bare \$\$ mmap_max" 2>&1)
	status=$? err=
	want_status 0
	want_same "$out" mmap_max=77
}

test_processes_that_vanish() {
	local i storm

	while :; do
		LD_PRELOAD=$library "$tmp/server" </dev/null
		LD_PRELOAD=$library "$tmp/server" </dev/null &
	done &
	storm=$!
	for ((i = 0; i < 60; i++)); do
		ctl ps -c -H
		want_status 0 || break
		[[ -z $err || $err == *'no process is attached' ]] || want_same "$err" '' || break
		[[ ! $out =~ ' - '|' ? '|':?' ]] || complain 'half a record' || break
	done
	kill "$storm"
	wait "$storm" 2>/dev/null
}

test_unload_in_use() {
	start
	ctl unload
	want_status 6
	want_err "in use by 1 process: $pid"
	[ -d "$weir" ] || complain 'it is gone all the same'
	stop
	exec {device}</dev/weir
	ctl unload
	want_status 6
	want_err 'in use, though no process is attached'
	exec {device}<&-
}

# The directory of the last process goes a moment after it.
unload() {
	local i

	for ((i = 0; i < 50; i++)); do
		ctl unload
		[ "$status" = 6 ] || break
		sleep 0.1
	done
}

test_load_and_unload() {
	ctl load
	want_status 6
	want_err 'already loaded'
	unload
	want_status 0
	want_quiet
	[ ! -d "$weir" ] || complain 'it is there all the same'
	ctl unload
	want_status 3
	ctl ps
	want_status 3
	ctl status
	want_status 3
	want_out 'not loaded'
	ctl load --module "$module"
	want_status 0
	want_quiet
	ctl status
	want_status 0
}

test_load_with_parameters() {
	unload
	ctl load --module "$module" treshold=1
	want_status 2
	want_err "the module has no parameter 'treshold'; there are "
	want_err 'mmap_threshold'
	ctl load --module "$module" mmap_threshold=1T
	want_status 2
	want_err "mmap_threshold: '1T' is refused; accepted: "
	[ ! -d "$weir" ] || complain 'it is loaded all the same'
	ctl load --module "$module" mmap_threshold=1M trim_threshold=-1 policy=fixed
	want_status 0
	ctl get --bare default mmap_threshold trim_threshold policy
	want_same "$(paste -sd' ' <<<"$out")" 'mmap_threshold=1M trim_threshold=-1 policy=fixed'
	unload
	ctl load --module "$module" mmap_threshold=default
	want_status 0
}

test_load_not_root() {
	unload
	ran='as nobody: load' out=
	err=$(setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all \
		"$WEIRCTL" load --module "$module" 2>&1)
	status=$?
	want_status 5
	want_err 'not root: loading modules takes CAP_SYS_MODULE'
	insmod "$module"
	err=$(setpriv --reuid=65534 --regid=65534 --clear-groups "$WEIRCTL" unload 2>&1)
	status=$?
	want_status 5
	want_err 'not root: removing modules takes CAP_SYS_MODULE'
}

test_load_module_of_another_kernel() {
	unload
	# With modversions the release in front may differ.
	mkdir "$tmp/other"
	sed 's/\( SMP preempt[_a-z]*\) mod_unload/\1 mod_unloaX/' "$module" >"$tmp/other/weir.ko"
	ctl load --module "$tmp/other/weir.ko"
	want_status 1
	want_err "is not a module for this kernel ($(uname -r))"
}

run_tests
