#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Programs that can say that memory is short, under the library and short of memory: from the N-th memory
# system call on, from the process's first allocation to the end of its work, and at random. They
# give the right answer or up; nobody crashes or hangs.
top=$(cd "$(dirname "$0")/../.." && pwd)
inject=$top/build/tests/failure/libinject.so
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 143' TERM INT
unset WEIR_OPTIONS GLIBC_TUNABLES LD_PRELOAD "${!MALLOC_@}"
export LC_ALL=C TZ=UTC HOME=$tmp
every=63
n=0
ends=0

# try INJECTION COMMAND...: false if it ends by a signal or with a wrong answer.
try() {
	local status

	# The shell's word on who was killed is not for the log.
	{ WEIR_INJECT=$1 LD_PRELOAD="$inject $top/build/libweir.so" "${@:2}" >"$tmp/out" 2>"$tmp/err"; } 2>"$tmp/shell"
	status=$?
	if [ $status -eq 0 ]; then
		right=$((right + 1))
		cmp -s "$tmp/plain" "$tmp/out" && return
	# Python calls abort() where it has no exception yet.
	elif [ $status -le 128 ] || grep -q '^Fatal Python error' "$tmp/err"; then
		gave_up=$((gave_up + 1))
		return
	fi
	echo "# WEIR_INJECT=\"$1\": status $status"
	head -n 5 "$tmp/err" | sed 's/^/# /'
	return 1
}

short() {
	local name=$1 first seed rate ok=0
	shift

	right=0
	gave_up=0
	"$@" >"$tmp/plain" 2>"$tmp/err" && [ -s "$tmp/plain" ] || ok=1
	for first in {1..40} {50..300..25}; do
		try "$every $first 1000000 0 0 0" "$@" || ok=1
	done
	for seed in {1..10}; do
		for rate in 2 5 20; do
			try "$every 0 0 $rate $seed 0" "$@" || ok=1
		done
	done
	# Short of memory in earnest, and not always.
	[ $right -gt 5 ] && [ $gave_up -gt 1 ] || ok=1
	n=$((n + 1))
	if [ $ok -eq 0 ]; then
		echo "ok $n $name: the right answer $right times, none $gave_up times"
	else
		echo "not ok $n $name: the right answer $right times, none $gave_up times"
		ends=1
	fi
}

echo TAP version 13
seq 1 3000 >"$tmp/numbers"
short sort sort -r -S 3M "$tmp/numbers"
short sqlite3 sqlite3 :memory: "
	create table t(a, b);
	with recursive c(x) as (select 1 union all select x + 1 from c where x < 3000)
		insert into t select x, printf('%0100d', x * 7919 % 3001) from c;
	create index i on t(b);
	select count(*), sum(a) from t;
	select b from t order by b limit 3;
	select length(group_concat(b)) from t"
git init -q "$tmp/repository"
for i in 1000 2000 3000; do
	seq $i 3 9000 >"$tmp/repository/numbers"
	git -C "$tmp/repository" add numbers
	git -C "$tmp/repository" -c user.name=a -c user.email=a@example.com commit -q -m "from $i"
done
short git git -C "$tmp/repository" --no-pager log -p
short python3 /usr/bin/python3 -I -S -c '
import json
d = [{"a": i, "b": str(i) * 20} for i in range(2000)]
s = json.dumps(d)
b = bytearray(3000000)
b.extend(s.encode() * 10)
print(len(json.loads(s)), len(b))'
echo "1..$n"
exit $ends
