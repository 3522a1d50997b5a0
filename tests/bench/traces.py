# SPDX-License-Identifier: GPL-2.0
"""Record what real programs ask of malloc.  A trace is made once and kept in build/bench/traces."""
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time

import programs
from allocators import TOP

DIRECTORY = os.path.join(TOP, 'build', 'bench', 'traces')
RECORDER = os.path.join(TOP, 'build', 'bench', 'record.so')
LIMIT = 600     # seconds


def _recorder(path, comm, events):
    """The words in front of a command that is to be recorded."""
    return ['/usr/bin/env', 'LD_PRELOAD=' + RECORDER, 'BENCH_TRACE=' + path,
            'BENCH_TRACE_COMM=' + comm, 'BENCH_TRACE_EVENTS=%d' % events]


def _run(prefix, command, directory, stdin=None):
    with open(stdin or os.devnull, 'rb') as source:
        done = subprocess.run(prefix + command, cwd=directory, stdin=source, timeout=LIMIT,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise RuntimeError('%s: exit status %d: %s' % (' '.join(command), done.returncode,
                                                       done.stderr.strip()[-500:]))


def _python(prefix, directory):
    # Without its own arenas, which hide small objects from malloc.
    _run(prefix + ['PYTHONMALLOC=malloc', 'PYTHONHASHSEED=1'],
         ['/usr/bin/python3', '-sS', '-c', programs.PYTHON], directory)


def _perl(prefix, directory):
    _run(prefix + ['PERL_HASH_SEED=1'], ['/usr/bin/perl', '-e', programs.PERL], directory)


def _sqlite3(prefix, directory):
    script = os.path.join(directory, 'script.sql')
    with open(script, 'w') as f:
        f.write(programs.SQL)
    _run(prefix, ['/usr/bin/sqlite3', ':memory:'], directory, stdin=script)


def _cc1(prefix, directory):
    with open(os.path.join(directory, 'big.c'), 'w') as f:
        f.write(programs.c_file(250))
    _run(prefix, ['/usr/bin/gcc', '-O2', '-S', '-o', '/dev/null', 'big.c'], directory)


def _git(prefix, directory):
    git = ['/usr/bin/git', '-C', directory]
    quiet = {'cwd': directory, 'check': True, 'stdout': subprocess.DEVNULL}
    subprocess.run(git + ['init', '-q', '--bare', '.'], **quiet)
    subprocess.run(git + ['fast-import', '--quiet'], input=programs.history(1500).encode(), **quiet)
    objects = os.path.join(directory, 'objects.list')
    with open(objects, 'wb') as f:
        subprocess.run(git + ['rev-list', '--objects', '--all'], stdout=f, check=True)
    _run(prefix, git + ['pack-objects', '--threads=2', '--no-reuse-delta', '--window=20', '-q',
                        '--stdout'], directory, stdin=objects)


def _redis(prefix, directory):
    socket = os.path.join(directory, 'socket')
    server = subprocess.Popen(
        prefix + ['/usr/bin/redis-server', '--port', '0', '--unixsocket', socket, '--save', '',
                  '--dir', directory], stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while not os.path.exists(socket):
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError('redis-server did not start')
            time.sleep(0.05)
        for options in programs.REDIS:
            _run([], ['/usr/bin/redis-benchmark', '-s', socket, '-q'] + options.split(), directory)
    finally:
        server.terminate()
        server.wait()


# Name: how to run it, what the recorded process is called.
PROGRAMS = {
    'python3': (_python, 'python3'),
    'perl': (_perl, 'perl'),
    'sqlite3': (_sqlite3, 'sqlite3'),
    'cc1': (_cc1, 'cc1'),
    'git': (_git, 'git'),
    'redis': (_redis, 'redis-server'),
}


def recorded(name, events):
    """The path of the trace."""
    path = os.path.join(DIRECTORY, '%s-%d' % (name, events))
    if os.path.exists(path):
        return path
    print('bench: recording %s' % name, file=sys.stderr, flush=True)
    os.makedirs(DIRECTORY, exist_ok=True)
    run, comm = PROGRAMS[name]
    partial = path + '.part'
    directory = tempfile.mkdtemp(prefix='bench-')
    try:
        if os.path.exists(partial):
            os.unlink(partial)
        run(_recorder(partial, comm, events), directory)
        os.rename(partial, path)
    except (OSError, subprocess.SubprocessError) as error:
        raise RuntimeError('no trace of %s: %s' % (name, error)) from error
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return path


def events(path):
    """How many it has."""
    with open(path, 'rb') as f:
        f.seek(16)
        return struct.unpack('<Q', f.read(8))[0]
