# SPDX-License-Identifier: GPL-2.0
"""A request server under watch: how it is started, what is read of it, how it is stopped."""
import collections
import mmap
import os
import struct
import subprocess
import time

WEIR = '/sys/kernel/mm/weir'
TICKS = os.sysconf('SC_CLK_TCK')

# Counts since the start; of heap and mmap None where there is no module to count them.
Sample = collections.namedtuple('Sample', 'time requests minflt mmap heap system rss')


def read(path):
    with open(path) as f:
        return f.read()


class Server:
    """command is run as the admin would type it, the words that say how to serve behind it."""

    def __init__(self, name, title, command, serve, variables=None):
        self.name = name
        self.title = title
        status = f'/tmp/status.{name}'
        with open(status, 'wb') as f:
            f.truncate(mmap.PAGESIZE)
        words = command + serve + ['--status', status]
        shown = [f'{k}={v}' for k, v in (variables or {}).items()]
        self.line = ' '.join(shown + command + serve)
        self.process = subprocess.Popen(words, env={**os.environ, **(variables or {})})
        self.pid = self.process.pid
        with open(status, 'r+b') as f:
            self.status = mmap.mmap(f.fileno(), mmap.PAGESIZE)
        self.attached = f'{WEIR}/processes/{self.pid}'

    def word(self, index):
        return struct.unpack_from('=Q', self.status, 8 * index)[0]

    def hold(self, on):
        struct.pack_into('=Q', self.status, 16, on)

    def wait(self, condition, what, seconds=30):
        end = time.monotonic() + seconds
        while not condition():
            if self.process.poll() is not None:
                raise RuntimeError(f'server {self.name} (pid {self.pid}) has died: '
                                   f'status {self.process.returncode}')
            if time.monotonic() > end:
                raise RuntimeError(f'server {self.name} (pid {self.pid}) {what} after {seconds} s')
            time.sleep(0.001)

    def serving(self, attached):
        self.wait(lambda: self.word(1) > 0, 'has served no request')
        if attached:
            self.wait(lambda: os.path.isdir(self.attached), 'is not in processes/')
        self.started = self.stat()[19]

    def stat(self):
        """/proc/PID/stat from its third field, the state, on."""
        return read(f'/proc/{self.pid}/stat').rpartition(')')[2].split()

    def rss(self):
        """In KiB and exact, which the figure in /proc/PID/status is not."""
        for line in read(f'/proc/{self.pid}/smaps_rollup').splitlines():
            if line.startswith('Rss:'):
                return int(line.split()[1])
        raise RuntimeError(f'/proc/{self.pid}/smaps_rollup has no Rss')

    def counter(self, name):
        return int(read(f'{self.attached}/{name}')) if os.path.isdir(self.attached) else None

    def sample(self):
        """All at one point between two requests: faults and requests belong together exactly."""
        self.hold(1)
        try:
            self.wait(lambda: self.word(0) == self.word(1), 'is still at one request')
            stat = self.stat()
            minflt = self.counter('minflt')
            return Sample(time.monotonic(), self.word(1),
                          int(stat[7]) if minflt is None else minflt,
                          self.counter('mmap_minflt'), self.counter('heap_minflt'),
                          int(stat[12]) / TICKS, self.rss())
        finally:
            self.hold(0)

    def is_same(self):
        """Never restarted: the start time tells the process from a later one of its pid."""
        return self.process.poll() is None and self.stat()[19] == self.started

    def stop(self):
        self.process.terminate()
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise RuntimeError(f'server {self.name} (pid {self.pid}) does not end on SIGTERM')
