#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What an admin has set up, as a program that uses the library meets it: profiles and limits.
. "$(dirname "$0")/../lib/tap.sh"
cd "$WEIR_TOP" || exit 1
here=/sys/kernel/mm/weir
# The build directory may be below a closed home.
cp build/libweir.so /tmp/libweir.so

cat >/tmp/admin.py <<'END'
import sys
bytearray(1000000)
print("ready", flush=True)
sys.stdin.read()
END

# start COMMAND...: with the library, until stop; its pid is $pid.
start() {
	coproc program { LD_PRELOAD=/tmp/libweir.so exec "$@" 2>/tmp/admin.err; }
	pid=$program_PID
	read -r -t 60 _ <&"${program[0]}"
}

stop() {
	local in=${program[1]}

	exec {in}>&-
	wait "$pid"
}

is() {
	local text
	text=$(cat "$1") && [ "$text" = "$2" ] || { echo "$1: $text"; return 1; }
}

echo web >$here/profiles/create
echo 5M >$here/profiles/web/mmap_threshold
start env WEIR_OPTIONS=profile=web python3 /tmp/admin.py
check 'a program asks for a profile' is $here/processes/$pid/profile web
check '... and has its knobs' is $here/processes/$pid/mmap_threshold 5242880
stop
start env WEIR_OPTIONS=profile=later,policy=fixed python3 /tmp/admin.py
check 'one that is not there yet' is $here/processes/$pid/profile none
echo later >$here/profiles/create
check '... is followed once it is' is $here/processes/$pid/profile later
echo later >$here/profiles/remove
stop
check 'nothing is said of it' [ ! -s /tmp/admin.err ]
echo 'python3*' >$here/profiles/web/match_comm
start bash -c 'exec python3 /tmp/admin.py'
check 'a program is matched anew after exec' is $here/processes/$pid/profile web
stop
echo web >$here/profiles/remove

echo 0 >$here/limits/processes_per_uid
start setpriv --reuid=65534 --regid=65534 --clear-groups python3 /tmp/admin.py
refuse 'a user who may attach no further process' [ -d $here/processes/$pid ]
check '... has it run all the same' kill -0 $pid
stop
check '... to its end' [ $? -eq 0 ]
check '... without a word' [ ! -s /tmp/admin.err ]
echo default >$here/limits/processes_per_uid
finish
