#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Of the sources: every message names a function and a fault, and what writes it calls nothing that allocates.
top=$(cd "$(dirname "$0")/../.." && pwd)
n=0
ends=0

. "$top/tests/lib/same.sh"

# Every string that is a message: die()'s, and those handed on to it.
messages() {
	grep -oh '\(die\|mapping_of\|run_of\)(.*"[^"]*")' "$top"/userlib/*.c | sed 's/.*"\([^"]*\)")$/\1/'
}

echo TAP version 13
same 'messages are found' "$(($(messages | wc -l) >= 30))" 1
same 'each names a function and a fault' "$(messages | grep -vE '^[a-z_]+\(\): [a-z]')" ''
same 'each die() says one, or one that it was handed' \
	"$(grep -h '\bdie(' "$top"/userlib/*.c | grep -vE 'die\("[^"]+"\);|die\(message\);|die\(const char \*message\)$')" ''
same 'die() calls nothing but' "$(readelf -sW "$top/build/obj/userlib/die.o" |
	awk '$7 == "UND" && $8 { print $8 }' | grep -v '^_GLOBAL_OFFSET_TABLE_$' | sort | paste -sd ' ')" 'abort strlen syscall'
echo "1..$n"
exit $ends
