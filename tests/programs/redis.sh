#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# redis-server under the library: its data, a snapshot by a forked child, a benchmark against it.
. "$(dirname "$0")/lib.bash"
socket=$tmp/redis.sock
server=

# Nothing that was started stays.
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$tmp"' EXIT

cli() { redis-cli -s "$socket" "$@"; }

start() {
	rm -rf "$tmp/data" && mkdir "$tmp/data"
	WEIR_OPTIONS=$1 LD_PRELOAD=$2 redis-server --port 0 --unixsocket "$socket" --dir "$tmp/data" --save '' \
		--io-threads 2 --enable-debug-command local --daemonize no >"$tmp/log" 2>&1 &
	server=$!
	for _ in $(seq 100); do
		[ "$(cli ping 2>/dev/null)" = PONG ] && return
		sleep 0.1
	done
	return 1
}

stop() {
	cli shutdown nosave 2>/dev/null
	wait "$server"
	status=$?
	server=
	return $status
}

# The same commands each time; the digest is of all that the server holds.
load() {
	cli --pipe >/dev/null < <(awk 'BEGIN {
		for (i = 0; i < 40000; i++) {
			printf "SET key:%d %0*d\r\n", i, i % 1500 + 1, i
			printf "RPUSH list:%d item-%d\r\n", i % 100, i
			printf "HSET hash:%d field-%d value-%d\r\n", i % 300, i, i
			printf "ZADD zset:%d %d member-%d\r\n", i % 50, i * 7919 % 1009, i
			printf "SADD set:%d %d\r\n", i % 200, i * 31
			if (i % 3 == 0)
				printf "DEL key:%d\r\n", i / 2
			if (i % 7 == 0)
				printf "APPEND key:%d %0*d\r\n", i / 3, i % 5000, i
		}
	}')
	cli bgsave >/dev/null
	redis-benchmark -s "$socket" -q -n 20000 -c 20 -P 8 -d 500 -r 5000 -t set,get,lpush,lpop,hset >"$tmp/bench" 2>&1 ||
		echo benchmark failed
	for _ in $(seq 200); do
		cli info persistence | grep -q 'rdb_bgsave_in_progress:0' && break
		sleep 0.1
	done
	cli info persistence | grep rdb_last_bgsave_status | tr -d '\r'
	cli del mylist 'key:__rand_int__' >/dev/null
	cli eval "for _, k in ipairs(redis.call('keys', 'key:00000*')) do redis.call('del', k) end" 0 >/dev/null
	cli del myhash >/dev/null
	cli dbsize
	cli debug digest
	cli memory purge
}

served() {
	start "$1" "$2" || { echo did not start; return 1; }
	load
	[ -z "$2" ] || grep -c libweir "/proc/$server/maps" >"$tmp/loaded"
	stop
}

served '' '' >"$tmp/plain"
grep -q 'status:ok' "$tmp/plain" || { cat "$tmp/plain" "$tmp/log"; echo '# fails without the library'; }
for options in "${settings[@]}"; do
	echo 0 >"$tmp/loaded"
	served "$options" "$lib" >"$tmp/weir"
	status=$?
	if [ $status -eq 0 ] && cmp -s "$tmp/plain" "$tmp/weir" && [ "$(cat "$tmp/loaded")" -gt 0 ] &&
	   [ "$(wc -l <"$tmp/weir")" -ge 4 ]; then
		result 0 "redis-server${options:+ with $options}"
	else
		echo "# status $status"
		diff "$tmp/plain" "$tmp/weir" | head | sed 's/^/# /'
		tail -n 5 "$tmp/log" | sed 's/^/# /'
		result 1 "redis-server${options:+ with $options}"
	fi
done
finish
