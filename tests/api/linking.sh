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
echo "1..$n"
exit $ends
