# SPDX-License-Identifier: GPL-2.0
"""The live table: a line a second, two servers side by side."""
import collections
import textwrap
import time

WIDTH = 118
BLOCKS = 2
BLOCK = 30

# What one server did in one second: differences of two samples.
Row = collections.namedtuple('Row', 'time seconds requests minflt mmap heap system rss')


def difference(old, new):
    def minus(a, b):
        return None if a is None or b is None else b - a

    return Row(new.time, new.time - old.time, new.requests - old.requests,
               new.minflt - old.minflt, minus(old.mmap, new.mmap), minus(old.heap, new.heap),
               100 * (new.system - old.system) / (new.time - old.time), new.rss)


def block(row):
    if row.mmap is None:
        faults = f'{row.minflt:13}'
    else:
        faults = f'{row.mmap:6} {row.heap:6}'
    return f'{row.requests:5} {faults} {row.system:4.0f} {row.rss / 1024:5.2f}'


class Table:
    """records takes every row and every command as tab-separated lines, for the plot."""

    def __init__(self, directory):
        self.start = time.monotonic()
        self.due = self.start
        self.step_now = 0
        self.servers = []
        self.last = {}
        self.command = ''
        self.samples = open(f'{directory}/samples.tsv', 'w', buffering=1)
        self.events = open(f'{directory}/events.tsv', 'w', buffering=1)
        print('seconds', 'step', 'server', 'pid', 'duration', 'requests', 'minflt', 'mmap_minflt',
              'heap_minflt', 'system_percent', 'rss_kib', sep='\t', file=self.samples)
        print('seconds', 'step', 'server', 'label', 'command', sep='\t', file=self.events)

    def say(self, text=''):
        for line in textwrap.wrap(text, WIDTH, subsequent_indent=' ' * 8) or ['']:
            print(line, flush=True)

    def step(self, number, text):
        self.step_now = number
        self.say()
        self.say(f'Step {number}  {text}')

    def show(self, *servers):
        """Begin to watch these; the titles follow."""
        self.servers = list(servers)
        self.last = {s.name: self.last[s.name] for s in servers if s.name in self.last}
        self.between()
        titles = [f'{s.name}: {s.title}, pid {s.pid}' for s in servers]
        names = [f'  req {"minflt" if self.last[s.name].mmap is None else "  mmap   heap":>13} sys%   RSS'
                 for s in servers]
        for heads in (titles, names):
            cells = [f'{h:{BLOCK}.{BLOCK}}' for h in heads + [''] * (BLOCKS - len(heads))]
            left = '   s' if heads is names else '    '
            right = 'what the admin just did' if heads is names else ''
            print(' | '.join([left] + cells + [right]).rstrip(), flush=True)
        print('-+-'.join(['-' * 4] + ['-' * BLOCK] * BLOCKS + ['-' * 42]), flush=True)

    def did(self, server, label, command):
        self.between()
        self.command = f'{self.command}; {command}' if self.command else command
        print(f'{time.monotonic() - self.start:.3f}', self.step_now, server, label, command,
              sep='\t', file=self.events)

    def sample(self, server):
        """What it did since the last look, if there was one."""
        new, old = server.sample(), self.last.get(server.name)
        self.last[server.name] = new
        if old is None:
            return None
        row = difference(old, new)
        print(f'{new.time - self.start:.3f}', self.step_now, server.name, server.pid,
              f'{row.seconds:.3f}', row.requests, row.minflt,
              *('-' if n is None else n for n in (row.mmap, row.heap)),
              f'{row.system:.1f}', row.rss, sep='\t', file=self.samples)
        return row

    def between(self):
        """The next line counts from here on; what came since the last one is for the plot alone."""
        for server in self.servers:
            self.sample(server)
        self.due = time.monotonic()

    def second(self):
        """One line; the rows by the servers' names."""
        now = time.monotonic()
        self.due = self.due + 1 if self.due > now - 0.2 else now + 1
        time.sleep(max(0, self.due - now))
        rows = {s.name: self.sample(s) for s in self.servers}
        cells = [block(rows[s.name]) for s in self.servers]
        cells += [' ' * BLOCK] * (BLOCKS - len(cells))
        seconds = f'{time.monotonic() - self.start:4.0f}'
        print(' | '.join([seconds] + cells + [self.command]).rstrip(), flush=True)
        self.command = ''
        return rows

    def watch(self, seconds):
        """So many lines; for each server the list of its rows."""
        lines = [self.second() for _ in range(seconds)]
        return {name: [line[name] for line in lines] for name in lines[0]}
