# SPDX-License-Identifier: GPL-2.0
#
# Sourced by the tests beside it.
WEIR_TOP=${WEIR_TOP:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
. "$WEIR_TOP/tests/lib/tap.sh"
source=$WEIR_TOP/build/kernel/source
PATH=$PATH:/usr/sbin:/sbin
cd "$WEIR_TOP" || exit 1

# quiet COMMAND...: fails if it fails or says anything.
quiet() {
	local said status

	said=$("$@" 2>&1)
	status=$?
	[ $status -eq 0 ] && [ -z "$said" ] && return
	printf '%s\n' "$said"
	return 1
}

# copy DIRECTORY: the module's sources, where Kbuild may leave its objects.
copy() {
	rm -rf "$1" && mkdir -p "$1" && cp -r Kbuild kmod "$1"
}
