#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The kernel's semantic patches (make coccicheck) on the module: each by itself, as two of them need an
# OCaml compiler and would end the run.
. "$(dirname "$0")/lib.bash"
export tmp source
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

# coccicheck DIRECTORY PATCH: what it found, a line each; it also says at length how it goes about it.
coccicheck() {
	local log

	log=$(mktemp -p "$tmp") || return
	if ! env -u MAKEFLAGS -u MAKELEVEL make -s --no-print-directory -C "$source" M="$1" MODE=report \
		J=1 COCCI="$2" coccicheck >"$log" 2>&1; then
		echo "$2:"
		tail -n 5 "$log"
		return 1
	fi
	grep -E "^$1/.*:[0-9]+" "$log"
	return 0
}
export -f coccicheck

patches() {
	(cd "$source" && find scripts/coccinelle -name '*.cocci' -exec grep -L ocaml {} + | sort)
}

all() {
	patches | xargs -P "$(nproc)" -I{} bash -c 'coccicheck "$@"' coccicheck "$1" {}
}

copy "$tmp/module"
check "there are semantic patches" test "$(patches | wc -l)" -gt 50
check "none has anything to report" quiet all "$tmp/module"
mkdir "$tmp/bad"
printf 'void f(void *p)\n{\n\tif (p)\n\t\tkfree(p);\n}\n' >"$tmp/bad/bad.c"
refuse "coccicheck notices what is wrong" quiet coccicheck "$tmp/bad" \
	scripts/coccinelle/free/ifnullfree.cocci
check "... and says so" grep -r NULL.check "$tmp" --include='tmp.*'
finish
