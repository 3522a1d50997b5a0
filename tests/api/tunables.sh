#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# glibc's variables mean to the library what they mean to glibc: one program tells the settings in force from
# what malloc does, with either. Numbers that glibc 2.36 and later ones read differently are left to
# tests/unit/tunables.
top=$(cd "$(dirname "$0")/../.." && pwd)
n=0
ends=0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
unset WEIR_OPTIONS GLIBC_TUNABLES LD_PRELOAD "${!MALLOC_@}"

. "$top/tests/lib/same.sh"

# As settings, but not linked with the library.
gcc -std=gnu11 -D_GNU_SOURCE -fno-builtin -pthread -I"$top/kmod/uapi" -I"$top/userlib" -I"$top/tests/lib" \
	-o "$tmp/settings" "$top/tests/api/settings.c"

# What is cached only the library tells.
with_glibc() { env "$@" "$tmp/settings" 2>&1 | sed 's/cached=[a-z]* //'; }
with_weir() {
	env "$@" WEIR_OPTIONS=policy=dynamic LD_PRELOAD="$top/build/libweir.so" "$tmp/settings" 2>&1 |
		sed 's/cached=[a-z]* //'
}

plain=$(with_glibc)
echo TAP version 13
same 'nothing said' "$(with_weir)" "$plain"
same 'glibc has its defaults' "$plain" 'threshold=131072 max=on trim=on pad=131072 perturb=0 learns=yes'

# alike NAME=VALUE...: the same with both; what changes nothing is noted.
alike() {
	local glibc

	glibc=$(with_glibc "$@")
	same "$*" "$(with_weir "$@")" "$glibc"
	[ "$glibc" != "$plain" ] || idle+=("$*")
}

t=GLIBC_TUNABLES=glibc.malloc
idle=()
for i in 65536 0x10000 0X10000 0200000 ' 65536' +65536 ' +0x10000'; do
	alike "$t.mmap_threshold=$i"
	alike "MALLOC_MMAP_THRESHOLD_=$i"
done
alike "$t.mmap_threshold=-1"
alike "$t.mmap_threshold=0xffffffffffffffff"
alike "$t.mmap_threshold=99999999999999999999999999"
alike "$t.mmap_max=0"
alike MALLOC_MMAP_MAX_=0x0
alike "$t.mmap_max=0x7fffffff"
alike "$t.trim_threshold=-1"
alike "$t.trim_threshold=0xffffffffffffffff"
alike MALLOC_TRIM_THRESHOLD_=-1
alike "$t.trim_threshold=010000000000"
alike "$t.top_pad=0"
alike MALLOC_TOP_PAD_=0x40000
alike "$t.top_pad=01000000"
alike "$t.perturb=0x5a"
alike MALLOC_PERTURB_=0132
alike "$t.perturb=254"
alike "$t.top_pad=0:glibc.malloc.mmap_threshold=0x8000"
alike "$t.top_pad=0:glibc.malloc.top_pad=0x4000"
alike "$t.top_pad=0:junk:glibc.malloc.mmap_threshold=0x8000"
alike "$t.top_pad=0x4000" MALLOC_TOP_PAD_=0
alike MALLOC_TOP_PAD_=0 "$t.mmap_max=-1" MALLOC_MMAP_MAX_=0
same 'all of these change what glibc does' "${idle[*]}" ''

# What is out of range in glibc is so here.
idle=()
for i in mmap_max=-1 mmap_max=2147483648 mmap_max=0x80000000 perturb=256 perturb=-1 perturb=0x100 arena_max=0 arena_max=-1 \
	arena_test=1 check=3 tcache_unsorted_limit=10 mxfast=161 mxfast=64 hugetlb=0 nonsense=1; do
	alike "$t.$i"
done
alike MALLOC_CHECK_=3
alike MALLOC_ARENA_TEST=2
alike MALLOC_PERTURB_=256
same 'none of these does' "${#idle[@]}" 18

# All of glibc's tunables have their line in the manual page, which says what they do here.
same 'all tunables of glibc are described' \
	"$("$(readelf -l "$tmp/settings" | sed -n 's/.*interpreter: \(.*\)\]/\1/p')" --list-tunables | sed -n 's/^glibc\.malloc\.\([a-z_]*\):.*/\1/p' | sort | while read -r i; do
		sed -n '/^\.SH ENVIRONMENT/,/^\.SH DIAGNOSTICS/p' "$top/Documentation/man/libweir.7" | grep -qw "$i" || echo "$i"
	done)" ''
echo "1..$n"
exit $ends
