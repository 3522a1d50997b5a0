#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# However the library gets into a program - linked, in a program at a fixed address, from the archive,
# preloaded, opened late - it is the one that is used, or does no harm.
top=$(cd "$(dirname "$0")/../.." && pwd)
build=$top/build
n=0
ends=0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
export WEIR_OPTIONS=perturb=90
unset GLIBC_TUNABLES LD_PRELOAD

# Says who serves: with perturb=90 memory comes filled with 0xa5, glibc does not know that option.
cat >"$tmp/who.c" <<'END'
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static const char *who(void)
{
	volatile unsigned char *p = malloc(3000);
	const char *name = p[1500] == 0xa5 && p[1501] == 0xa5 ? "weir" : "glibc";

	free((void *)p);
	return name;
}
static void *in_thread(void *result)
{
	for (int i = 0; i < 1000; i++)
		free(realloc(calloc(i, 30), i * 50 + 1));
	*(const char **)result = who();
	return NULL;
}
int main(int argc, char **argv)
{
	const char *name;
	pthread_t thread;
	char *old[100];

	for (int i = 0; i < 100; i++)
		old[i] = malloc(i * 1000);
	if (argc > 1 && !dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL))
		printf("%s ", dlerror());
	for (int i = 0; i < 100; i++)
		free(old[i]);
	pthread_create(&thread, NULL, in_thread, &name);
	pthread_join(thread, NULL);
	printf("%s", name);
	fflush(stdout);
	malloc_trim(0);
	mallinfo2();
	mallopt(M_TOP_PAD, 0);
	free(strdup("libraries allocate too"));
	free(memalign(4096, 10));
	printf(" %s\n", who());
	return 0;
}
END

. "$top/tests/lib/same.sh"

# compiled ARG...: what the program says when it is built so.
compiled() {
	gcc -O1 -fno-builtin -pthread -o "$tmp/who" "$tmp/who.c" "$@" 2>&1 && "$tmp/who" 2>&1
}

shared=(-L"$build" -lweir -Wl,-rpath,"$build")
echo TAP version 13
same 'plain glibc, for comparison' "$(compiled)" 'glibc glibc'
same 'linked' "$(compiled "${shared[@]}")" 'weir weir'
same 'linked, position-independent' "$(compiled -fPIE -pie "${shared[@]}")" 'weir weir'
same 'linked, at a fixed address' "$(compiled -fno-pie -no-pie "${shared[@]}")" 'weir weir'
same 'linked, bound at once' "$(compiled -Wl,-z,now "${shared[@]}")" 'weir weir'
same 'archive' "$(compiled "$build/libweir.a")" 'weir weir'
same 'archive, fixed address' "$(compiled -no-pie "$build/libweir.a")" 'weir weir'
same 'static' "$(compiled -static "$build/libweir.a" 2>&1 | grep -v 'warning: Using .dlopen. in statically' |
	grep -v 'in function .main.')" 'weir weir'
same 'static, position-independent' "$(compiled -static-pie -fPIE "$build/libweir.a" 2>&1 |
	grep -v 'warning: Using .dlopen. in statically' | grep -v 'in function .main.')" 'weir weir'
compiled >/dev/null
same 'preloaded' "$(LD_PRELOAD=$build/libweir.so "$tmp/who")" 'weir weir'
same 'preloaded, found by its soname' "$(LD_LIBRARY_PATH=$build LD_PRELOAD=libweir.so.1 "$tmp/who")" 'weir weir'
same 'preloaded with audit of all bindings' "$(LD_BIND_NOW=1 LD_PRELOAD=$build/libweir.so "$tmp/who")" 'weir weir'
same 'opened late does no harm' "$("$tmp/who" "$build/libweir.so")" 'glibc glibc'
same 'soname' "$(readelf -d "$build/libweir.so" | sed -n 's/.*soname: \[\(.*\)\]/\1/p')" libweir.so.1
same 'needs nothing but the C library and its loader, where rseq is' \
	"$(readelf -d "$build/libweir.so" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | paste -sd ' ')" 'libc.so.6 ld-linux-x86-64.so.2'

