"""Keeps a lease through work that takes minutes and reports seldom.

The work tells how far it is whenever it likes; what it tells is written at most every few seconds. Where it
keeps silent for longer - one long numpy call - a second thread keeps the lease with what was told last, on a
database connection of its own. Whoever takes the lease away stops the work at its next report.
"""

from __future__ import annotations

import threading
import time
from types import TracebackType

from django.db import connection

from problems.errors import DomainError
from work.leases import Lease

TOLD_S = 3.0
SILENT_S = 8.0


class Pulse:
    """``with Pulse(lease) as pulse: work(report=pulse.told)``.

    Args:
        lease: the job's.
        stage: what the job is at, until it says otherwise.
    """

    def __init__(self, lease: Lease, stage: str = "working") -> None:
        self._lease, self._stage, self._percent = lease, stage, 0.0
        self._kept_at = float("-inf")
        self._stopped: DomainError | None = None
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
        """Stop watching; the end of the job is written by whoever ends it."""
        self._over.set()
        self._thread.join()

    def told(self, stage: str, percent: float) -> None:
        """The work's report.

        Raises:
            LeaseLost, JobCancelled: stop at once.
        """
        if self._stopped is not None:
            raise self._stopped
        self._stage, self._percent = stage, percent
        if time.monotonic() - self._kept_at >= TOLD_S:
            self._keep()

    def _keep(self) -> None:
        with self._writing:
            self._lease.keep(self._stage, min(99, int(self._percent)))
            self._kept_at = time.monotonic()

    def _watch(self) -> None:
        try:
            while not self._over.wait(1.0):
                if time.monotonic() - self._kept_at >= SILENT_S:
                    self._keep()
        except DomainError as error:
            self._stopped = error
        finally:
            connection.close()  # this thread's own
