#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What the environment says at start: obeyed, complained about, or ignored by a setuid program.
top=$(cd "$(dirname "$0")/../.." && pwd)
settings=$top/build/tests/api/settings
lib=$top/build/libweir.so
n=0
ends=0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
unset WEIR_OPTIONS GLIBC_TUNABLES "${!MALLOC_@}"

. "$top/tests/lib/same.sh"

# What the program sees of its settings, all in one line, standard error included.
see() {
	env "$@" 2>&1 | paste -sd ' '
}

plain='threshold=131072 max=on trim=on pad=131072 perturb=0 cached=yes learns=yes'
fixed=${plain/learns=yes/learns=no}
says='accepted: policy=fixed|dynamic|auto, mmap_threshold=SIZE, mmap_max=NUMBER, trim_threshold=SIZE|-1,'

# complains NAME OPTIONS REST: one line for the bad option, and the rest holds.
complains() {
	local out

	out=$(env WEIR_OPTIONS="$2" "$settings" 2>&1 >/dev/null)
	same "$1: a message" "$(grep -c "^weir: WEIR_OPTIONS: ignored: \"$3\"; $says" <<<"$out") $(wc -l <<<"$out")" '1 1'
	same "$1: the rest holds" "$(WEIR_OPTIONS=$2 "$settings" 2>/dev/null)" "$4"
}

echo TAP version 13
same 'nothing said' "$(see "$settings")" "$plain"
same 'empty' "$(see WEIR_OPTIONS= "$settings")" "$plain"
same 'policy=fixed' "$(see WEIR_OPTIONS=policy=fixed "$settings")" "$fixed"
same 'policy=dynamic' "$(see WEIR_OPTIONS=policy=dynamic "$settings")" "$plain"
same 'a size in K' "$(see WEIR_OPTIONS=policy=fixed,mmap_threshold=64K "$settings")" "${fixed/131072/65536}"
same 'a size in bytes' "$(see WEIR_OPTIONS=policy=fixed,mmap_threshold=65536 "$settings")" "${fixed/131072/65536}"
same 'mmap_max=0' "$(see WEIR_OPTIONS=policy=fixed,mmap_max=0 "$settings")" \
	"${fixed/threshold=131072 max=on/threshold=none max=off}"
same 'trim_threshold=-1' "$(see WEIR_OPTIONS=policy=fixed,trim_threshold=-1 "$settings")" "${fixed/trim=on/trim=off}"
same 'top_pad' "$(see WEIR_OPTIONS=policy=fixed,top_pad=0 "$settings")" "${fixed/pad=131072/pad=0}"
same 'perturb' "$(see WEIR_OPTIONS=policy=fixed,perturb=90 "$settings")" "${fixed/perturb=0 cached=yes/perturb=90 cached=no}"
same 'tcache_count=0' "$(see WEIR_OPTIONS=policy=fixed,tcache_count=0 "$settings")" "${fixed/cached=yes/cached=no}"
same 'a set threshold is not learned' "$(see WEIR_OPTIONS=mmap_threshold=128K "$settings")" "$fixed"
same 'the last word wins' "$(see WEIR_OPTIONS=policy=fixed,top_pad=1M,top_pad=0 "$settings")" "${fixed/pad=131072/pad=0}"

complains 'unknown option' policy=fixed,colour=red,top_pad=0 colour=red "${fixed/pad=131072/pad=0}"
complains 'bad policy' top_pad=0,policy=best policy=best "${fixed/pad=131072/pad=0}"
complains 'junk behind a number' policy=fixed,top_pad=12x top_pad=12x "$fixed"
complains 'number too large' policy=fixed,top_pad=2G top_pad=2G "$fixed"
complains 'number far too large' policy=fixed,mmap_threshold=99999999999999999999 \
	mmap_threshold=99999999999999999999 "$fixed"
complains 'negative' policy=fixed,mmap_max=-1 mmap_max=-1 "$fixed"
complains 'no value' policy=fixed,top_pad= top_pad= "$fixed"
complains 'no equals sign' policy=fixed,top_pad top_pad "$fixed"
complains 'unit alone' policy=fixed,top_pad=K top_pad=K "$fixed"
complains 'pages from the pool' policy=fixed,hugetlb=2 hugetlb=2 "$fixed"
same 'which says why' "$(WEIR_OPTIONS=hugetlb=2 "$settings" 2>&1 >/dev/null |
	grep -c 'hugetlb=0|1 (not 2: nothing is taken from the pool of reserved huge pages)')" 1
complains 'blank' 'policy=fixed, top_pad=0' ' top_pad=0' "$fixed"
same 'each bad option has its line' "$(WEIR_OPTIONS=a,b=1,,c=,policy=fixed "$settings" 2>&1 >/dev/null | wc -l)" 3

# Not the order but the byte decides whether anything is cached.
same 'perturb, then a cache' "$(see WEIR_OPTIONS=policy=fixed,perturb=90,tcache_count=5 "$settings")" \
	"${fixed/perturb=0 cached=yes/perturb=90 cached=no}"
