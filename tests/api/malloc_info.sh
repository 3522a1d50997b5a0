#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# malloc_info's XML has glibc's shape: one schema takes glibc's output and the library's, in several states.
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
states=$top/build/tests/api/malloc_info_states
n=0
ends=0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
unset WEIR_OPTIONS GLIBC_TUNABLES LD_PRELOAD "${!MALLOC_@}"

. "$top/tests/lib/same.sh"

# valid FILE: `valid' or what is wrong.
valid() {
	local said

	said=$(xmllint --noout --relaxng "$here/malloc_info.rng" "$1" 2>&1) && echo valid || echo "$said"
}

# elements FILE: each kind of element with its attributes' names, where it stands, and how often it may come.
elements() {
	sed -E 's/="[^"]*"/=/g; s/^ *//' "$1" | grep -v -e '^</' | sort -u
}

# Eight arenas at least, so that each thread has one, whatever the machine.
arenas=glibc.malloc.arena_max=8
mkdir "$tmp/glibc" "$tmp/weir"
GLIBC_TUNABLES=$arenas "$states" "$tmp/glibc" || echo '# the program failed with glibc'
GLIBC_TUNABLES=$arenas LD_PRELOAD=$top/build/libweir.so "$states" "$tmp/weir" || echo '# the program failed'

echo TAP version 13
for state in fresh mapped unmapped small unsorted sorted trimmed threads joined; do
	for who in glibc weir; do
		same "$state: $who" "$(valid "$tmp/$who/$state.xml")" valid
	done
done
same 'sums: glibc' "$(python3 "$here/malloc_info.py" "$tmp"/glibc/*.xml 2>&1)" ''
same 'sums: weir' "$(python3 "$here/malloc_info.py" "$tmp"/weir/*.xml 2>&1)" ''

# The states are what they are called.
for who in glibc weir; do
	same "$who: five chunks mapped alone" "$(grep -c 'type="mmap" count="5"' "$tmp/$who/mapped.xml")" 1
	same "$who: none of them left" "$(grep -c 'type="mmap" count="0"' "$tmp/$who/unmapped.xml")" 1
	same "$who: arenas of threads, with several heaps" \
		"$(grep -c 'type="subheaps" size="[2-9]"' "$tmp/$who/threads.xml" | sed 's/^[1-9]$/some/')" some
	same "$who: bins" "$(grep -c '<size ' "$tmp/$who/sorted.xml" | sed 's/^[1-9][0-9]*$/some/')" some
done
same 'the same elements and attributes in both' "$(cat "$tmp"/weir/*.xml >"$tmp/all" && elements "$tmp/all")" \
	"$(cat "$tmp"/glibc/*.xml >"$tmp/all" && elements "$tmp/all")"

# refused WHAT SED-EXPRESSION...: the schema would notice.
refused() {
	local what=$1

	shift
	sed -E "$@" "$tmp/weir/threads.xml" >"$tmp/broken.xml"
	same "noticed: $what" "$(cmp -s "$tmp/broken.xml" "$tmp/weir/threads.xml" && echo unchanged
		[ "$(valid "$tmp/broken.xml")" = valid ] && echo valid)" ''
}

refused 'another version' 's/version="1"/version="2"/'
refused 'an attribute that is missing' '0,/ count="[0-9]+"/s///'
refused 'an attribute too many' '0,/<total /s//<total more="1" /'
refused 'another name' '0,/"rest"/s//"others"/'
refused 'elements in another order' '0,/<total type="fast"/{s/<total type="fast"/<total type="rest"/}'
refused 'no number' '0,/size="[0-9]+"/s//size="-1"/'
refused 'hexadecimal' '0,/size="[0-9]+"/s//size="0x10"/'
refused 'a bin that is empty' '0,/count="[0-9]+"\/>/s//count="0"\/>/'
refused 'no subheaps' '/subheaps/d'
refused 'subheaps in the main arena' '0,/<\/heap>/s//<aspace type="subheaps" size="1"\/><\/heap>/'
refused 'no sizes' '/<sizes>/,/<\/sizes>/d'
refused 'no heap' '/<heap/,/<\/heap>/d'
refused 'nothing behind the heaps' '/<total type="mmap"/,/<aspace/d'
echo "1..$n"
exit $ends
