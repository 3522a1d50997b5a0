#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# M_PERTURB, MALLOC_PERTURB_ and the tunable fill the same memory with the same bytes as in glibc. The program
# is compared with itself, once with the library and once without, where glibc has its thread cache turned off: what
# that holds it does not fill.
top=$(cd "$(dirname "$0")/../.." && pwd)
states=$top/build/tests/api/perturb_states
n=0
ends=0
unset WEIR_OPTIONS GLIBC_TUNABLES LD_PRELOAD "${!MALLOC_@}"

. "$top/tests/lib/same.sh"

with_glibc() {
	env GLIBC_TUNABLES=glibc.malloc.tcache_count=0 "$@" 2>&1
}
with_weir() {
	env WEIR_OPTIONS=policy=fixed LD_PRELOAD="$top/build/libweir.so" "$@" 2>&1
}

echo TAP version 13
filled=$(with_glibc "$states" 0x5a)
same 'mallopt' "$(with_weir "$states" 0x5a)" "$filled"
same 'glibc fills on allocation and on free' "$(grep -c ': a5$' <<<"$filled") $(grep -c ': 5a$' <<<"$filled")" '79 8'
same 'only the lowest byte counts' "$(with_weir "$states" 0x125a)" "$filled"
same 'of a negative number, too' "$(with_weir "$states" -166)" "$filled"
same 'and it is the number that is zero or not' "$(with_weir "$states" 0x100)" "$(with_glibc "$states" 0x100)"
same 'MALLOC_PERTURB_' "$(with_weir MALLOC_PERTURB_=90 "$states")" "$(with_glibc MALLOC_PERTURB_=90 "$states")"
same 'in hexadecimal' "$(with_weir MALLOC_PERTURB_=0x5a "$states")" "$filled"
same 'and octal' "$(with_weir MALLOC_PERTURB_=0132 "$states")" "$filled"
same 'GLIBC_TUNABLES' "$(with_weir GLIBC_TUNABLES=glibc.malloc.perturb=90 "$states")" "$filled"
same 'WEIR_OPTIONS' "$(with_weir WEIR_OPTIONS=policy=fixed,perturb=90 "$states")" "$filled"
same 'a byte with a cache size behind' "$(with_weir WEIR_OPTIONS=policy=fixed,perturb=90,tcache_count=7 "$states")" "$filled"
same 'no byte: out of range' "$(with_weir MALLOC_PERTURB_=256 "$states" | grep -c ': a5$')" 0
same 'turned off' "$(with_weir MALLOC_PERTURB_=90 "$states" 0 | grep -c ': a5$')" 0
echo "1..$n"
exit $ends
