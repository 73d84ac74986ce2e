"""Child processes that never outlive the one that started them.

Used by `./run` and by the tests to hold servers and workers on one machine. On Linux the kernel itself
ends a child when its parent dies, even by `kill -9`; elsewhere only an orderly end is covered.
Not for production: there systemd, compose or Kubernetes does this work.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

_CLONE_NEWUSER = 0x10000000
_PR_SET_PDEATHSIG = 1
_LINUX = sys.platform == "linux"
# Loaded before any fork: between fork and exec a child must not take locks that another thread may hold.
_LIBC = ctypes.CDLL(None, use_errno=True) if _LINUX else None


class ProcessFailed(RuntimeError):
    """A child ended, or did not become ready, and its log says why."""


@dataclass
class Child:
    """One process, its log file and how to end it.

    Attributes:
        name: what people call it; also the name of its log.
        command: the program and its arguments.
        log: file that takes stdout and stderr, appended to; None for the terminal.
        environment: the whole environment of the child.
        stop_signal: what asks it to end in good order.
        death_signal: what the kernel sends when the parent dies; `stop_signal` when None. For a process whose good
            order takes long, a quicker one: nobody is left who would kill it after its grace.
        grace_s: how long it may take over ending before it is killed.
        unprivileged: for servers that refuse to run as root, or as somebody whom the system has no name for:
            give them another user in a namespace of their own.
        folder: where it runs; the parent's when None.
    """

    name: str
    command: Sequence[str]
    log: Path | None
    environment: Mapping[str, str]
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals | None = None
    grace_s: float = 20.0
    unprivileged: bool = False
    folder: Path | None = None
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _asked: bool = field(default=False, init=False)

    def start(self, stdin: bytes = b"") -> None:
        """Start it in a session of its own, so that Ctrl-C reaches only the parent; feed it `stdin` whole."""
        self._asked = False
        with contextlib.ExitStack() as stack:
            log = None if self.log is None else stack.enter_context(self.log.open("ab"))
            try:
                self.process = self._open(log)
            except subprocess.SubprocessError as error:  # raised for whatever failed between fork and exec
                raise ProcessFailed(
                    f"{self.name} does not run as this user, and user namespaces are closed here: use an ordinary user"
                ) from error
        with contextlib.suppress(BrokenPipeError):  # it ended at once: whoever waits for it reports that
            _feed(self.process, stdin)

    def _open(self, log: IO[bytes] | None) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.command,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=None if log is None else subprocess.STDOUT,
            env=dict(self.environment),
            cwd=self.folder,
            start_new_session=True,
            preexec_fn=_before_exec(self.death_signal or self.stop_signal, _stand_in() if self.unprivileged else None),
        )

    @property
    def exit_code(self) -> int | None:
        """None while it runs or before it was started."""
        return None if self.process is None else self.process.poll()

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self.process is not None and self.process.poll() is None

    def ask_to_stop(self) -> None:
        """Send the stop signal, once: to a Celery worker a second one means to drop what it is doing."""
        if self.process is not None and self.process.poll() is None and not self._asked:
            self.process.send_signal(self.stop_signal)
            self._asked = True

    def stop(self) -> None:
        """Ask it to end, wait `grace_s`, then end its whole session; safe to call twice."""
        if self.process is None:
            return
        self.ask_to_stop()
        if self.process.poll() is None:
            try:
                self.process.wait(self.grace_s)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        try:
            os.killpg(self.process.pid, signal.SIGKILL)  # grandchildren that their parent forgot
        except (ProcessLookupError, PermissionError):
            pass  # PermissionError is what macOS answers for a group of none but the dead
        self.process = None

    def tail(self, lines: int = 12) -> str:
        """The last lines of its log, for a message to a person."""
        if self.log is None or not self.log.exists():
            return ""
        with self.log.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - 16_384))
            text = log.read().decode(errors="replace")
        return "\n".join(text.splitlines()[-lines:])


def wait_until(ready: Callable[[], bool], children: Sequence[Child], timeout_s: float, what: str) -> None:
    """Poll `ready` until it answers True.

    Raises:
        ProcessFailed: a child ended meanwhile, or `timeout_s` passed; the message carries the log's end.
    """
    deadline = time.monotonic() + timeout_s
    while not ready():
        for child in children:
            if not child.running:
                raise ProcessFailed(f"{child.name} ended with {child.exit_code} ({child.log}):\n{child.tail()}")
        if time.monotonic() > deadline:
            logs = "\n".join(child.tail() for child in children)
            raise ProcessFailed(f"{what} was not ready after {timeout_s:.0f} s:\n{logs}")
        time.sleep(0.05)


def answers(url: str) -> bool:
    """Whether a GET of `url` on this machine answers 200 now."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310 - only our own loopback addresses come here
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _feed(process: subprocess.Popen[bytes], text: bytes) -> None:
    if process.stdin is not None:
        with process.stdin:
            process.stdin.write(text)


def _stand_in() -> int | None:
    """The user that an unprivileged child becomes; None where our own will do."""
    named = {entry.pw_uid for entry in pwd.getpwall()}
    if os.geteuid() in named - {0}:
        return None
    ordinary = sorted(named - {0}, reverse=True)  # `nobody` comes before the system's own users
    return ordinary[0] if ordinary else None


def _before_exec(death_signal: signal.Signals, stand_in: int | None) -> Callable[[], None] | None:
    """What the child does between fork and exec; None where the kernel offers nothing."""
    libc = _LIBC
    if libc is None:
        return None
    parent, uid, gid = os.getpid(), os.getuid(), os.getgid()

    def prepare() -> None:
        # A shell starts what it puts into the background with these ignored, and that would be inherited: neither
        # Ctrl-C nor the parent's death would then end the child.
        for ignored in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
            signal.signal(ignored, signal.SIG_DFL)
        if stand_in is not None:
            _become(libc, stand_in, uid, gid)
        # Last, because a change of credentials clears it.
        libc.prctl(_PR_SET_PDEATHSIG, int(death_signal))
        if os.getppid() != parent:  # it died before the line above: nobody would tell us
            os._exit(1)

    return prepare


def _become(libc: ctypes.CDLL, stand_in: int, uid: int, gid: int) -> None:
    """Become `stand_in` in a new user namespace; files keep the outer owner, so nothing needs a chown."""
    if libc.unshare(_CLONE_NEWUSER):
        raise OSError(ctypes.get_errno(), "unshare(CLONE_NEWUSER)")
    maps = (("uid_map", f"{stand_in} {uid} 1"), ("setgroups", "deny"), ("gid_map", f"{stand_in} {gid} 1"))
    for path, text in maps:
        with open(f"/proc/self/{path}", "w") as file:  # noqa: PTH123 - nothing but plain calls after a fork
            file.write(text)