# The library comes with a plugin that is linked with it, while threads run. The program has been bound to glibc's
# functions; so is the plugin, unless it is bound to its own first or has a C library of its own.
cat >"$tmp/plugin.c" <<'END'
#include <stdlib.h>
void *plugin_alloc(size_t size) { return realloc(calloc(1, size / 2 + 1), 0) ? NULL : malloc(size); }
void plugin_free(void *p) { free(p); }
END
gcc -shared -fPIC -fno-builtin -o "$tmp/plugin.so" "$tmp/plugin.c" "${shared[@]}"
late=$build/tests/api/late
eight() { printf "$1 %.0s" 1 2 3 4 5 6 7 8; }
for i in 'local glibc' 'global glibc' 'deep weir' 'apart weir'; do
	same "threads, and a plugin opened late: ${i% *}" "$("$late" "$tmp/plugin.so" "${i% *}" 2>&1)" \
		"$(eight "${i#* }")- ${i#* } glibc"
	same "and so with the library preloaded: ${i% *}" \
		"$(LD_PRELOAD=$build/libweir.so "$late" "$tmp/plugin.so" "${i% *}" 2>&1)" "$(eight weir)- weir weir"
done

# A malloc of the program's own stands before ours, and leads to it by another name. It is not called from within.
cat >"$tmp/own.c" <<'END'
#include <stdio.h>
#include <stdlib.h>
void *__libc_malloc(size_t);
static int calls;
void *malloc(size_t n) { calls++; return __libc_malloc(n); }
int main(void)
{
	volatile unsigned char *p = malloc(3000), *guard = malloc(10);
	int before = calls;
	const char *name = p[1500] == 0xa5 && p[1501] == 0xa5 ? "weir" : "glibc";

	p = realloc((void *)p, 50000);
	free(calloc(3, 1000));
	free(aligned_alloc(16, 100));
	free((void *)p);
	free((void *)guard);
	printf("%s %d\n", name, calls - before);
	return 0;
}
END
gcc -O1 -fno-builtin -o "$tmp/own" "$tmp/own.c"
same 'a malloc of its own, glibc' "$("$tmp/own")" 'glibc 0'
same 'a malloc of its own, preloaded' "$(LD_PRELOAD=$build/libweir.so "$tmp/own")" 'weir 0'
gcc -O1 -fno-builtin -o "$tmp/own" "$tmp/own.c" "${shared[@]}"
same 'a malloc of its own, linked' "$("$tmp/own")" 'weir 0'

# In a static program nothing of glibc's malloc is left, whatever the program refers to.
{
	echo 'extern char '
	nm -g --defined-only "$build/libweir.a" | awk 'NF == 3 { print $3 "," }'
	echo ' end; char *all[] = { '
	nm -g --defined-only "$build/libweir.a" | awk 'NF == 3 { print "&" $3 "," }'
	echo ' 0 }; int main(void) { return !all[0]; } char end;'
} >"$tmp/all.c"
same 'static: each function referred to' \
	"$(gcc -w -fno-builtin -static -o "$tmp/all" "$tmp/all.c" "$build/libweir.a" 2>&1 && "$tmp/all" 2>&1 && echo fine)" fine
same 'static: no other malloc is in it' \
	"$(nm "$tmp/all" | grep -cE ' (_int_malloc|_int_free|sysmalloc|ptmalloc_init|tcache_thread_shutdown)$')" 0

# C++, with its runtime linked in every way.
g++ -std=c++17 -O1 -fno-builtin -faligned-new -fPIE -c -o "$tmp/pie.o" "$top/tests/api/cxx.cc"
g++ -std=c++17 -O1 -fno-builtin -faligned-new -fno-pie -c -o "$tmp/fixed.o" "$top/tests/api/cxx.cc"
cxx() {
	g++ -pthread -o "$tmp/cxx" "$@" 2>&1 && "$tmp/cxx" 2>&1 | awk '/^ok/ { ok++ } /^not ok/ { print } END { print ok " ok" }'
}
same 'C++' "$(cxx -pie "$tmp/pie.o" "${shared[@]}")" '9 ok'
same 'C++ at a fixed address' "$(cxx -no-pie "$tmp/fixed.o" "${shared[@]}")" '9 ok'
same 'C++, its runtime static' "$(cxx -static-libstdc++ -static-libgcc "$tmp/pie.o" "${shared[@]}")" '9 ok'
same 'C++ with the archive' "$(cxx -pie "$tmp/pie.o" "$build/libweir.a")" '9 ok'
same 'C++ static' "$(cxx -static "$tmp/fixed.o" "$build/libweir.a")" '9 ok'
same 'C++ static, position-independent' "$(cxx -static-pie "$tmp/pie.o" "$build/libweir.a")" '9 ok'
cxx "$tmp/pie.o" >/dev/null
same 'C++, preloaded' "$(LD_PRELOAD=$build/libweir.so "$tmp/cxx" | grep -c '^ok')" 9
echo "1..$n"
exit $ends
