#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The list of exported functions, held against what the C library exports and its headers declare: nothing is
# missing, nothing else is there.
top=$(cd "$(dirname "$0")/../.." && pwd)
build=$top/build
n=0
ends=0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
export LC_ALL=C

. "$top/tests/lib/same.sh"

# Words, a line each, sorted.
words() { tr -s ' \t' '\n' | grep . | sort -u; }
# What is in $1 and not in $2, in a line.
only() { comm -23 <(words <<<"$1") <(words <<<"$2") | paste -sd ' '; }

headers='aligned_alloc calloc free mallinfo mallinfo2 malloc malloc_info malloc_stats malloc_trim
	malloc_usable_size mallopt memalign posix_memalign pvalloc realloc reallocarray valloc'
# No header has them any more, or yet: glibc exports them for programs linked long ago, or will.
others='__libc_calloc __libc_free __libc_mallinfo __libc_malloc __libc_mallopt __libc_memalign __libc_pvalloc
	__libc_realloc __libc_valloc cfree'
c23='free_sized free_aligned_sized'
provided="$headers $others $c23"

# Exported by glibc, having to do with allocation, and left to it.
# Old hooks: without libc_malloc_debug.so nobody calls them since 2.34.
left='__after_morecore_hook __default_morecore __free_hook __malloc_hook __malloc_initialize_hook __memalign_hook
	__morecore __realloc_hook mallwatch'
# The debugging of glibc's own heap: does nothing without libc_malloc_debug.so.
left+=' mcheck mcheck_check_all mcheck_pedantic mprobe mtrace muntrace'
# Gives back what the C library itself has allocated, by free().
left+=' __libc_freeres'
# Private to the C library, and end in the public ones.
left+=' __libc_alloc_buffer_alloc_array __libc_alloc_buffer_allocate __libc_alloc_buffer_copy_bytes
	__libc_alloc_buffer_copy_string __libc_alloc_buffer_create_failure __libc_allocate_once_slow
	__libc_dynarray_at_failure __libc_dynarray_emplace_enlarge __libc_dynarray_finalize __libc_dynarray_resize
	__libc_dynarray_resize_clear __libc_reallocarray __libc_scratch_buffer_dupfree __libc_scratch_buffer_grow
	__libc_scratch_buffer_grow_preserve __libc_scratch_buffer_set_array_size'
# Take memory from functions that their user names.
left+=' _obstack _obstack_allocated_p _obstack_begin _obstack_begin_1 _obstack_free _obstack_memory_used _obstack_newchunk
	obstack_alloc_failed_handler obstack_exit_failure obstack_free obstack_printf obstack_vprintf'

# Other things than memory, by names that the pattern below finds: buffers of streams, locales, disk space, ...
foreign='_IO_default_doallocate _IO_doallocbuf _IO_file_doallocate _IO_free_backup_area _IO_free_wbackup_area
	_IO_wdefault_doallocate _IO_wdoallocbuf __freelocale __libc_alloca_cutoff __libc_allocate_rtsig
	__libc_allocate_rtsig_private __mempcpy_small __sched_cpualloc __sched_cpufree __stpcpy_small
	__strcpy_small __strcspn_c1 argp_program_version_hook fallocate fallocate64 freeaddrinfo freeifaddrs freelocale
	globfree globfree64 if_freenameindex inet6_option_alloc pkey_alloc pkey_free posix_fallocate
	posix_fallocate64 regfree wordfree xdr_free __obstack_printf_chk __obstack_vprintf_chk obstack_vprintf
	__libc_thread_freeres'

# readelf's symbol table without its head: NAME@VERSION, TYPE, BIND and VISIBILITY.
symbols() {
	readelf --dyn-syms -W "$1" | awk '$1 ~ /^[0-9]+:$/ && $7 != "UND" { print $8, $4, $5, $6 }'
}

libc=$(ldconfig -p | awk '$1 == "libc.so.6" && /x86-64|AArch64/ { print $NF; exit }')
glibc=$(symbols "$libc" | sed 's/@.*//' |
	grep -E 'alloc|free|mall|memalign|morecore|mcheck|mprobe|mtrace|obstack|dynarray|scratch_buffer' | words)

echo TAP version 13
same 'the C library was found' "$(grep -cx malloc <<<"$glibc")" 1
same 'of each function of glibc it is known whether it is provided' "$(only "$glibc" "$provided $left $foreign")" ''
same 'glibc has what is provided, but for C23' "$(only "$headers $others" "$glibc")" ''
same 'none is both provided and left' "$(only "$left" "$(only "$left" "$provided")")" ''

