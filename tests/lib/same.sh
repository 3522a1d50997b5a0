# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Sourced by test scripts that count their test points in $n and note a failure in $ends.

# same NAME GOT WANTED
same() {
	n=$((n + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $n $1"
	else
		printf '# got: %s\n# not: %s\nnot ok %d %s\n' "$2" "$3" $n "$1"
		ends=1
	fi
}
