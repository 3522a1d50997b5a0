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

in_memory() { script | sqlite3 :memory:; }
in_file() { rm -f "$tmp/db"; script | sqlite3 "$tmp/db" && sqlite3 "$tmp/db" .dump | sha256sum; }

both 'in memory' in_memory
both 'in a file' in_file
finish
