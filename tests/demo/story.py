#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The demo's story, told inside the virtual machine: story.py DIRECTORY."""
import os
import signal
import subprocess
import sys

from server import WEIR, Server
from table import Table
from verdict import Verdict

RATE = 100
LARGE_RATE = 1
LARGE_PAGES = (64 << 20) // 4096
SMALL = ['--size', '2M', '--pages', '6', '--rate', str(RATE)]
LARGE = ['--size', '64M', '--pages', 'all', '--rate', str(LARGE_RATE)]
PLAIN = ['build/demo/server']
PRELOAD = {'LD_PRELOAD': 'build/libweir.so', 'WEIR_OPTIONS': 'policy=fixed'}
CONTROL = ['weirctl', 'run', 'policy=fixed', '--', 'build/demo/server']
HUGE = '/sys/kernel/mm/transparent_hugepage/enabled'


class Story:
    def __init__(self, directory):
        self.table = Table(directory)
        self.verdict = Verdict(self.table)
        self.running = {}

    def start(self, name, title, command, serve, variables=None, weir=True):
        server = Server(name, title, command, serve, variables)
        self.running[name] = server
        self.table.say(f'        $ {server.line} &')
        server.serving(attached=weir)
        return server

    def stop(self, *names):
        for name in names:
            status = self.running.pop(name).stop()
            self.verdict.claim(f'server {name} ends with status 0', status, status == 0)

    def shell(self, server, label, command):
        """Exactly what the table shows, typed in the directory that its first lines name."""
        done = subprocess.run(['sh', '-c', command], cwd=WEIR, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise RuntimeError(f'`{command}` failed with status {done.returncode}')
        self.table.did(server, label, command)

    def echo(self, value, server, knob):
        where = 'defaults' if server == 'defaults' else f'processes/{server.pid}'
        name = server if server == 'defaults' else server.name
        self.shell(name, f'{name}: {knob}={value}', f'echo {value} > {where}/{knob}')

    # ---- the steps ------------------------------------------------------------------------------

    def as_started(self):
        self.table.step(1, 'Server A, 2 MiB a request, under weir with the policy that mallopt(3) documents: '
                        'each buffer is mapped alone, six pages fault, free unmaps it.')
        a = self.start('A', 'weir', PLAIN, SMALL, PRELOAD)
        self.table.show(a)
        rows = self.table.watch(6)['A'][1:]
        self.verdict.faults('A', rows, 6, 'mmap')
        self.verdict.faults('A', rows, 0, 'heap')
        self.verdict.faults('A', rows, 6)
        self.verdict.note('A weir, 2 MiB', 'as started', rows)
        return a

    def two_knobs(self, a):
        self.table.step(2, 'Two knobs of the running A: nothing mapped alone (the faults move into the heap, which '
                        'is trimmed after each request), then no trimming (they are gone).')
        self.echo(0, a, 'mmap_max')
        rows = self.table.watch(3)['A'][1:]
        self.verdict.faults('A', rows, 0, 'mmap')
        self.echo(-1, a, 'trim_threshold')
        first, *rows = self.table.watch(6)['A']
        self.verdict.settles('A, within a second,', [first], 2 * 6)
        self.verdict.faults('A', rows, 0, tolerance=0)
        self.verdict.note('A weir, 2 MiB', 'mmap_max=0 trim_threshold=-1', rows)

    def given_back(self, a):
        self.table.step(3, 'Both given back to the system default: as at the start.')
        self.echo('default', a, 'mmap_max')
        self.table.watch(1)
        self.echo('default', a, 'trim_threshold')
        rows = self.table.watch(5)['A'][1:]
        self.verdict.faults('A', rows, 6, 'mmap')
        self.verdict.faults('A', rows, 6)
        self.verdict.note('A weir, 2 MiB', 'given back to the defaults', rows)

    def system_default(self, a):
        self.table.step(4, 'The system default changes. B, which runs already and has no values of its own, follows '
                        'at once; A, which the admin gives its own, does not.')
        b = self.start('B', 'weir', CONTROL, SMALL)
        self.table.show(a, b)
        self.table.watch(1)
        self.echo(65536, a, 'mmap_max')
        self.table.watch(1)
        self.echo('128K', a, 'trim_threshold')
        before = self.table.watch(4)
        self.verdict.faults('B', before['B'][1:], 6)
        self.verdict.note('B weir, 2 MiB', 'as started', before['B'][1:])
        self.echo(-1, 'defaults', 'trim_threshold')
        self.table.watch(1)
        self.echo(0, 'defaults', 'mmap_max')
        after = self.table.watch(6)
        self.verdict.settles('B, within a second,', after['B'][:1], 2 * 6)
        self.verdict.faults('B', after['B'][1:], 0, tolerance=0)
        self.verdict.note('B weir, 2 MiB', 'defaults: mmap_max=0 trim_threshold=-1', after['B'][1:])
        self.verdict.faults('A', after['A'], 6)
        self.verdict.note('A weir, 2 MiB', 'at the same time, with its own values', after['A'])
        self.echo('default', 'defaults', 'mmap_max')
        self.table.watch(1)
        self.echo('default', 'defaults', 'trim_threshold')
        again = self.table.watch(4)
        self.verdict.faults('B', again['B'][1:], 6)
        self.verdict.faults('A', again['A'], 6)
        self.verdict.note('B weir, 2 MiB', 'defaults given back', again['B'][1:])
        self.verdict.claim('A is the process of step 1', 'another', a.is_same())
        self.stop('B')

    def beside_glibc(self, a):
        self.table.step('5a', 'The same server under plain glibc beside A. Its way out is mallopt in the source and a '
                        'restart; A needs two more echoes.')
        g = self.start('G', 'glibc, 128K', PLAIN, SMALL, {'MALLOC_MMAP_THRESHOLD_': '131072'}, weir=False)
        self.table.show(a, g)
        rows = self.table.watch(4)
        self.verdict.faults('G', rows['G'][1:], 6)
        self.verdict.faults('A', rows['A'][1:], 6)
        self.echo(-1, a, 'trim_threshold')
        self.table.watch(1)
        self.echo(0, a, 'mmap_max')
        rows = self.table.watch(5)
        self.verdict.faults('G', rows['G'], 6)
        self.verdict.note('G glibc, 2 MiB', 'M_MMAP_THRESHOLD=128K', rows['G'])
        self.verdict.faults('A', rows['A'][1:], 0, tolerance=0)
        self.verdict.claim('A is the process of step 1', 'another', a.is_same())
        self.stop('A', 'G')

    def large(self):
        self.table.step('5b', '64 MiB a request, every page touched. glibc\'s own dynamic threshold ends at 32 MiB: H '
                        'faults for ever. So does W, until two knobs are turned; given back, so is its memory.')
        w = self.start('W', 'weir', CONTROL, LARGE)
        self.table.show(w)
        rows = self.table.watch(4)['W']
        self.verdict.faults('W', rows, LARGE_PAGES, tolerance=1)
        self.verdict.note('W weir, 64 MiB', 'as started', rows)
        self.shell('W', 'W: mmap_max=0 trim_threshold=-1',
                   f'weirctl set {w.pid} mmap_max=0 trim_threshold=-1')
        rows = self.table.watch(3)['W']
        self.verdict.settles('W, within three seconds,', rows, LARGE_PAGES + LARGE_PAGES // 100)
        h = self.start('H', 'glibc', PLAIN, LARGE, weir=False)
        self.table.show(w, h)
        rows = self.table.watch(7)
        self.verdict.faults('H', rows['H'], LARGE_PAGES, tolerance=1)
        self.verdict.note('H glibc, 64 MiB', 'defaults', rows['H'])
        self.verdict.at_most('W', rows['W'], LARGE_PAGES / 100)
        self.verdict.note('W weir, 64 MiB', 'mmap_max=0 trim_threshold=-1', rows['W'])
        self.stop('H')
        self.table.show(w)
        self.shell('W', 'W: trim_threshold=default', f'weirctl set {w.pid} trim_threshold=default')
        self.table.watch(2)
        self.shell('W', 'W: mmap_max=default', f'weirctl set {w.pid} mmap_max=default')
        rows = self.table.watch(3)['W']
        self.verdict.faults('W', rows, LARGE_PAGES, tolerance=1)
        self.verdict.claim('W holds less than 4 MiB once its memory is given back',
                           f'{rows[-1].rss / 1024:.1f} MiB', rows[-1].rss < 4096)
        self.verdict.note('W weir, 64 MiB', 'given back to the defaults', rows)
        self.stop('W')

    # ---- the whole ------------------------------------------------------------------------------

    def introduce(self):
        print(f'''weir: malloc thresholds turned while the servers run, none of which is restarted.
Machine   emulated by QEMU, Linux {os.uname().release}, {os.cpu_count()} CPUs: counts are exact, times are the emulator's.
Load      {RATE} requests/s of 2 MiB, of which 6 pages are touched; {LARGE_RATE} request/s of 64 MiB, all touched.
          Transparent huge pages are off, so that each page of 4 KiB is a fault.
Columns   what a server did in the second: req, its requests; mmap, its minor faults in chunks mapped alone; heap, in
          the heap; sys%, its system CPU; RSS, MiB resident between two requests.
          A command stands on the line of the second that follows it.

# cd {WEIR}''', flush=True)

    def tell(self):
        with open(HUGE, 'w') as f:
            f.write('never')
        self.introduce()
        a = self.as_started()
        self.two_knobs(a)
        self.given_back(a)
        self.system_default(a)
        self.beside_glibc(a)
        self.large()
        return self.verdict.summary()


def main():
    story = Story(sys.argv[1])
    try:
        return 0 if story.tell() else 1
    except (RuntimeError, OSError) as error:
        print(f'demo: step {story.table.step_now}: {error}', flush=True)
        return 1
    finally:
        for server in story.running.values():
            server.process.send_signal(signal.SIGKILL)


if __name__ == '__main__':
    sys.exit(main())
