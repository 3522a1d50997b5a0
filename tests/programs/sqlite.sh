#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# sqlite3: tables in memory and in a file, joins, indexes, text.
. "$(dirname "$0")/lib.bash"

script() {
	cat <<'END'
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, c REAL, d BLOB);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
	INSERT INTO t SELECT i, printf('text %d of %s', i * 7919 % 10007, hex(zeroblob(i % 50))), i / 7.0, zeroblob(i % 300) FROM n;
CREATE INDEX tb ON t(b);
CREATE TABLE u AS SELECT a, b FROM t WHERE a % 3 = 0;
SELECT count(*), sum(length(b)), total(c), sum(length(d)) FROM t;
SELECT count(*), max(x.b) FROM t x JOIN u y ON x.b = y.b;
SELECT substr(b, 1, 7) g, count(*), group_concat(a) FROM t WHERE a < 3000 GROUP BY g ORDER BY g LIMIT 20;
DELETE FROM t WHERE a % 2;
UPDATE t SET b = b || ' and more' WHERE a % 5 = 0;
VACUUM;
SELECT count(*), sum(length(b)) FROM t;
SELECT * FROM t ORDER BY b DESC LIMIT 5;
PRAGMA integrity_check;
END
}

# Statements one by one, as sqlite's own speed test has them.
statements() {
	awk -v rows="$rows" 'BEGIN {
		print "PRAGMA page_size = 4096;\nPRAGMA cache_size = -8000;"
		print "CREATE TABLE a(i INTEGER, v INTEGER, t TEXT);\nCREATE TABLE b(i INTEGER PRIMARY KEY, v INTEGER, t TEXT) WITHOUT ROWID;"
		for (i = 1; i <= rows; i++) {
			if (i % 5000 == 1)
				print "BEGIN;"
			v = i * 7919 % 100003
			printf "INSERT INTO a VALUES(%d, %d, \047number %d %0*d\047);\n", i, v, v, i % 120, i
			printf "INSERT OR REPLACE INTO b VALUES(%d, %d, \047%0*d\047);\n", v, i, i % 40 + 1, v
			if (i % 5000 == 0 || i == rows)
				print "COMMIT;"
		}
		print "CREATE INDEX ai ON a(i);\nCREATE INDEX av ON a(v);\nCREATE INDEX at ON a(t);"
		for (i = 1; i <= rows / 50; i++) {
			printf "SELECT count(*), avg(v), max(t) FROM a WHERE v BETWEEN %d AND %d;\n", i * 97 % 100003, i * 97 % 100003 + 300
			printf "SELECT a.t, b.t FROM a JOIN b ON b.i = a.v WHERE a.i IN (%d, %d, %d);\n", i, i * 3, i * 7
			printf "UPDATE a SET v = v + %d, t = t || \047+\047 WHERE i BETWEEN %d AND %d;\n", i, i * 10, i * 10 + 20
			printf "DELETE FROM b WHERE i BETWEEN %d AND %d;\n", i * 61, i * 61 + 5
			if (i % 100 == 0)
				printf "SELECT v %% 100 AS g, count(DISTINCT t), group_concat(substr(t, 8, 3)) FROM a WHERE i < %d GROUP BY g;\n", i * 10
		}
		print "SELECT t FROM a ORDER BY t COLLATE NOCASE DESC, v LIMIT 300;"
		print "WITH RECURSIVE c(x, s) AS (SELECT 1, \047\047 UNION ALL SELECT x + 1, s || x FROM c WHERE x < 3000) SELECT length(s) FROM c ORDER BY x DESC LIMIT 3;"
		print "SELECT json_group_object(i, json_array(v, t)) FROM a WHERE i % 10 = 0;"
		print "ALTER TABLE a ADD COLUMN more DEFAULT 7;\nDROP INDEX av;\nREINDEX;\nVACUUM;\nANALYZE;\nPRAGMA integrity_check;"
	}'
}

rows=${long:+1000000}
rows=${rows:-25000}
version sqlite3 --version
statements >"$tmp/statements" </dev/null

# The same answers, and the same file.
fast() {
	rm -f "$tmp/db" && sqlite3 "$tmp/db" <"$tmp/statements" | sha256sum && sha256sum "$tmp/db" || return
	sqlite3 :memory: '.shell cat /proc/$PPID/maps' | preloaded sqlite3
}

in_memory() { script | sqlite3 :memory:; }
in_file() { rm -f "$tmp/db"; script | sqlite3 "$tmp/db" && sqlite3 "$tmp/db" .dump | sha256sum; }

both 'in memory' in_memory
both 'in a file' in_file
both 'statements one by one' fast
finish
