#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# redis-server under the library: its data, a snapshot by a forked child, a benchmark against it.
. "$(dirname "$0")/lib.bash"
socket=$tmp/redis.sock
requests=${long:+400000}
requests=${requests:-20000}

cli() { redis-cli -s "$socket" "$@"; }

version redis-server --version

start() {
	rm -rf "$tmp/data" && mkdir "$tmp/data"
	redis-server --port 0 --unixsocket "$socket" --dir "$tmp/data" --save '' \
		--io-threads 2 --enable-debug-command local --daemonize no >"$tmp/log" 2>&1 &
	server=$!
	await 30 answers
}

answers() { [ "$(cli ping 2>/dev/null)" = PONG ]; }
saved() { cli info persistence | grep -q 'rdb_bgsave_in_progress:0'; }

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
	redis-benchmark -s "$socket" -q -n "$requests" -c 20 -P 8 -d 500 -r 5000 -t set,get,lpush,lpop,hset >"$tmp/bench" 2>&1 ||
		echo benchmark failed
	await 60 saved
	cli info persistence | grep rdb_last_bgsave_status | tr -d '\r'
	cli del mylist 'key:__rand_int__' >/dev/null
	cli eval "for _, k in ipairs(redis.call('keys', 'key:00000*')) do redis.call('del', k) end" 0 >/dev/null
	cli del myhash >/dev/null
	cli dbsize
	cli debug digest
	cli memory purge
}

served() {
	start || { tail -n 5 "$tmp/log"; return 1; }
	load
	preloaded redis-server <"/proc/$server/maps"
	cli shutdown nosave
	stop || return
	# What the server says without its process and time before it.
	grep -Ev '^([0-9]+:[A-Z]|[[:space:]]|$)' "$tmp/log"
	[ "$(grep -c . "$tmp/log")" -gt 5 ]
}

both 'redis-server under redis-benchmark' served
finish
