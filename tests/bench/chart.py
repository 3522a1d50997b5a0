# SPDX-License-Identifier: GPL-2.0
"""The chart: time and mean resident memory of each workload, relative to glibc."""
import os
import subprocess
import sys

from allocators import BASE, OURS

PANELS = (('time', 'Time'), ('mean_rss', 'Mean resident memory'))
# Colour, gnuplot's point type and size.
STYLES = {
    'weir': ('#d00000', 7, 1.15),
    'jemalloc': ('#1f77b4', 8, 0.95),
    'tcmalloc': ('#2ca02c', 4, 0.85),
    'mimalloc': ('#9467bd', 12, 0.95),
}
FURTHER = (('#8c564b', 2, 0.9), ('#e377c2', 1, 0.9), ('#7f7f7f', 3, 0.9), ('#bcbd22', 6, 0.9))
MEAN = 'geometric mean'
LOW, HIGH = 0.2, 8      # a panel goes no further; what is beyond stands at its edge
ROW = 21                # pixels
KEY = 0.993             # of the height


def _style(allocator, others):
    if allocator in STYLES:
        return STYLES[allocator]
    unknown = [a for a in others if a not in STYLES]
    return FURTHER[unknown.index(allocator) % len(FURTHER)]


def _points(results, what):
    """Allocator, row from above (the means last, after a gap), ratio."""
    for a in results.allocators:
        if a == BASE:
            continue
        for row, w in enumerate(results.workloads):
            ratio = results.ratio(w, a, what)
            if ratio:
                yield a, row, ratio
        mean = results.mean_ratio(a, what)
        if mean:
            yield a, len(results.workloads) + 0.5, mean


def _beyond(points, low, high, others):
    """Labels with the ratio, beside the edge where the point stands; several in a row side by side."""
    there = {}
    for a, row, ratio in points:
        if low <= ratio <= high:
            continue
        edge, side, sign = (high, 'right', -1) if ratio > high else (low, 'left', 1)
        at = there[row, side] = there.get((row, side), -1) + 1
        yield 'set label "%.*f" at %g,%g %s offset %g,0 font ",9" tc rgb "%s"' % (
            2 if ratio < 1 else 1, ratio, edge, row, side, sign * (0.8 + 4 * at), _style(a, others)[0])


def _panel(results, what, title, first):
    points = list(_points(results, what))
    low = max(LOW, min([0.8] + [p[2] for p in points]) / 1.08)
    high = min(HIGH, max([1.25] + [p[2] for p in points]) * 1.08)
    others = [a for a in results.allocators if a != BASE]
    last = len(results.workloads) + 0.5
    text = ['unset label', 'set title "%s, %s = 1" font ":Bold,13"' % (title, BASE),
            'set xrange [%g:%g]' % (low, high), 'set yrange [%g:-0.8]' % (last + 0.8)]
    # Both panels have the grid's lines, the first alone their names.
    text.append('set ytics scale 0 (%s) tc rgb "#000000"' % ', '.join(
        ['"%s" %d' % (w if first else '', i) for i, w in enumerate(results.workloads)]
        + ['"%s" %g' % ('{/:Bold %s}' % MEAN if first else '', last)]))
    text.append('set key at screen 0.5, screen %g center top horizontal maxrows 1' % KEY if first
                else 'unset key')
    text += _beyond(points, low, high, others)
    lines = ['1 -0.8', '1 %g' % (last + 0.8)]
    plots = ['$one with lines lc rgb "#444444" lw 1.6 notitle']
    text += ['$one << END', *lines, 'END']
    # Ours last: nothing covers it.
    drawn = {p[0] for p in points}
    for n, a in enumerate(sorted(drawn, key=lambda a: (a == OURS, others.index(a)))):
        colour, point, size = _style(a, others)
        text += ['$p%d << END' % n,
                 *('%g %g' % (min(max(r, low), high), row) for b, row, r in points if b == a), 'END']
        plots.append('$p%d with points pt %d ps %g lc rgb "%s" lw 1.6 title "%s"'
                     % (n, point, size, colour, a))
    return text + ['plot ' + ', '.join(plots)]


def _script(results, terminal, path):
    height = 145 + ROW * (len(results.workloads) + 2)
    text = ['set terminal %s size 1100,%d font "DejaVu Sans,11" background "#ffffff"' % (terminal, height),
            'set output "%s"' % path, 'set multiplot layout 1,2 margins 0.145,0.985,%g,%g spacing 0.02'
            % (60 / height, 1 - 85 / height),
            'set logscale x 2',
            'set xtics (0.25, 0.35, 0.5, 0.7, 1, 1.4, 2, 2.8, 4, 5.6, 8) nomirror tc rgb "#000000"',
            'set grid xtics ytics lc rgb "#dddddd" lt 1', 'set border 3 lc rgb "#888888"',
            'set xlabel "less is better" offset 0,0.3']
    for n, (what, title) in enumerate(PANELS):
        text += _panel(results, what, title, n == 0)
    return '\n'.join(text + ['unset multiplot', ''])


def draw(results, directory):
    """Whether chart.svg and chart.png were written; says why not."""
    for terminal, name in (('svg', 'chart.svg'), ('pngcairo', 'chart.png')):
        path = os.path.join(directory, name)
        try:
            done = subprocess.run(['gnuplot'], input=_script(results, terminal, path), text=True,
                                  capture_output=True)
        except OSError as error:
            print('bench: no chart:', error, file=sys.stderr)
            return False
        if done.returncode or done.stderr:
            print('bench: no chart: gnuplot: ' + done.stderr.strip(), file=sys.stderr)
            return False
    return True
