"""Take away from the calling process everything that decoding does not need. There is no way back out.

Meant for a child that was forked for one piece of work. Limits always, the seccomp filter where the system has one.
"""

from __future__ import annotations

import gc
import os
import resource
from itertools import pairwise
from pathlib import Path

from . import seccomp


def enter(*, space_bytes: int, cpu_s: int, keep: set[int]) -> None:
    """Confine this process.

    Args:
        space_bytes: address space it may take in all; `address_space` says what it has now.
        cpu_s: processor seconds until the kernel ends it.
        keep: file descriptors that stay open; every other one is closed.

    Raises:
        OSError: the seccomp filter was refused. Where none is known for the system, limits are all there is.
    """
    gc.disable()  # a collection would touch every page shared with the parent
    _close_all_but(keep)
    _limit(resource.RLIMIT_AS, space_bytes)
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))  # the soft one first: its signal says why it ended
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_CORE, 0)  # a core file would be somebody's voice on disk
    _limit(resource.RLIMIT_NOFILE, 0)
    _limit(resource.RLIMIT_NPROC, 0)
    if seccomp.supported():
        seccomp.install()


def _limit(what: int, value: int) -> None:
    resource.setrlimit(what, (value, value))


def _close_all_but(keep: set[int]) -> None:
    most = min(resource.getrlimit(resource.RLIMIT_NOFILE)[0], 65_536)
    edges = [-1, *sorted(keep), most]
    for low, high in pairwise(edges):
        os.closerange(low + 1, high)


def address_space() -> int:
    """Bytes of address space that this process has; a generous guess where the system does not say."""
    statm = Path("/proc/self/statm")
    if not statm.exists():
        return 1 << 32
    return int(statm.read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
