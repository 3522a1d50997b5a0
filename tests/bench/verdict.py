# SPDX-License-Identifier: GPL-2.0
"""The bars that the library is to clear, and whether it did."""
from allocators import BASE, OURS

SLOWER = 1.03       # than glibc, on any workload
PAIR = 44           # instructions of a cached malloc and free


def _time(results):
    peers = [a for a in results.allocators if a != OURS]
    means = {a: results.mean_ratio(a, 'time') for a in [OURS] + peers}
    if None in means.values():
        return None, 'time: no workload was finished by every allocator'
    best = min(peers, key=means.get)
    return means[OURS] <= means[best], 'time: geometric mean %.3f of %s; the best other is %s with %.3f' % (
        means[OURS], BASE, best, means[best])


def _slow(results):
    slow = []
    for w in results.workloads:
        ratio = results.ratio(w, OURS, 'time')
        if ratio is None or ratio <= SLOWER:
            continue
        spread = max(results.spread(w, OURS) or 0, results.spread(w, BASE) or 0)
        slow.append('%s %.2f' % (w, ratio) + (' (spread %.0f %%)' % (100 * spread)
                                            if spread > ratio - SLOWER else ''))
    if not slow:
        return True, 'time: no workload takes more than %.2f of %s' % (SLOWER, BASE)
    return False, 'time: over %.2f of %s: %s' % (SLOWER, BASE, ', '.join(slow))


def _memory(results):
    mean = results.mean_ratio(OURS, 'mean_rss')
    if mean is None:
        return None, 'memory: no workload was finished by every allocator'
    return mean <= 1, 'memory: geometric mean of mean resident memory %.3f of %s; at most 1.000' % (
        mean, BASE)


def _pair(results):
    count = results.instructions.get(OURS)
    if count is None:
        return None, 'instructions: not counted'
    return count <= PAIR, 'instructions: %.1f for a cached malloc and free; at most %d' % (count, PAIR)


def verdicts(results):
    """Pairs of True, False or None (not measured) and a line."""
    if OURS not in results.allocators:
        return [(None, '%s was not measured' % OURS)]
    return [_time(results), _slow(results), _memory(results), _pair(results)]


def word(passed):
    return 'NOT MEASURED' if passed is None else 'PASS' if passed else 'FAIL'
