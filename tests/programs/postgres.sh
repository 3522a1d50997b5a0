#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# PostgreSQL: a new cluster, pgbench in several clients, parallel and compiled queries, PL/pgSQL, a crash and recovery.
. "$(dirname "$0")/lib.bash"
settings=("${few[@]}")
scale=${long:+20}
scale=${scale:-2}
transactions=${long:+20000}
transactions=${transactions:-250}

bin=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
export PATH=$bin:$PATH PGHOST=$tmp PGUSER=tester PGDATABASE=postgres
version postgres --version

# The server refuses to be root; who it is instead must be able to read the library.
unprivileged=()
if [ "$(id -u)" -eq 0 ]; then
	unprivileged=(setpriv --reuid=postgres --regid=postgres --clear-groups)
	chown postgres "$tmp"
	install -m 755 "$lib" "$tmp" && lib=$tmp/libweir.so
fi

create() {
	rm -rf "$tmp/data"
	"${unprivileged[@]}" initdb -D "$tmp/data" -U tester -A trust -N --locale=C -E UTF8 --no-instructions >"$tmp/initdb" ||
		return
	grep -v "$tmp" "$tmp/initdb"
	cat >>"$tmp/data/postgresql.conf" <<END
listen_addresses = ''
unix_socket_directories = '$tmp'
shared_buffers = 32MB
work_mem = 1MB
fsync = off
autovacuum = off
synchronize_seqscans = off
log_checkpoints = off
log_line_prefix = ''
max_parallel_workers = 4
END
}

start() {
	"${unprivileged[@]}" postgres -D "$tmp/data" 2>>"$tmp/log" &
	server=$!
	await 60 pg_isready -q
}

query() { psql -X -q -At -v ON_ERROR_STOP=1 "$@"; }

# bench OPTION...: so many transactions of eight clients, with the same random numbers each time.
bench() {
	pgbench -n -c 8 -j 2 --random-seed=1 "$@" >"$tmp/bench" 2>&1 || cat "$tmp/bench"
	grep -E '^(transaction type|query mode|number of (trans|failed))' "$tmp/bench"
}

# Sums are the same in whatever order the clients' transactions were.
balances() {
	query <<'END'
SELECT count(*), sum(abalance) FROM pgbench_accounts;
SELECT sum(tbalance) FROM pgbench_tellers;
SELECT sum(bbalance) FROM pgbench_branches;
SELECT count(*), sum(delta) FROM pgbench_history;
SELECT md5(string_agg(aid || ':' || abalance, ',' ORDER BY aid)) FROM pgbench_accounts;
SELECT md5(string_agg(tid || ':' || tbalance, ',' ORDER BY tid)) FROM pgbench_tellers;
SELECT md5(string_agg(concat_ws(':', tid, bid, aid, delta), ',' ORDER BY tid, bid, aid, delta)) FROM pgbench_history;
END
}

# What takes memory: hashes, sorts, text and JSON in a backend, in parallel workers, and compiled by LLVM.
queries() {
	query <<'END'
CREATE TABLE t AS SELECT i, md5(i::text) AS name, repeat(md5(i::text), i % 50) AS body,
	jsonb_build_object('id', i, 'tags', jsonb_build_array(i % 7, i % 11, md5((i % 13)::text))) AS doc
	FROM generate_series(1, 30000) AS i;
CREATE INDEX ON t (name);
CREATE INDEX ON t USING gin (doc);
SELECT count(*), sum(length(a.body)) FROM t a JOIN t b ON a.name = md5((b.i / 2)::text);
SELECT md5(string_agg(body, '' ORDER BY name)) FROM t;
SELECT md5(jsonb_object_agg(name, doc)::text) FROM t WHERE i % 3 = 0;
SELECT count(*), sum(length(regexp_replace(body, '([a-f])(\d+)', '\2\1', 'g'))) FROM t WHERE i % 10 = 0;
SELECT count(*) FROM t WHERE doc @> '{"tags": [3]}';
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT i % 100 AS g, count(DISTINCT name), sum(length(body)), max(doc ->> 'id') FROM t GROUP BY g ORDER BY g;
SET jit = on;
SET jit_above_cost = 0;
SET jit_inline_above_cost = 0;
SET jit_optimize_above_cost = 0;
SELECT sum(i * 2 + length(name)), avg(i % 17), count(*) FILTER (WHERE name LIKE '%a%') FROM t WHERE i % 5 < 3;
RESET ALL;
DO $$
DECLARE
	words text[] := '{}';
BEGIN
	FOR i IN 1 .. 3000 LOOP
		words := words || md5(i::text);
		BEGIN
			IF i % 10 = 0 THEN
				PERFORM 1 / (i % 10);
			END IF;
		EXCEPTION WHEN division_by_zero THEN
			words := words[2:];
		END;
	END LOOP;
	RAISE NOTICE '% %', array_length(words, 1), md5(array_to_string(words, ''));
END $$;
VACUUM FULL ANALYZE t;
END
	# Newer ones write a random word against injected commands.
	pg_dump -t t | grep -Ev '^(--|.(un)?restrict )' | sha256sum
}

maps() {
	mapped "$server" $(pgrep -P "$server") | sort -u
	query -c "SELECT pg_read_file('/proc/self/maps')" | preloaded 'a backend'
}

served() {
	: >"$tmp/log"
	create && start || return
	maps
	pgbench -i -q -s "$scale" >"$tmp/bench" 2>&1 || return
	bench -t "$transactions"
	bench -t "$transactions" -M prepared
	bench -t $((transactions * 4)) -S -M extended
	balances
	queries || return
	# As after a crash: what was done is in the log and nowhere else.
	stop QUIT
	start || return
	balances
	query -c "SELECT count(*), sum(hashtext(t::text)) FROM t"
	stop INT || return
	# What the server says with no word of its own before it, and of processes that died.
	grep -Ev '^(LOG|FATAL|DETAIL|HINT):' "$tmp/log"
	! grep 'terminated by signal' "$tmp/log"
}

chmod 755 "$tmp"
both 'initdb, pgbench, queries, a crash and recovery' served
finish
