#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The module compiled with the kernel's additional warnings (W=1), and looked through by sparse.
. "$(dirname "$0")/lib.bash"
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
headers=$WEIR_TOP/build/kernel/stock/headers

# build DIRECTORY VARIABLE...
build() {
	local dir=$1
	shift
	env -u MAKEFLAGS -u MAKELEVEL make -s --no-print-directory -C "$headers" M="$dir" \
		CONFIG_DEBUG_INFO_BTF_MODULES= "$@" modules
}

# fresh NAME VARIABLE...: a build of all of it.
fresh() {
	local name=$1
	shift
	copy "$tmp/$name" && quiet build "$tmp/$name" "$@"
}

spoil() {
	copy "$tmp/$1" && echo "$2" >>"$tmp/$1/kmod/main.c"
}

check "no warning with W=1" fresh warnings W=1
check "no complaint of sparse" fresh sparse C=2 CF=-D__CHECK_ENDIAN__
spoil bad 'int weir_nowhere_declared(void) { return 0; }'
refuse "W=1 notices what is wrong" quiet build "$tmp/bad" W=1
spoil bad2 'static int __user *weir_p; int weir_q(void); int weir_q(void) { return *weir_p; }'
refuse "sparse notices what is wrong" quiet build "$tmp/bad2" C=2
finish
