#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# scripts/checkpatch.pl --strict on each file of the module.
. "$(dirname "$0")/lib.bash"

# ignored FILE: what does not apply there.
ignored() {
	case $1 in
	# The one file that may depend on the kernel's version.
	*/compat.h) echo LINUX_VERSION_CODE,CONSTANT_COMPARISON ;;
	# TRACE_EVENT() is written in columns, in the kernel as well.
	*/trace.h) echo PARENTHESIS_ALIGNMENT,OPEN_ENDED_LINE ;;
	# User space has no BIT().
	*/uapi/*) echo BIT_MACRO ;;
	esac
}

checkpatch() {
	local ignore

	ignore=$(ignored "$1")
	perl "$source/scripts/checkpatch.pl" --no-tree --strict --terse --no-summary \
		${ignore:+--ignore "$ignore"} --file "$1"
}

while read -r file; do
	check "checkpatch --strict: $file" quiet checkpatch "$file"
done < <(find kmod -name '*.[ch]' | sort)
printf 'int f(void){ return 0 ;}\n' >"${OUTPUT:=$(mktemp -d)}/bad.c"
refuse "checkpatch notices what is wrong" quiet checkpatch "$OUTPUT/bad.c"
finish
