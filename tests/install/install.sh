#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Really install, use what is there as an admin would, uninstall, and look for remains.  For a machine
# whose file system may be written and forgotten.
set -u
. "$WEIR_TOP/tests/lib/tap.sh"
cd "$WEIR_TOP" || exit 1
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
release=$(uname -r)
quiet=(make --no-print-directory -s)
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

# What was written since the machine started, and the folders that might have been made.  depmod and
# ldconfig renew their own files.
listing() {
	(cd /run/written && find . ! -type d) |
		grep -vE "/modules/$release/modules\.|^./etc/ld.so.cache|^.${WEIR_TOP}/build/|ldconfig/aux-cache"
	find /usr/local -maxdepth 4 -type d
}

staged() {
	local stage=$tmp/stage i

	check "installs into DESTDIR with another PREFIX" \
		"${quiet[@]}" install "DESTDIR=$stage" PREFIX=/usr
	for i in usr/lib/libweir.so.1 usr/lib/libweir.so usr/lib/libweir.a usr/bin/weirctl \
		usr/include/linux/weir.h usr/include/weir.h usr/lib/pkgconfig/weir.pc usr/lib/udev/rules.d/70-weir.rules \
		usr/share/bash-completion/completions/weirctl "lib/modules/$release/extra/weir.ko"; do
		check "... $i" test -s "$stage/$i"
	done
	check "... weir.pc names that PREFIX" grep -qx prefix=/usr "$stage/usr/lib/pkgconfig/weir.pc"
	check "uninstalls from DESTDIR" "${quiet[@]}" uninstall "DESTDIR=$stage" PREFIX=/usr
	check "... completely" test -z "$(find "$stage" ! -type d)"
	listing >"$tmp/now"
	check "nothing else was touched" diff "$tmp/before" "$tmp/now"
}

installed() {
	check "installs" "${quiet[@]}" install
	check "modprobe finds the module" modprobe weir
	check "the device is there" test -c /dev/weir
	check "so are the knobs" test -d /sys/kernel/mm/weir/defaults
	check "weirctl is found and runs" weirctl status
	check "its manual page is found" sh -c 'man -w weirctl | grep ^/usr/local/'
	check "its completion is found" bash -c '. /usr/share/bash-completion/bash_completion
		_load_comp weirctl || __load_completion weirctl; complete -p weirctl'
	cat >"$tmp/user.c" <<'END'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weir.h>
#include <linux/weir.h>

int main(void)
{
	char line[512], *p = malloc(100);
	FILE *maps = fopen("/proc/self/maps", "r");
	int library = 0, page = 0;

	while (p && maps && fgets(line, sizeof(line), maps)) {
		library |= strstr(line, "/usr/local/lib/libweir.so.1") != NULL;
		page |= strstr(line, WEIR_DEVICE) != NULL;
	}
	printf("library %d, control page %d\n", library, page);
	free_sized(p, 100);
	return !(library && page);
}
END
	check "pkg-config knows it" pkg-config --exists weir
	check "a program builds with its flags" \
		sh -c "gcc -Wl,--no-as-needed \$(pkg-config --cflags weir) -o $tmp/user $tmp/user.c \$(pkg-config --libs weir)"
	check "... runs with the library and is attached" "$tmp/user"
	check "a preloaded program is attached" sh -c \
		'LD_PRELOAD=libweir.so.1 grep -q /dev/weir /proc/self/maps'
	check "modprobe takes the module away" modprobe -r weir
}

removed() {
	check "uninstalls" "${quiet[@]}" uninstall
	listing >"$tmp/after"
	check "nothing is left" diff "$tmp/before" "$tmp/after"
	refuse "modprobe no longer finds the module" modprobe weir
	refuse "pkg-config no longer knows it" pkg-config --exists weir
}

# depmod reads every module there is, for minutes under emulation: leave it the one that matters.
mount -t tmpfs empty "/lib/modules/$release/kernel" || exit 1
listing >"$tmp/before"
staged
installed
removed
finish
