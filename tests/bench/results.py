# SPDX-License-Identifier: GPL-2.0
"""What was measured, and the figures that follow from it."""
import math
import statistics

import allocators
import measure


class Results:
    def __init__(self, workloads, chosen):
        self.workloads = [w.name for w in workloads]
        self.allocators = [a.name for a in chosen]
        self.runs = {}          # (workload, allocator): list of measure.Run
        self.calls = {}         # (workload, allocator): system calls
        self.failures = []      # (workload, allocator, why)
        self.instructions = {}  # allocator: of a pair

    def add(self, workload, allocator, run):
        self.runs.setdefault((workload, allocator), []).append(run)

    def failed(self, workload, allocator, why):
        self.failures.append((workload, allocator, why))
        self.runs[workload, allocator] = []

    def has_failed(self, workload, allocator):
        return any(f[:2] == (workload, allocator) for f in self.failures)

    def median(self, workload, allocator, what):
        """None if there is none."""
        if what == 'calls':
            return self.calls.get((workload, allocator))
        values = [getattr(r, what) for r in self.runs.get((workload, allocator), [])]
        return statistics.median(values) if values else None

    def spread(self, workload, allocator, what='time'):
        """Half the distance between the quartiles, relative to the median; None for under 3 runs."""
        values = [getattr(r, what) for r in self.runs.get((workload, allocator), [])]
        if len(values) < 3:
            return None
        low, middle, high = statistics.quantiles(values, n=4, method='inclusive')
        return (high - low) / 2 / middle

    def ratio(self, workload, allocator, what):
        """To glibc's median."""
        value = self.median(workload, allocator, what)
        base = self.median(workload, allocators.BASE, what)
        return value / base if value is not None and base else None

    def mean_ratio(self, allocator, what):
        """Geometric mean over the workloads that every allocator finished."""
        ratios = [self.ratio(w, allocator, what) for w in self.workloads if self.complete(w)]
        if not ratios or None in ratios:
            return None
        return math.exp(statistics.fmean(math.log(r) for r in ratios))

    def complete(self, workload):
        """Whether all finished it but those that never finished anything."""
        able = {a for (_, a), runs in self.runs.items() if runs}
        return all(self.median(workload, a, 'time') for a in able)

    def rows(self):
        """Header and rows of the table of medians."""
        fields = measure.Run._fields + ('calls',)
        yield ('workload', 'allocator', 'runs', 'time_spread') + fields + tuple(
            f + '_ratio' for f in ('time', 'cpu', 'mean_rss', 'peak_rss'))
        for w in self.workloads:
            for a in self.allocators:
                yield (w, a, len(self.runs.get((w, a), [])), self.spread(w, a)) + tuple(
                    self.median(w, a, f) for f in fields) + tuple(
                    self.ratio(w, a, f) for f in ('time', 'cpu', 'mean_rss', 'peak_rss'))

    def single_rows(self):
        yield ('workload', 'allocator', 'run') + measure.Run._fields
        for (w, a), runs in sorted(self.runs.items()):
            for number, run in enumerate(runs):
                yield (w, a, number + 1) + run
