#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Python's own tests: each test passes, fails or is skipped as it does plainly, with each object a malloc.
. "$(dirname "$0")/lib.bash"
settings=("${few[@]}")
export PYTHONMALLOC=malloc PYTHONHASHSEED=0 PYTHONDONTWRITEBYTECODE=1 LC_ALL=C.UTF-8
python=/usr/bin/python3
version $python -VV

# Of the whole what neither waits nor measures time nor opens connections, and is not slow.
tests=(array ast asyncgen binascii builtin bytes call codecs collections copy coroutines csv ctypes
	dataclasses datetime deque descr dict difflib email enum exceptions fileio float format fstring functools generators
	grammar hashlib heapq inspect iter itertools json list long marshal math memoryio memoryview minidom ordered_dict
	pathlib patma pickle pickletools pyexpat random re sax set shelve sort string struct super syntax textwrap
	threading_local tokenize traceback types typing unicode userlist userstring weakset xml_etree xml_etree_c
	zlib zoneinfo)
tests=("${tests[@]/#/test_}")
[ -z "$long" ] || mapfile -t tests < <($python -m test --list-tests)

# Names of tests with what became of them.
tested() {
	rm -rf "$tmp/work" && mkdir "$tmp/work" && cd "$tmp/work" || return
	$python -m test -j2 --timeout 1200 --junit-xml "$tmp/results.xml" "${tests[@]}" >"$tmp/out" 2>&1
	at_least 10000 "$(grep -o '<testcase ' "$tmp/results.xml" | wc -l)" tests || return
	awk '/^== Tests result/ { said = 1 } said && !/^(Total|.*omitted)/' "$tmp/out"
	$python - "$tmp/results.xml" <<'END'
import sys, xml.etree.ElementTree
for case in sorted((case.get("name"), case.get("status"), case.get("result"), *(child.tag for child in case))
                   for case in xml.etree.ElementTree.parse(sys.argv[1]).iter("testcase")):
    print(*case)
END
}

mapped() {
	$python -c 'print(open("/proc/self/maps").read())' >"$tmp/maps" || return
	preloaded python3 <"$tmp/maps"
}

both 'python' mapped
both "python's own tests" tested
finish
