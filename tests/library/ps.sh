#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# ps and the module count the same faults, for programs that use the library.
. "$(dirname "$0")/../lib/tap.sh"
cd "$WEIR_TOP" || exit 1
here=/sys/kernel/mm/weir

# Are all threads? A thread that waits for a processor, in the middle of a fault, has the signal before it, not behind.
is_stopped() {
	! grep -L '^State:[[:space:]]*T' /proc/"$1"/task/*/status | grep -q .
}

# Stopped between two looks, so that nothing is counted between them.  A fault that was waiting for a page
# when the signal came begins again afterwards, and counts twice for the module (kmod/faults.c): each stop may add
# one for each thread.
# agrees PID LOOK: which look it is, the first 1.
agrees() {
	local pid=$1 look=$2 ps module i more

	kill -STOP "$pid"
	for ((i = 0; i < 600; i++)); do
		is_stopped "$pid" && break
		sleep 0.05
	done
	[ $i -lt 600 ] || { echo "not stopped after 30 s"; kill -CONT "$pid"; return 1; }
	ps=$(ps -o majflt=,minflt= -p "$pid" | xargs)
	module="$(cat $here/processes/"$pid"/majflt) $(cat $here/processes/"$pid"/minflt)"
	kill -CONT "$pid"
	echo "ps: $ps; weir: $module"
	more=$((${module#* } - ${ps#* }))
	[ "${ps% *}" = "${module% *}" ] && [ $more -ge 0 ] && [ $more -le $((4 * look)) ]
}

cat >/tmp/ps.py <<'END'
import json, threading, time
def work():
    while True:
        json.loads(json.dumps([{str(i): [i] * 50} for i in range(3000)]))
        bytearray(3000000)
for i in range(3):
    threading.Thread(target=work, daemon=True).start()
time.sleep(1000)
END
LD_PRELOAD=$PWD/build/libweir.so python3 /tmp/ps.py &
pid=$!
for i in 1 2 3 4 5; do
	sleep 1
	check "look $i" agrees $pid "$i"
done
check 'some were in the heap' [ "$(cat $here/processes/$pid/heap_minflt)" -gt 100 ]
kill $pid
wait $pid 2>/dev/null
finish