# Functions that a header itself declares, by the compiler's account.
declared() {
	echo "#include <$1>" | gcc -D_GNU_SOURCE -x c -fsyntax-only -aux-info "$tmp/info" - &&
		sed -n "s|^/\* [^ ]*/$1:[0-9]*:[A-Z]* \*/ [^(]*[ *(]\([a-z_0-9]*\) (.*|\1|p" "$tmp/info"
}
same 'all that malloc.h declares' "$(only "$(declared malloc.h)" "$headers")" ''
same 'malloc.h was read' "$(declared malloc.h | sort -u | grep -cx -e malloc_info -e memalign -e mallinfo2)" 3
same 'all that stdlib.h declares' "$(only "$(declared stdlib.h | grep -E 'alloc|^free|memalign')" "$headers")" ''
same 'stdlib.h was read' "$(declared stdlib.h | sort -u | grep -cx -e malloc -e reallocarray -e aligned_alloc)" 3

mine=$(symbols "$build/libweir.so")
same 'exported: these and nothing else' "$(awk '$2 != "OBJECT" || $1 !~ /^WEIR/ { print $1 }' <<<"$mine" | words)" \
	"$(words <<<"$provided")"
same 'each a global function' "$(awk '$1 !~ /^WEIR_/ { print $2, $3, $4 }' <<<"$mine" | sort -u)" 'FUNC GLOBAL DEFAULT'
same 'the version node for functions of our own' "$(awk '$1 ~ /^WEIR_/ { print $1, $2, $3 }' <<<"$mine")" \
	'WEIR_1.0 OBJECT GLOBAL'
same 'no other library than the C library and its loader is asked for a symbol' \
	"$(readelf -V -W "$build/libweir.so" | sed -n 's/.*File: \([^ ]*\).*/\1/p' | grep -v '^ld-linux' |
	sort -u)" libc.so.6
same 'thread-local storage without a call' "$(nm -D "$build/libweir.so" | grep -c __tls_get_addr)" 0
same 'the archive defines the same' "$(nm -g --defined-only "$build/libweir.a" | awk 'NF == 3 { print $3 }' | words)" \
	"$(words <<<"$provided")"

# A program that refers to glibc's versions of them, cfree as one linked long ago, gets them from here.
{
	echo '#define _GNU_SOURCE'
	echo '#include <dlfcn.h>'
	echo '#include <stdio.h>'
	echo '__asm__(".symver cfree, cfree@GLIBC_2.2.5");'
	for i in $headers $others; do
		echo "extern void $i(void);"
	done
	echo 'static void say(const char *name, void (*f)(void)) {'
	echo '	Dl_info i; printf("%s %s\n", name, dladdr((void *)f, &i) ? i.dli_fname : "nowhere"); }'
	echo 'int main(void) {'
	for i in $headers $others; do
		echo "	say(\"$i\", $i);"
	done
	echo '	return 0; }'
} >"$tmp/bind.c"
gcc -fno-builtin -fPIE -pie -o "$tmp/bind" "$tmp/bind.c"
same 'the program asks for glibc versions' \
	"$(nm -D "$tmp/bind" | grep -c -e ' malloc@GLIBC_2.2.5' -e ' cfree@GLIBC_2.2.5' -e ' mallinfo2@GLIBC_2.33')" 3
same 'and gets all functions from the library' "$(LD_PRELOAD=$build/libweir.so "$tmp/bind" | sort)" \
	"$(words <<<"$headers $others" | sed "s|\$| $build/libweir.so|")"

# <weir.h> declares C23's, in all dialects, and next to a C library that has them.
cat >"$tmp/h.c" <<'END'
#include <stdlib.h>
#ifdef OTHER
#ifdef __cplusplus
extern "C" void free_sized(void *, size_t) noexcept;
#else
extern void free_sized(void *, size_t) __attribute__((nothrow, leaf));
#endif
#endif
#include <weir.h>
int main(void)
{
	free_sized(malloc(10), 10);
	free_aligned_sized(aligned_alloc(64, 64), 64, 64);
	return 0;
}
END
header() {
	"$@" -Wall -Wextra -Werror -pedantic -I"$top/userlib" "$tmp/h.c" -o "$tmp/h" -L"$build" -lweir \
		-Wl,-rpath,"$build" 2>&1 && "$tmp/h" 2>&1 && echo fine
}
for i in 'gcc -std=c99 -D_ISOC11_SOURCE' 'gcc -std=c2x' 'gcc -std=gnu11 -DOTHER' 'g++ -x c++ -std=c++98 -D_ISOC11_SOURCE' \
	'g++ -x c++ -std=c++20' 'g++ -x c++ -std=c++17 -DOTHER'; do
	# shellcheck disable=SC2086
	same "weir.h: $i" "$(header $i)" fine
done
echo "1..$n"
exit $ends
