# SPDX-License-Identifier: GPL-2.0
"""What is measured.  A shape takes half a second of CPU or so under glibc at scale 1."""
import collections
import os

import traces
from allocators import TOP

Workload = collections.namedtuple('Workload', 'name command')

# Shape, threads, share of the work that the shape does of itself.
SHAPES = (
    ('pair', 1, 1),
    ('random', 1, 1),
    ('random', 4, 0.25),
    ('random', 64, 0.015),
    ('liveset', 1, 0.6),
    ('larson', 4, 0.35),
    ('producer', 2, 2),
    ('producer', 8, 0.6),
    ('churn', 4, 1),
    ('thrash', 4, 0.6),
    ('scratch', 4, 0.6),
    ('fragment', 1, 0.6),
    ('grow', 1, 1),
    ('large', 1, 1),
    ('large', 4, 0.3),
    ('request', 1, 10),
    ('trees', 1, 0.6),
    ('trees', 4, 0.2),
    ('bignum', 1, 1.5),
    ('tables', 1, 1),
    ('tables', 4, 0.25),
    ('batch', 1, 1),
    ('batch', 4, 0.34),
    ('tides', 1, 1.3),
    ('tides', 4, 0.4),
    ('release', 1, 1.5),
    ('aligned', 1, 0.7),
)
EVENTS = 5000000        # that a trace has at most
REPLAYED = 20000000     # that a run replays at scale 1, by several passes


def _shape(shape, threads, share, scale):
    name = shape if threads == 1 else '%s-%d' % (shape, threads)
    program = os.path.join(TOP, 'build', 'bench', 'shapes')
    return Workload(name, [program, shape, str(threads), repr(share * scale)])


def shapes(scale):
    return [_shape(*row, scale) for row in SHAPES]


def _replay(name, scale):
    path = traces.recorded(name, max(1000, int(EVENTS * min(scale, 1))))
    passes = max(1, round(REPLAYED * scale / traces.events(path)))
    program = os.path.join(TOP, 'build', 'bench', 'replay')
    return Workload('trace-' + name, [program, path, str(passes)])


def replays(scale, wanted):
    """The traces among the wanted names; those that are not there yet are recorded."""
    return [_replay(name, scale) for name in traces.PROGRAMS if wanted('trace-' + name)]


def names():
    return [w.name for w in shapes(1)] + ['trace-' + name for name in traces.PROGRAMS]


def chosen(scale, wanted):
    return [w for w in shapes(scale) if wanted(w.name)] + replays(scale, wanted)