same 'a cache, then perturb' "$(see WEIR_OPTIONS=policy=fixed,tcache_count=5,perturb=90 "$settings")" \
	"${fixed/perturb=0 cached=yes/perturb=90 cached=no}"
same 'a cache, then perturb for a while' "$(see WEIR_OPTIONS=policy=fixed,tcache_count=5 "$settings" perturb)" "$fixed"
same 'no cache, then perturb for a while' "$(see WEIR_OPTIONS=policy=fixed,tcache_count=0 "$settings" perturb)" \
	"${fixed/cached=yes/cached=no}"
same 'no perturb after all' "$(see WEIR_OPTIONS=policy=fixed,perturb=90,perturb=0 "$settings")" "$fixed"

# An object that is initialized before the library has had a cache made for the thread.
echo '#include <stdlib.h>
__attribute__((constructor)) static void early(void) { void *volatile p = malloc(100); free(p); }' >"$tmp/early.c"
gcc -shared -fPIC -o "$tmp/early.so" "$tmp/early.c"
same 'a cache that was there before' "$(see LD_PRELOAD="$lib $tmp/early.so" WEIR_OPTIONS=policy=fixed,tcache_count=0 \
	"$settings" | grep -o 'cached=[a-z]*')" cached=no

same 'MALLOC_MMAP_THRESHOLD_' "$(see MALLOC_MMAP_THRESHOLD_=65536 "$settings")" "${fixed/131072/65536}"
same 'MALLOC_MMAP_MAX_' "$(see MALLOC_MMAP_MAX_=0 "$settings")" \
	"${fixed/threshold=131072 max=on/threshold=none max=off}"
same 'MALLOC_TRIM_THRESHOLD_' "$(see MALLOC_TRIM_THRESHOLD_=-1 "$settings")" "${fixed/trim=on/trim=off}"
same 'MALLOC_TOP_PAD_' "$(see MALLOC_TOP_PAD_=0 "$settings")" "${fixed/pad=131072/pad=0}"
same 'MALLOC_PERTURB_' "$(see MALLOC_PERTURB_=90 "$settings")" "${plain/perturb=0 cached=yes/perturb=90 cached=no}"
same 'bad MALLOC_*_ is passed over in silence' "$(see MALLOC_TOP_PAD_=x MALLOC_PERTURB_=9z "$settings")" "$plain"
same 'GLIBC_TUNABLES' "$(see GLIBC_TUNABLES=glibc.malloc.top_pad=0:glibc.malloc.mmap_threshold=65536 "$settings")" \
	"threshold=65536 max=on trim=on pad=0 perturb=0 cached=yes learns=no"
same 'GLIBC_TUNABLES for others' "$(see GLIBC_TUNABLES=glibc.cpu.x86_ibt=on:glibc.malloc.check=3:junk "$settings")" "$plain"
same 'WEIR_OPTIONS beats GLIBC_TUNABLES beats MALLOC_*_' \
	"$(see MALLOC_TOP_PAD_=4096 MALLOC_MMAP_THRESHOLD_=32768 MALLOC_PERTURB_=90 \
	GLIBC_TUNABLES=glibc.malloc.top_pad=8192:glibc.malloc.mmap_threshold=65536 WEIR_OPTIONS=top_pad=0 "$settings")" \
	"threshold=65536 max=on trim=on pad=0 perturb=90 cached=no learns=no"

# A setuid copy, run by another: program and library must be where others may read them, which the
# project's folder need not be. The library comes by the path in the program, which works for setuid programs too.
suid=$tmp/suid
plain_copy=$tmp/settings
cp "$lib" "$tmp/libweir.so.1"
gcc -std=gnu11 -D_GNU_SOURCE -fno-builtin -pthread -I"$top/kmod/uapi" -I"$top/userlib" -I"$top/tests/lib" \
	-o "$plain_copy" "$top/tests/api/settings.c" "$tmp/libweir.so.1" -Wl,-rpath,"$tmp"
cp "$plain_copy" "$suid"
chmod 755 "$tmp"
chown nobody "$suid"
chmod 4755 "$suid"
as_other=(setpriv --reuid=1 --regid=1 --clear-groups env)
all=(WEIR_OPTIONS=policy=fixed,top_pad=0,bad MALLOC_PERTURB_=90
	GLIBC_TUNABLES=glibc.malloc.mmap_threshold=65536)
same 'setuid: without the bit' "$("${as_other[@]}" "${all[@]}" "$plain_copy" 2>/dev/null | paste -sd ' ')" \
	"threshold=65536 max=on trim=on pad=0 perturb=90 cached=no learns=no"
same 'setuid: all is ignored, nothing is said' "$("${as_other[@]}" "${all[@]}" "$suid" 2>&1 | paste -sd ' ')" "$plain"
same 'preloaded' "$(see WEIR_OPTIONS=attach=never,top_pad=0 LD_PRELOAD="$lib" sh -c 'echo fine')" fine

echo "1..$n"
exit $ends
