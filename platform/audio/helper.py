"""The decoder's own process: small, warm, and forking a confined child for every file.

A fork of a process that has imported only numpy and soundfile takes about a millisecond; a new interpreter takes two
hundred. The helper itself never looks at a file. It talks over one socket: a request is a fixed struct with three
descriptors (the file, the room, a socket for the answer); the answer is the child's exit status as four bytes. When
the caller goes away the socket ends and so does the helper.
"""

from __future__ import annotations

import gc
import mmap
import os
import selectors
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import astuple, dataclass

from . import confine, seccomp

_REQUEST = struct.Struct("=QQQII")
ANSWER = struct.Struct("=i")
CONFINED, LIMITED = b"C", b"L"  # the greeting: filter and limits, or limits alone
_STATUS_UNCONFINED = 120

Work = Callable[[int, mmap.mmap, int], None]


@dataclass(frozen=True, slots=True)
class Request:
    """How much of everything one child may use.

    `frames_max` samples per channel; the room's size and the memory beyond the parent's, in bytes;
    processor and wall-clock seconds.
    """

    frames_max: int
    room_bytes: int
    memory_bytes: int
    cpu_s: int
    wall_s: int


@dataclass(frozen=True, slots=True)
class _Child:
    answer: socket.socket
    deadline: float


def pack(request: Request) -> bytes:
    """The request as it goes over the socket."""
    return _REQUEST.pack(*astuple(request))


def serve(control: socket.socket, work: Work) -> None:
    """Answer requests until the caller's end of `control` is closed; `work` runs in the confined children."""
    space_bytes = _prepared()
    gc.freeze()  # children share these pages for as long as nobody counts references in them
    children: dict[int, _Child] = {}
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    os.set_blocking(wake_read, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    with selectors.DefaultSelector() as selector:
        selector.register(control, selectors.EVENT_READ)
        selector.register(wake_read, selectors.EVENT_READ)
        while True:
            ready = [key.fileobj for key, _ in selector.select(_patience(children))]
            if wake_read in ready:
                with suppress(BlockingIOError):
                    os.read(wake_read, 4096)
            if control in ready and not _accept(control, work, children, space_bytes):
                break
            _reap(children)
    for pid in children:
        os.kill(pid, signal.SIGKILL)


def _prepared() -> int:
    """Build here what every child would build again; the address space that a child starts with."""
    if seccomp.supported():
        seccomp.ready()
    return confine.address_space()


def _patience(children: dict[int, _Child]) -> float | None:
    if not children:
        return None
    return max(0.0, min(child.deadline for child in children.values()) - time.monotonic())


def _accept(control: socket.socket, work: Work, children: dict[int, _Child], space_bytes: int) -> bool:
    message, descriptors, _, _ = socket.recv_fds(control, _REQUEST.size, 3)
    if len(message) < _REQUEST.size or len(descriptors) != 3:
        return False
    source, room, answer = descriptors
    request = Request(*_REQUEST.unpack(message))
    pid = os.fork()
    if pid == 0:
        _child(source, room, request, work, space_bytes)
    os.close(source)
    os.close(room)
    children[pid] = _Child(socket.socket(fileno=answer), time.monotonic() + request.wall_s)
    return True


def _child(source: int, room: int, request: Request, work: Work, space_bytes: int) -> None:
    status = _STATUS_UNCONFINED
    try:
        # Away from the parent's loop first: a signal here must end the child, not wake the helper.
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        memory = mmap.mmap(room, request.room_bytes)
        confine.enter(space_bytes=space_bytes + request.memory_bytes, cpu_s=request.cpu_s, keep={source})
        status = 1
        work(source, memory, request.frames_max)
        status = 0
    finally:
        os._exit(status)  # no handler, buffer or destructor of the parent's may run here


def _reap(children: dict[int, _Child]) -> None:
    now = time.monotonic()
    for pid, child in list(children.items()):
        if child.deadline <= now:
            os.kill(pid, signal.SIGKILL)
        done, status = os.waitpid(pid, os.WNOHANG if child.deadline > now else 0)
        if done:
            with suppress(OSError):  # the caller may have gone
                child.answer.send(ANSWER.pack(os.waitstatus_to_exitcode(status)))
            child.answer.close()
            del children[pid]


def confinement_holds() -> bool:
    """Whether a confined child that opens a file is killed for it; tried, not assumed."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            confine.enter(space_bytes=_prepared() + (1 << 26), cpu_s=1, keep=set())
            os.open("/", os.O_RDONLY)
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGSYS


def main() -> None:
    """Start on the socket whose descriptor is the first argument."""
    from .unpack import unpack, warm

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the socket's end is our sign
    control = socket.socket(fileno=int(sys.argv[1]))
    warm()
    control.send(CONFINED if confinement_holds() else LIMITED)
    serve(control, unpack)
