# SPDX-License-Identifier: GPL-2.0
"""Run a program once and measure it from outside."""
import collections
import os
import re
import subprocess
import tempfile
import time

PERIOD = 0.004      # seconds between two looks at the resident memory
LIMIT = 300         # seconds that a run may take

# Seconds, bytes, counts.  time is the program's own; cpu includes its start and its end.
Run = collections.namedtuple('Run', 'time cpu mean_rss peak_rss mean_anon minflt majflt')

RESULT = re.compile(r'time (\S+) minflt (\d+) majflt (\d+) peak (\d+)\n')
PAGE = os.sysconf('SC_PAGE_SIZE')

# Those that allocators are known to make; those that threads and files need are not counted.
CALLS = ('%memory', 'futex', 'sched_yield', 'getcpu', 'membarrier', 'clock_nanosleep', 'nanosleep',
         'prctl', 'process_madvise')


class Failed(Exception):
    """The program did not do its work."""


class _Memory:
    """Mean of what /proc/PID/statm says over the time."""

    def __init__(self, pid):
        self.file = os.open('/proc/%d/statm' % pid, os.O_RDONLY)
        self.resident = self.anonymous = self.weight = 0
        self.last = time.monotonic()

    def look(self):
        try:
            fields = os.pread(self.file, 100, 0).split()
        except ProcessLookupError:
            return
        now = time.monotonic()
        resident, shared = int(fields[1]), int(fields[2])
        if resident:    # 0 once it has ended
            self.resident += resident * (now - self.last)
            self.anonymous += (resident - shared) * (now - self.last)
            self.weight += now - self.last
        self.last = now

    def mean(self):
        os.close(self.file)
        weight = self.weight or 1
        return self.resident / weight * PAGE, self.anonymous / weight * PAGE


def _watch(child):
    """Wait for the child; its memory, exit status and use of resources."""
    memory = _Memory(child.pid)
    deadline = time.monotonic() + LIMIT
    while True:
        memory.look()
        pid, status, usage = os.wait4(child.pid, os.WNOHANG)
        if pid:
            child.returncode = os.waitstatus_to_exitcode(status)
            return memory.mean(), usage
        if time.monotonic() > deadline:
            child.kill()
            os.waitpid(child.pid, 0)
            child.returncode = -9
            raise Failed('no end after %d s' % LIMIT)
        time.sleep(PERIOD)


def _reason(child, errors):
    if child.returncode < 0:
        return 'killed by signal %d: %s' % (-child.returncode, errors)
    return 'exit status %d: %s' % (child.returncode, errors)


def run(command, allocator):
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(command, env=allocator.environment(), stdin=subprocess.DEVNULL,
                                 stdout=out, stderr=errors)
        (resident, anonymous), usage = _watch(child)
        out.seek(0)
        errors.seek(0)
        text = errors.read().decode(errors='replace').strip()
        result = RESULT.fullmatch(out.read().decode(errors='replace'))
    if child.returncode or not result or 'ld.so' in text:
        raise Failed(_reason(child, text))
    return Run(float(result[1]), usage.ru_utime + usage.ru_stime, resident, int(result[4]) * 1024,
               anonymous, int(result[2]), int(result[3]))


def system_calls(command, allocator):
    """How many it makes of those in CALLS."""
    env = allocator.environment()
    preload = ['-E', 'LD_PRELOAD=' + env.pop('LD_PRELOAD')] if allocator.library else []
    with tempfile.NamedTemporaryFile('r') as table:
        done = subprocess.run(
            ['strace', '-f', '--seccomp-bpf', '-c', '-U', 'calls,name', '-o', table.name,
             '-e', 'trace=' + ','.join(CALLS)] + preload + command, env=env, timeout=LIMIT,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            raise Failed('under strace: exit status %d: %s'
                         % (done.returncode, done.stderr.strip()[-300:]))
        rows = [line.split() for line in table]
    return sum(int(row[0]) for row in rows if len(row) == 2 and row[0].isdigit()
               and row[1] != 'total')
