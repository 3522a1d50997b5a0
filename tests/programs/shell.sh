#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The usual tools: sort in several threads, tar, xz in several threads, awk, find.
. "$(dirname "$0")/lib.bash"

awk 'BEGIN { srand(1); for (i = 0; i < 300000; i++) print int(rand() * 1e9), i % 977, "some text to sort" }' \
	</dev/null >"$tmp/lines"

sorted() { sort --parallel=4 -S 8M -k2n -k1n "$tmp/lines" | sha256sum; }
compressed() { xz -1 -T2 --block-size=1MiB -c "$tmp/lines" | xz -dc -T2 | sha256sum; }
packed() { tar -C "$top" --exclude=build --exclude=.git -cf - --sort=name . | sha256sum; }
counted() { awk '{ n[$2 " " $1 % 100]++ } END { for (i in n) s += n[i] * length(i); print length(n), s }' "$tmp/lines"; }
found() { find "$top/userlib" -name '*.[ch]' -printf '%f %s\n' | LC_ALL=C sort; }

mapped() { awk '{ print }' /proc/self/maps | preloaded awk; }

both 'awk sees the library' mapped
both 'sort in four threads' sorted
both 'xz in two threads' compressed
both 'tar' packed
both 'awk' counted
both 'find' found
finish
