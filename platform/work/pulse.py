"""Keeps a lease through work that takes minutes and reports seldom.

The work tells how far it is whenever it likes; what it tells is written at most every few seconds. Where it
keeps silent for longer - one long numpy call - a second thread keeps the lease with what was told last, on a
database connection of its own. Whoever takes the lease away stops the work at its next report, or at its end.
"""

from __future__ import annotations

import threading
import time
from types import TracebackType

from django.db import DatabaseError, connection

from problems.errors import DomainError
from work.leases import Lease

TOLD_S = 3.0
SILENT_S = 4.0


class Pulse:
    """``with Pulse(lease) as pulse: work(report=pulse.told)``.

    Args:
        lease: the job's.
        stage: what the job is at, until it says otherwise.
    """

    def __init__(self, lease: Lease, stage: str = "working") -> None:
        self._lease, self._stage, self._percent = lease, stage, 0.0
        self._fields: dict[str, object] = {}
        self._kept_at = float("-inf")
        self._stopped: DomainError | None = None  # found by the second thread, raised by the first
        self._over = threading.Event()
        self._writing = threading.Lock()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Pulse:
        """Begin to watch."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop watching; the end of the job is written by whoever ends it.

        Raises:
            LeaseLost, JobCancelled: work that ended well is told at its end what no report of it was.
        """
        self._over.set()
        self._thread.join()
        if kind is None:
            self._go_on()

    def told(self, stage: str, percent: float, **fields: object) -> None:
        """The work's report; `fields` are more of the job's row, such as when it expects to be done.

        Raises:
            LeaseLost, JobCancelled: stop at once.
        """
        self._go_on()
        self._stage, self._percent, self._fields = stage, percent, fields
        if time.monotonic() - self._kept_at >= TOLD_S:
            self._keep()

    def _go_on(self) -> None:
        stopped, self._stopped = self._stopped, None
        if stopped is not None:
            raise stopped

    def _keep(self) -> None:
        with self._writing:
            self._lease.keep(self._stage, min(99, int(self._percent)), **self._fields)
            self._kept_at = time.monotonic()

    def _watch(self) -> None:
        try:
            while not self._over.wait(min(1.0, SILENT_S + 0.01)):
                self._keep_if_silent()
        except DomainError as error:
            self._stopped = error
        finally:
            connection.close()  # this thread's own

    def _keep_if_silent(self) -> None:
        try:
            if time.monotonic() - self._kept_at >= SILENT_S:
                self._keep()
        except DatabaseError:
            connection.close()  # it may be back in a second; if not, the lease runs out and the fence moves on
