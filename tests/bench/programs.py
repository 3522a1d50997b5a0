# SPDX-License-Identifier: GPL-2.0
"""What the recorded programs are given to do; the same on every machine."""
import random

PYTHON = '''
import json, collections, re

def record(i):
    return {"id": i, "name": "name %d" % i, "tags": ["t%d" % (i % k) for k in range(2, 9)],
            "point": [i * 0.5, i * 0.25], "parent": {"id": i // 2, "open": i % 2 == 0}}

kept = collections.OrderedDict()
words = collections.Counter()
for turn in range(40):
    text = json.dumps([record(i) for i in range(turn * 100, turn * 100 + 1500)])
    for entry in json.loads(text):
        kept[entry["id"]] = entry
        words.update(entry["tags"])
    while len(kept) > 3000:
        kept.popitem(last=False)
    by_tag = collections.defaultdict(list)
    for key, entry in kept.items():
        for tag in entry["tags"]:
            by_tag[tag].append((key, entry["name"].upper()))
    lines = sorted("%s:%s" % (tag, len(names)) for tag, names in by_tag.items())
    re.sub(r"(\\d+)", lambda m: "<" + m.group(1) + ">", text[:20000])
'''

PERL = r'''
use strict;
srand(1);
my (%index, @log);
for my $turn (1 .. 60) {
    my @lines = map { join ' ', map { 'w' . int(rand(5000)) } 1 .. 12 } 1 .. 1000;
    for my $line (@lines) {
        my @words = split / /, $line;
        push @{ $index{$_} }, length $line for @words;
        (my $copy = $line) =~ s/w(\d)/W$1-/g;
        push @log, { line => $copy, words => [ @words[0 .. 3] ], n => scalar @words };
    }
    splice @log, 0, 3000 if @log > 6000;
    delete $index{ 'w' . int(rand(5000)) } for 1 .. 1500;
    my @sorted = sort { $a->{line} cmp $b->{line} } @log[0 .. 500];
    my $text = join "\n", map { $_->{line} } @sorted;
}
'''

SQL = '''
PRAGMA cache_size = -16000;
CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT, price REAL, note TEXT);
CREATE TABLE sale (item INTEGER, day INTEGER, number INTEGER);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
 INSERT INTO item SELECT i, 'item ' || (i * 7919 % 60000), i * 0.5, printf('%0*d', i % 200, i) FROM n;
CREATE INDEX item_name ON item (name);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120000)
 INSERT INTO sale SELECT i * 31 % 60000, i % 365, i % 10 FROM n;
SELECT name, sum(number * price) AS total FROM item JOIN sale ON item = id GROUP BY name ORDER BY total;
SELECT day, group_concat(DISTINCT substr(name, 1, 6)) FROM sale JOIN item ON id = item GROUP BY day;
SELECT json_group_array(json_object('id', id, 'name', name)) FROM item WHERE id % 3 = 0;
UPDATE item SET note = note || name WHERE id % 2 = 0;
DELETE FROM item WHERE id % 5 = 0;
SELECT upper(name), replace(note, '0', 'oh') FROM item ORDER BY note DESC LIMIT 20000;
''' + ''.join('SELECT name, price FROM item WHERE name = \'item %d\' OR id = %d;\n' % (i, i * 3)
              for i in range(12000))

# Options of redis-benchmark, one run each.
REDIS = (
    '-n 60000 -r 50000 -d 40 -t set,get,incr,sadd,hset,zadd,lpush,lpop',
    '-n 30000 -r 20000 -d 700 -t set,get,lpush,rpop -P 8',
    '-n 10000 -r 2000 -d 5000 -t set,get',
    '-n 60000 -r 50000 del key:__rand_int__',
    '-n 20000 -r 50000 append key:__rand_int__ some-more-text-for-this-key',
)


def _function(number, r):
    names = 'abcdefgh'
    lines = ['static unsigned f%d(unsigned a, unsigned *v, struct s%d *s)' % (number, number % 50),
             '{', '\tunsigned b = a * %du, c = 1, d = 0, e = v[0], f = v[1], g = 7, h = s->x;'
             % (r.randrange(3, 999) | 1), '\tint i, j;']
    for _ in range(r.randrange(2, 6)):
        x, y, z = r.sample(names, 3)
        lines += [
            '\tfor (i = 0; i < %d; i++) {' % r.randrange(4, 90),
            '\t\t%s += (%s ^ %s) >> %d;' % (x, y, z, r.randrange(1, 9)),
            '\t\tswitch (%s %% %d) {' % (x, r.randrange(4, 9)),
            '\t\tcase 0: %s = v[i %% 16] * %s; break;' % (y, z),
            '\t\tcase 1: v[i %% 16] += %s; s->y = %s; break;' % (x, z),
            '\t\tcase 2: for (j = 0; j < 8; j++) s->z[j] += %s + v[j]; break;' % y,
            '\t\tcase 3: if (%s > %s) return %s; /* fall through */' % (x, y, z),
            '\t\tdefault: %s -= %s;' % (z, x), '\t\t}', '\t}']
    if number:
        lines.append('\tb += f%d(c, v, (void *)s);' % r.randrange(max(0, number - 20), number))
    return lines + ['\treturn a + b + c + d + e + f + g + h;', '}']


def c_file(functions):
    r = random.Random(1)
    lines = ['struct s%d { unsigned x, y, z[8]; char pad%d[%d]; };' % (i, i, i + 1)
             for i in range(50)]
    for number in range(functions):
        lines += _function(number, r)
    lines += ['unsigned all(unsigned *v, void *s)', '{', '\tunsigned sum = 0;']
    lines += ['\tsum += f%d(sum, v, s);' % i for i in range(functions)]
    return '\n'.join(lines + ['\treturn sum;', '}', ''])


def history(commits):
    """A repository as `git fast-import' takes it: 60 files that change by lines."""
    r = random.Random(1)
    files = [['line %d of %d %d' % (i, n, r.randrange(10 ** 6)) for i in range(150 + 10 * n)]
             for n in range(60)]
    out = []
    for commit in range(commits):
        out.append('commit refs/heads/main\ncommitter A <a@example.org> %d +0000\ndata 8\nchange\n\n'
                   % (10 ** 9 + commit * 600))
        for n in r.sample(range(60), 3) if commit else range(60):
            for _ in range(r.randrange(1, 8)):
                files[n][r.randrange(len(files[n]))] = 'new %d' % r.randrange(10 ** 9)
            text = '\n'.join(files[n]) + '\n'
            out.append('M 100644 inline dir%d/file%d\ndata %d\n%s\n' % (n % 7, n, len(text), text))
    return ''.join(out) + 'done\n'
