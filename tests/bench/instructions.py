#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Count the instructions of a malloc and free of a cached size.

usage: tests/bench/instructions [ALLOCATORS]

ALLOCATORS is a list as tests/bench/run takes it.  A loop mallocs and frees one block of each size from
16 to 143 bytes in turn, under callgrind, for two numbers of rounds: the difference leaves out start and
end.  The same loop calls functions that return at once; their count, less the three instructions that
they have of their own, is that of the loop and of the way through the PLT, and is not counted.
valgrind has no restartable sequences: an allocator that uses them takes its other path here.
"""
import os
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import allocators
from allocators import TOP

SIZES = 128
ROUNDS = 500, 2500
STUB = 3
COUNT = os.path.join(TOP, 'build', 'bench', 'count')


def _total(what, rounds, allocator):
    env = allocator.environment()
    with tempfile.NamedTemporaryFile('r') as out:
        done = subprocess.run(['valgrind', '--tool=callgrind', '--callgrind-out-file=' + out.name,
                               COUNT, what, str(rounds)], env=env, capture_output=True, text=True)
        found = re.search(r'^(?:summary|totals): (\d+)', out.read(), re.M)
    if done.returncode or not found:
        raise RuntimeError('%s under callgrind: exit status %d: %s' % (
            allocator.name, done.returncode, done.stderr.strip()[-300:]))
    return int(found[1])


def _each(what, allocator):
    few, many = (_total(what, rounds, allocator) for rounds in ROUNDS)
    return (many - few) / (ROUNDS[1] - ROUNDS[0]) / SIZES


def count(allocator):
    return _each('malloc', allocator) - _each('stub', allocator) + STUB


def main():
    if len(sys.argv) > 2 or sys.argv[1:] in (['-h'], ['--help']):
        print(__doc__)
        return 0 if len(sys.argv) == 2 else 2
    try:
        subprocess.run([os.path.join(TOP, 'tests', 'bench', 'build')], check=True)
        for allocator in allocators.choose(sys.argv[1] if len(sys.argv) > 1 else ''):
            print('%-10s %6.1f' % (allocator.name, count(allocator)), flush=True)
    except (RuntimeError, subprocess.CalledProcessError) as error:
        print('bench:', error, file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
