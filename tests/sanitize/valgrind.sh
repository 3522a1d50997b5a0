#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Programs with the library under valgrind, which leaves the allocator alone, or puts its own in its place.
here=$(cd "$(dirname "$0")" && pwd -P) || exit 1
top=$(cd "$here/../.." && pwd -P) || exit 1
. "$top/tests/lib/tap.sh"
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
ours=--soname-synonyms=somalloc=nouserintercepts

memcheck() {
	valgrind -q --error-exitcode=99 "$@"
}

# The library's memory from brk counts as never written, though the kernel has cleared it and calloc relies on
# that: about addresses only.  Nothing is mapped alone: when mremap moves something to a fixed place, valgrind
# 3.19 gives what it has grown by the rights of some other mapping.  Without address randomization the
# program does not start itself anew.
stress() {
	WEIR_OPTIONS=mmap_max=0 setarch -R valgrind -q --error-exitcode=99 $ours --undef-value-errors=no \
		"$top/build/tests/stress/random" --seed "${SEED:-1}" "$@"
}

python='import json, re, threading
text = json.dumps([{str(i): [list(range(i % 40)), "x" * i]} for i in range(400)])
threads = [threading.Thread(target=lambda: re.findall("[0-9]+", text)) for i in range(4)]
[t.start() for t in threads]
[t.join() for t in threads]
print(len(json.loads(text)))'
perl='my %h; $h{$_ % 1000} .= "x" x ($_ % 300) for 1 .. 20000; print length(join ",", map { $h{$_} } sort keys %h), "\n"'

# same OPTIONS -- PROGRAM...: says under valgrind with the library what it says without either.
same() {
	local options=()

	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	"$@" >"$tmp/plain" || return
	LD_PRELOAD=$top/build/libweir.so PYTHONMALLOC=malloc memcheck "${options[@]}" "$@" >"$tmp/said" &&
		cmp "$tmp/plain" "$tmp/said"
}

# Is the allocator in use ours, or valgrind's?
uses() {
	LD_PRELOAD=$top/build/libweir.so memcheck --log-file="$tmp/log" -v "${@:2}" perl -e 1 &&
		grep -q "total heap usage: 0 allocs" "$tmp/log"
	[ $? -eq "$1" ]
}

check 'the stress in one thread' stress --threads 1 --operations "${OPERATIONS:-4e4}"
check 'the stress in four threads' stress --threads 4 --operations "${OPERATIONS:-4e4}"
check 'valgrind leaves the allocator alone if told so' uses 0 $ours
check 'python, our allocator' same $ours -- /usr/bin/python3 -c "$python"
check 'perl, our allocator' same $ours -- perl -e "$perl"
check 'valgrind puts its own in the place of ours if not' uses 1
check "python, valgrind's allocator" same -- /usr/bin/python3 -c "$python"
check "perl, valgrind's allocator" same -- perl -e "$perl"
finish
