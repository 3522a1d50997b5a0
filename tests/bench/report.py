# SPDX-License-Identifier: GPL-2.0
"""The tables, as text and as tab-separated values."""
import os
import platform

from allocators import BASE

METRICS = (
    ('time', 'TIME', lambda v: '%.3f s' % v),
    ('cpu', 'CPU TIME, user and system, whole process', lambda v: '%.3f s' % v),
    ('mean_rss', 'MEAN RESIDENT MEMORY over the run', lambda v: '%.1f M' % (v / 2 ** 20)),
    ('peak_rss', 'PEAK RESIDENT MEMORY', lambda v: '%.1f M' % (v / 2 ** 20)),
)
COUNTS = (
    ('minflt', 'MINOR FAULTS'),
    ('calls', 'SYSTEM CALLS that allocators make (memory, futex, yield, sleep), from one run'),
)


def _number(value, form='%.2f'):
    return '-' if value is None else form % value


def _line(first, cells, width):
    return first.ljust(width) + ''.join(c.rjust(12) for c in cells)


def _ratio_cell(results, workload, allocator, what):
    if results.has_failed(workload, allocator):
        return 'FAILED'
    ratios = [results.ratio(workload, a, what) for a in results.allocators]
    ratio = results.ratio(workload, allocator, what)
    best = ratio is not None and ratio == min(r for r in ratios if r is not None)
    return _number(ratio) + ('*' if best else ' ')


def _ratio_table(results, what, title, form):
    others = [a for a in results.allocators if a != BASE]
    width = max(len(w) for w in results.workloads + ['geometric mean']) + 1
    yield '%s.  %s as measured, others relative to it; less is better, * is the least' % (title, BASE)
    yield _line('', [BASE] + [a + ' ' for a in others] + (['spread'] if what == 'time' else []), width)
    for w in results.workloads:
        base = results.median(w, BASE, what)
        cells = ['FAILED' if base is None else form(base)]
        cells += [_ratio_cell(results, w, a, what) for a in others]
        if what == 'time':
            spreads = [results.spread(w, a) for a in results.allocators]
            known = [s for s in spreads if s is not None]
            cells.append('%.1f %%' % (100 * max(known)) if known else '-')
        yield _line(w, cells, width)
    yield _line('geometric mean', ['1.00'] + [_number(results.mean_ratio(a, what)) + ' ' for a in others],
                width)


def _count_table(results, what, title):
    width = max(len(w) for w in results.workloads) + 1
    yield title
    yield _line('', results.allocators, width)
    for w in results.workloads:
        yield _line(w, [_number(results.median(w, a, what), '%d') for a in results.allocators], width)


def _pair_table(results):
    yield 'INSTRUCTIONS of a malloc and free of a cached size (16 to 143 bytes), loop and call not counted'
    for a in results.allocators:
        if a in results.instructions:
            yield _line(a, ['%.1f' % results.instructions[a]], 15)


def conditions(chosen, arguments, runs):
    """What a reader has to know to repeat it."""
    with open('/proc/cpuinfo') as f:
        model = next((l.split(':')[1].strip() for l in f if l.startswith('model name')), 'unknown')
    with open('/sys/kernel/mm/transparent_hugepage/enabled') as f:
        huge = f.read().split('[')[1].split(']')[0]
    yield 'command     tests/bench/run ' + ' '.join(arguments)
    yield 'machine     %d CPUs, %s, Linux %s, huge pages %s, load %.1f at the start' % (
        os.cpu_count(), model, platform.release(), huge, os.getloadavg()[0])
    yield 'allocators  ' + ', '.join('%s (%s)' % (a.name, a.version) for a in chosen)
    if os.getloadavg()[0] > 0.5:
        yield 'WARNING     the machine was busy: times are not to be trusted, CPU times hardly'
    if 'WEIR_OPTIONS' in os.environ:
        yield 'settings    WEIR_OPTIONS=' + os.environ['WEIR_OPTIONS']
    yield 'runs        %d of each, one of each allocator in turn; figures are medians' % runs


def tables(results):
    """All lines."""
    for what, title, form in METRICS:
        yield from _ratio_table(results, what, title, form)
        yield ''
    for what, title in COUNTS:
        if what != 'calls' or results.calls:
            yield from _count_table(results, what, title)
            yield ''
    if results.instructions:
        yield from _pair_table(results)
        yield ''


def summary(results):
    others = results.allocators
    yield 'GEOMETRIC MEANS relative to %s' % BASE
    yield _line('', others, 24)
    for what, title, _ in METRICS:
        yield _line(title.split(' over')[0].split(',')[0].capitalize(),
                    [_number(results.mean_ratio(a, what)) for a in others], 24)


def write_tsv(path, rows):
    with open(path, 'w') as f:
        for row in rows:
            print(*('' if v is None else '%.6g' % v if isinstance(v, float) else v for v in row),
                  sep='\t', file=f)
