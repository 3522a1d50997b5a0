#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The module comes after the process, and goes and comes again.
. "$(dirname "$0")/../lib/tap.sh"
cd "$WEIR_TOP" || exit 1
module=build/$(uname -r)/weir.ko
here=/sys/kernel/mm/weir

cat >/tmp/late.py <<'END'
import time
while True:
    bytearray(1000000)
    time.sleep(0.02)
END
LD_PRELOAD=$PWD/build/libweir.so WEIR_OPTIONS=policy=fixed,top_pad=32K python3 /tmp/late.py &
late=$!
LD_PRELOAD=$PWD/build/libweir.so WEIR_OPTIONS=attach=start python3 /tmp/late.py &
start=$!
LD_PRELOAD=$PWD/build/libweir.so WEIR_OPTIONS=attach=never python3 /tmp/late.py &
never=$!

# Every second it looks.
comes() {
	for _ in $(seq 100); do
		[ -d $here/processes/"$1" ] && return
		sleep 0.1
	done
	return 1
}

is() {
	local text
	text=$(cat "$1") && [ "$text" = "$2" ] || { echo "$1: $text"; return 1; }
}

sleep 1
check 'the module loads while they run' build/weirctl load --module "$module"
check 'the process attaches' comes $late
check 'with what its environment said' is $here/processes/$late/top_pad 32768
check 'as a word of the environment' is $here/processes/$late/source/top_pad environment
echo 4M >$here/processes/$late/mmap_threshold
before=$(cat $here/processes/$late/mmap_minflt)
sleep 1
after=$(cat $here/processes/$late/mmap_minflt)
check 'and goes by its knobs' [ $((after - before)) -lt 300 ]
sleep 2
refuse 'attach=start does not look later' [ -d $here/processes/$start ]
refuse 'attach=never does not either' [ -d $here/processes/$never ]
refuse 'the module stays while somebody is attached' build/weirctl unload
kill $late
wait $late 2>/dev/null
check 'and goes afterwards' build/weirctl unload
check 'and comes again' build/weirctl load --module "$module"
LD_PRELOAD=$PWD/build/libweir.so WEIR_OPTIONS=attach=never python3 /tmp/late.py &
never2=$!
LD_PRELOAD=$PWD/build/libweir.so WEIR_OPTIONS=attach=start python3 /tmp/late.py &
start2=$!
check 'attach=start attaches at start' comes $start2
refuse 'attach=never never does' [ -d $here/processes/$never2 ]
kill $start $never $start2 $never2
wait
check 'nothing is left' build/weirctl unload
finish
