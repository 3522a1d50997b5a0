# SPDX-License-Identifier: GPL-2.0
"""What the steps claim, whether it came true, and the figures for the summary."""
import collections

from table import WIDTH

# Faults a request may be off by this: what the process touches besides its buffers.
TOLERANCE = 0.01

Figures = collections.namedtuple('Figures', 'server state requests faults mmap heap system rss')


def per_request(rows, field):
    requests = sum(r.requests for r in rows)
    counts = [getattr(r, field) for r in rows]
    if requests == 0:
        raise RuntimeError('no request was served in a second')
    return None if None in counts else sum(counts) / requests


class Verdict:
    def __init__(self, table):
        self.table = table
        self.claims = 0
        self.failures = []
        self.figures = []

    def claim(self, text, figure, holds):
        self.claims += 1
        if not holds:
            self.failures.append(f'step {self.table.step_now}: {text}: it was {figure}')
            self.table.say(f'NOT SO: {text}: it was {figure}')

    def faults(self, server, rows, expected, field='minflt', tolerance=TOLERANCE):
        """expected faults a request, of a region or all."""
        figure = per_request(rows, field)
        where = {'minflt': '', 'mmap': ' in chunks mapped alone', 'heap': ' in the heap'}[field]
        self.claim(f'{server} takes {expected:,} faults a request{where} (within {tolerance:g})',
                   'not counted' if figure is None else f'{figure:,.3f}',
                   figure is not None and abs(figure - expected) <= tolerance)

    def settles(self, server, rows, limit):
        """After a change the pages of one buffer may still fault, once."""
        figure = sum(r.minflt for r in rows)
        self.claim(f'{server} takes at most {limit:,} faults more', f'{figure:,}', figure <= limit)

    def at_most(self, server, rows, limit):
        figure = per_request(rows, 'minflt')
        self.claim(f'{server} takes at most {limit:,g} faults a request', f'{figure:,.3f}',
                   figure <= limit)

    def note(self, server, state, rows):
        """A line of the summary."""
        seconds = sum(r.seconds for r in rows)
        self.figures.append(Figures(
            server, state, sum(r.requests for r in rows), per_request(rows, 'minflt'),
            per_request(rows, 'mmap'), per_request(rows, 'heap'),
            sum(r.system * r.seconds for r in rows) / seconds, rows[-1].rss))

    def summary(self):
        say = self.table.say
        say()
        say('Before and after: minor faults a request, system CPU, and what stays resident between requests')
        print(f'{"server":26} {"state":38} {"requests":>8} {"faults":>9} {"mmap":>9} {"heap":>9}'
              f' {"sys%":>5} {"RSS":>7}')
        print('-' * WIDTH)
        for f in self.figures:
            regions = ['        -' if n is None else f'{n:9,.2f}' for n in (f.mmap, f.heap)]
            print(f'{f.server:26} {f.state:38} {f.requests:8,} {f.faults:9,.2f} {" ".join(regions)}'
                  f' {f.system:5.1f} {f.rss / 1024:7.2f}')
        say()
        if self.failures:
            say(f'{self.claims} claims checked, {len(self.failures)} did not hold:')
            for failure in self.failures:
                say(f'  {failure}')
        else:
            say(f'{self.claims} claims checked, all hold.')
        return not self.failures
