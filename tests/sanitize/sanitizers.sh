#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The stress, in every setting, under each sanitizer: no report, and nothing wrong.
here=$(cd "$(dirname "$0")" && pwd -P) || exit 1
top=$(cd "$here/../.." && pwd -P) || exit 1
. "$top/tests/lib/tap.sh"
export WEIR_TOP=$top

stress() {
	"$top/tests/stress/run" --program "$top/build/tests/sanitize/$1" --operations "$2" --seed "${SEED:-1}"
}

export ASAN_OPTIONS=exitcode=99 UBSAN_OPTIONS=print_stacktrace=1
check 'the address sanitizer has nothing to say' stress address "${OPERATIONS:-4e6}"
check 'nor has the undefined-behaviour sanitizer' stress undefined "${OPERATIONS:-5e6}"
check 'nor has the thread sanitizer' stress thread "${OPERATIONS:-1.5e6}"
finish
