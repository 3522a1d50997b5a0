# SPDX-License-Identifier: GPL-2.0
"""The allocators that are compared: where they are, which version, and that they are really used."""
import glob
import os
import subprocess

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), '..', '..'))

# Name, library, Debian package.  The first is what the others are compared with.
KNOWN = (
    ('glibc', None, 'libc6'),
    ('weir', os.path.join(TOP, 'build', 'libweir.so'), None),
    ('jemalloc', 'libjemalloc.so.2', 'libjemalloc2'),
    ('tcmalloc', 'libtcmalloc_minimal.so.4', 'libtcmalloc-minimal4'),
    ('mimalloc', 'libmimalloc.so.2.0', 'libmimalloc2.0'),
)
BASE = 'glibc'
OURS = 'weir'
# Settings of the user's that would change what is measured.  WEIR_OPTIONS is meant to.
UNWANTED = ('LD_PRELOAD', 'GLIBC_TUNABLES', 'MALLOC_', 'MALLOC_CONF', 'TCMALLOC_', 'MIMALLOC_')


class Allocator:
    def __init__(self, name, library, version):
        self.name = name
        self.library = library
        self.version = version

    def environment(self):
        env = {k: v for k, v in os.environ.items() if not k.startswith(UNWANTED)}
        if self.library:
            env['LD_PRELOAD'] = self.library
        return env

    def check(self):
        """Raise RuntimeError unless a program runs with it."""
        if not self.library:
            return
        maps = subprocess.run(['/bin/cat', '/proc/self/maps'], env=self.environment(),
                              capture_output=True, text=True)
        if maps.returncode or os.path.realpath(self.library) not in maps.stdout:
            raise RuntimeError('%s: %s cannot be preloaded: %s' % (
                self.name, self.library, maps.stderr.strip() or 'it is not mapped'))


def _version(package):
    if not package:
        return 'this tree'
    done = subprocess.run(['dpkg-query', '-W', '-f', '${Version}', package],
                          capture_output=True, text=True)
    return done.stdout.strip() or 'unknown version'


def _find(name, library):
    if not library or os.path.isabs(library):
        return library
    found = glob.glob('/usr/lib/*/' + library) + glob.glob('/usr/lib/' + library)
    if not found:
        raise RuntimeError('%s: no %s below /usr/lib; tests/setup/packages bench installs it'
                           % (name, library))
    return found[0]


def choose(text):
    """The allocators that a list like `weir,mimalloc,other=/path/lib.so' names, and the base."""
    known = {name: (library, package) for name, library, package in KNOWN}
    chosen = []
    for item in text.split(',') if text else [name for name, _, _ in KNOWN]:
        name, is_path, path = item.partition('=')
        if is_path:
            chosen.append(Allocator(name, os.path.realpath(path), path))
        elif name in known:
            library, package = known[name]
            chosen.append(Allocator(name, _find(name, library), _version(package)))
        else:
            raise RuntimeError("no allocator '%s'; accepted: %s, NAME=LIBRARY"
                               % (name, ' '.join(known)))
    if BASE not in [a.name for a in chosen]:
        chosen.insert(0, Allocator(BASE, None, _version('libc6')))
    chosen.sort(key=lambda a: a.name != BASE)
    for allocator in chosen:
        allocator.check()
    return chosen
