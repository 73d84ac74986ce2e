"""The caller's side of the decoder's process: start it once, hand it files, start it again if it dies.

One helper per process of ours. A process that forks (a pool worker) leaves its parent's helper alone and starts
its own when it first decodes.
"""

from __future__ import annotations

import atexit
import logging
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

from . import helper
from .errors import DecoderUnavailable

log = logging.getLogger(__name__)

START_S = 60.0  # on a loaded machine numpy alone may take seconds to import
_BOOT = "import sys; sys.path[:0] = [sys.argv.pop()]; from audio.helper import main; main()"


class Sandbox:
    """A helper process that forks a confined child for every file.

    Args:
        boot: Python source that runs the helper; the socket's descriptor is its first argument and the
            source root its last. Tests put other work in the child here.

    Raises:
        DecoderUnavailable: it does not start or does not greet.
    """

    def __init__(self, boot: str = _BOOT) -> None:
        self.control, theirs = socket.socketpair()
        self.lock, self.owner = threading.Lock(), os.getpid()
        with theirs:
            # -I: nothing of the caller's environment or working folder decides what the helper imports.
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-c", boot, str(theirs.fileno()), str(Path(__file__).resolve().parents[1])],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env={"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},  # a thread would not survive the fork
            )
        greeting = self._greeting()
        if greeting not in (helper.CONFINED, helper.LIMITED):
            self.close()
            raise DecoderUnavailable
        self.confined = greeting == helper.CONFINED
        if not self.confined:
            log.warning("No seccomp filter on this system: resource limits alone guard the audio decoder")

    def _greeting(self) -> bytes:
        self.control.settimeout(START_S)
        try:
            return self.control.recv(1)
        except OSError:
            return b""

    def run(self, source: int, room: int, request: helper.Request) -> int:
        """Work on one file.

        Args:
            source: descriptor of the file, at offset zero.
            room: descriptor of the shared memory for the result.
            request: how much of everything the child may use.

        Returns:
            The child's exit status; negative for the signal that ended it.

        Raises:
            ConnectionError: the helper is gone. Nothing is known about the file.
        """
        ours, theirs = socket.socketpair()
        with ours, theirs:
            with self.lock:
                socket.send_fds(self.control, [helper.pack(request)], [source, room, theirs.fileno()])
            theirs.close()  # so that the helper's end is the only one left and its death ends our wait
            ours.settimeout(request.wall_s + START_S)
            answer = ours.recv(helper.ANSWER.size)
        if len(answer) < helper.ANSWER.size:
            raise ConnectionError("the decoder's process went away")
        return int(helper.ANSWER.unpack(answer)[0])

    def close(self) -> None:
        """End the helper by closing its socket, and wait until it is gone."""
        self.control.close()
        if self.owner == os.getpid():
            self.process.wait()
        else:
            self.process.returncode = 0  # another process's child: its parent waits for it


_current: Sandbox | None = None
_starting = threading.Lock()


def current() -> Sandbox:
    """This process's helper, started on first use.

    Raises:
        DecoderUnavailable: it does not start.
    """
    global _current
    with _starting:
        if _current is None:
            _current = Sandbox()
        return _current


def run(source: int, room: int, request: helper.Request) -> int:
    """As `Sandbox.run`, on this process's helper; a helper that has died is replaced once.

    Raises:
        DecoderUnavailable: the second one died too, or none starts.
    """
    for _ in range(2):
        sandbox = current()
        try:
            return sandbox.run(source, room, request)
        except OSError:
            log.warning("The audio decoder's process went away and is started again")
            _drop(sandbox)
            os.lseek(source, 0, os.SEEK_SET)  # the offset is shared with the child that read it
    raise DecoderUnavailable


def _drop(sandbox: Sandbox) -> None:
    global _current
    with _starting:
        if _current is sandbox:
            _current = None
            sandbox.close()


def _forget_after_fork() -> None:
    # The parent's helper must see the end of its socket when the parent goes, so no child may hold it open.
    global _current, _starting
    _starting = threading.Lock()
    if _current is not None:
        _current.close()
        _current = None


def _close_at_exit() -> None:
    if _current is not None and _current.owner == os.getpid():
        _drop(_current)


os.register_at_fork(after_in_child=_forget_after_fork)
atexit.register(_close_at_exit)
