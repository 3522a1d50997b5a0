#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A program under the preloaded library, in odd circumstances and with odd settings: it says the one word that it
# should. SEED chooses other settings, COMBINATIONS how many.
here=$(cd "$(dirname "$0")" && pwd -P) || exit 1
top=$(cd "$here/../.." && pwd -P) || exit 1
odd=$top/build/tests/api/odd
lib=$top/build/libweir.so
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
unset WEIR_OPTIONS GLIBC_TUNABLES "${!MALLOC_@}"
cd "$tmp" || exit 1
. "$top/tests/lib/tap.sh"

# right [NAME=VALUE...] [--] ARGUMENT...: the program under the library is right, and nobody complains.
right() {
	local set=()

	while [[ $1 == *=* ]]; do
		set+=("$1")
		shift
	done
	env LD_PRELOAD="$lib" "${set[@]}" "$odd" "$@" >said 2>&1
	echo right | cmp -s - said && return
	cat said
	return 1
}

limited() {
	(ulimit "$1" "$2" && LD_PRELOAD=$lib exec "$odd" "${@:3}") >said 2>&1
	[ "$(cat said)" = right ]
}

# Values that are taken, values at the ends of their ranges, and some that are not: those are said to be ignored.
combination() {
	awk -v seed="$1" '
	function pick(list, n, a) { n = split(list, a, " "); return a[1 + int(rand() * n)] }
	function add(name, list) { if (rand() < 0.4) text = text (text == "" ? "" : separator) name "=" pick(list) }
	BEGIN {
		srand(seed)
		sizes = "0 1 4095 4K 64K 1M 1G 64T 65T -1 x 99999999999999999999"
		separator = ","
		add("policy", "fixed dynamic auto best")
		add("mmap_threshold", sizes); add("trim_threshold", sizes); add("top_pad", "0 1 4K 1M 16M 2G x")
		add("mmap_max", "0 1 3 65536 2147483647 -1"); add("arena_max", "0 1 2 65536 65537")
		add("hugetlb", "0 1 2"); add("perturb", "0 90 255 256"); add("tcache_count", "0 1 7 65535 65536")
		add("tcache_max", "0 16 1032 1M"); add("mxfast", "0 64 160 161"); add("attach", "start late never")
		print "WEIR_OPTIONS=" text
		text = ""; separator = "\n"
		add("MALLOC_ARENA_MAX", "0 1 8 -1"); add("MALLOC_MMAP_MAX_", "0 1 65536 -1"); add("MALLOC_PERTURB_", "0 85 256 x")
		add("MALLOC_MMAP_THRESHOLD_", "0 4096 1000000 -1"); add("MALLOC_TOP_PAD_", "0 4096 1000000")
		add("MALLOC_TRIM_THRESHOLD_", "0 4096 -1"); add("MALLOC_ARENA_TEST", "0 1"); add("MALLOC_TCACHE_COUNT", "0")
		if (text != "") print text
		text = ""; separator = ":"
		add("glibc.malloc.arena_max", "0 1 3"); add("glibc.malloc.mmap_max", "0 5")
		add("glibc.malloc.mmap_threshold", "0 4096 0x10000"); add("glibc.malloc.trim_threshold", "0 4096")
		add("glibc.malloc.top_pad", "0 4096"); add("glibc.malloc.perturb", "0 85"); add("glibc.malloc.mxfast", "0 160")
		add("glibc.malloc.tcache_count", "0 7 127"); add("glibc.malloc.tcache_max", "0 16 1032")
		add("glibc.malloc.tcache_unsorted_limit", "0 9"); add("glibc.malloc.hugetlb", "0 1"); add("glibc.rtld.nns", "4")
		print "GLIBC_TUNABLES=" text
	}'
}

# Whatever is said of the settings is one line for each that is ignored, and names its variable.
any_settings() {
	local settings seed

	for seed in $(seq "${SEED:-1}" $((${SEED:-1} + ${COMBINATIONS:-60} - 1))); do
		mapfile -t settings < <(combination "$seed")
		if [ "$(env LD_PRELOAD="$lib" "${settings[@]}" "$odd" work 2>said)" != right ] ||
			grep -qv '^weir: [A-Z_]*: ignored: ' said; then
			echo "seed $seed: ${settings[*]}"
			cat said
			return 1
		fi
	done
}

plugins() {
	cat >plugin.c <<'END'
#include <stdlib.h>
static __thread char mine[200] = "mine";
static void *kept;
__attribute__((constructor)) static void begin(void) { kept = malloc(3000 + mine[0]); free(malloc(50)); }
__attribute__((destructor)) static void end(void) { free(kept); }
END
	gcc -shared -fPIC -O -fno-builtin plugin.c -o plugin.so || return
	for i in $(seq 200); do
		cp plugin.so "plugin$i.so" || return
	done
	right plugins "$tmp"/plugin[0-9]*.so
}

# A root that holds the program and nothing else: no /dev, no /proc, no C library.
empty_root() {
	local root=(chroot)

	[ "$(id -u)" = 0 ] || root=(unshare -r chroot)
	mkdir -p root && cp odd-static root/ && [ "$("${root[@]}" root /odd-static "$@")" = right ]
}

static() {
	gcc -std=gnu11 -O2 -D_GNU_SOURCE -fno-builtin -pthread -static -no-pie "$here/odd.c" "$top/build/libweir.a" \
		-o odd-static 2>warnings
}

with_nothing_open() {
	LD_PRELOAD=$lib "$odd" closed <&- >&- 2>&-
}

check 'nothing odd' right work
check "${COMBINATIONS:-60} combinations of settings" any_settings
check 'no descriptor is open' with_nothing_open
check 'no descriptor is open, and an option is wrong' env WEIR_OPTIONS=colour=red bash -c \
	"LD_PRELOAD=$lib $odd closed <&- >&- 2>&-"
check 'four descriptors' limited -n 4 work
check 'a stack of 64 KiB' limited -s 64 work
check 'no memory but 64 MiB of addresses' limited -v 65536 work
check 'no data but 32 MiB' limited -d 32768 work
check '10,000 calls deep' right deep
check 'a signal handler on a small stack' right handler
check '1,000 children' right children
check '200 plugins' plugins
check 'no files, no ioctls' right forbidden errno
check 'no files, no ioctls, or else' right WEIR_OPTIONS=attach=start forbidden kill
check 'static, at a fixed address' static
check 'static: works' [ "$(./odd-static work)" = right ]
check 'static: in an empty root' empty_root work
check 'static: in an empty root, a signal handler' empty_root handler
finish
