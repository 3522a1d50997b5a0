#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Python, whose own allocator is turned off so that each object is a malloc.
. "$(dirname "$0")/lib.bash"
export PYTHONMALLOC=malloc PYTHONHASHSEED=0 PYTHONDONTWRITEBYTECODE=1
python=/usr/bin/python3
version $python -VV

summed() { "$python" -c 'print(sum(range(10**6)))'; }

juggled() {
	"$python" - <<'END'
import concurrent.futures, gc, hashlib, json, random, re, zlib
def work(seed):
    r = random.Random(seed)
    data = [{"id": i, "name": "n%d" % r.randrange(10**6), "list": [r.random() for _ in range(r.randrange(40))]}
            for i in range(1500)]
    text = json.dumps(data, sort_keys=True)
    back = json.loads(text)
    assert back == data
    words = sorted(re.findall(r"n\d+", text), key=lambda w: (len(w), w))
    packed = zlib.compress(text.encode() * 3)
    assert zlib.decompress(packed).decode() == text * 3
    big = bytearray(5_000_000)
    for i in range(60):
        big.extend(b"x" * i * 1000)
        del big[::2]
    gc.collect()
    return hashlib.sha256((text + "".join(words)).encode() + bytes(big)).hexdigest()
with concurrent.futures.ThreadPoolExecutor(4) as pool:
    for h in pool.map(work, range(12)):
        print(h)
END
}

forked() {
	"$python" - <<'END'
import hashlib, multiprocessing, threading
def work(n):
    return hashlib.sha256(str([str(i) * 3 for i in range(n)]).encode()).hexdigest()
def noise():
    while not done:
        [bytearray(i * 100) for i in range(300)]
done = False
threads = [threading.Thread(target=noise) for _ in range(2)]
[t.start() for t in threads]
with multiprocessing.get_context("fork").Pool(3) as pool:
    print("\n".join(pool.map(work, range(2000, 6000, 200))))
done = True
[t.join() for t in threads]
END
}

self_tested() {
	"$python" - <<'END'
import doctest, importlib
for name in ("heapq", "difflib", "bisect", "fractions", "statistics", "collections", "decimal", "random", "textwrap"):
    print(name, doctest.testmod(importlib.import_module(name)))
END
}

both 'sum' summed
both 'json, zlib, sorting in four threads' juggled
both 'processes forked among threads' forked
both 'modules that test themselves' self_tested
finish
