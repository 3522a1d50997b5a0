#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# ps and the module count the same faults, for programs that use the library.
. "$(dirname "$0")/../lib/tap.sh"
cd "$WEIR_TOP" || exit 1
here=/sys/kernel/mm/weir

# Stopped between two looks, so that nothing is counted between them.
agrees() {
	local pid=$1 ps module

	kill -STOP "$pid"
	sleep 0.2
	ps=$(ps -o majflt=,minflt= -p "$pid" | xargs)
	module="$(cat $here/processes/"$pid"/majflt) $(cat $here/processes/"$pid"/minflt)"
	kill -CONT "$pid"
	echo "ps: $ps; weir: $module"
	[ "$ps" = "$module" ]
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
	check "look $i" agrees $pid
done
check 'some were in the heap' [ "$(cat $here/processes/$pid/heap_minflt)" -gt 100 ]
kill $pid
wait $pid 2>/dev/null
finish
