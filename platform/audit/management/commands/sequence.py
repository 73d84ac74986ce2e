"""``manage.py sequence``: integrate recorded entries into the log until told to stop.

Half a second of polling instead of LISTEN/NOTIFY: a notification takes a lock that all committing
writers share, and it does not pass a transaction-pooling proxy. The waiting rows have an index of
their own, so an idle look costs next to nothing.
"""

from __future__ import annotations

import logging
import signal
import threading
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import OperationalError, close_old_connections

from audit.errors import LogBroken, SequencerBusy
from audit.jobs import log_integrate
from problems.errors import Unavailable

log = logging.getLogger(__name__)
IDLE_S = 0.5
WAIT_S = 2.0


class Command(BaseCommand):
    """The sequencer process."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """One option, for set-up and tests."""
        parser.add_argument("--once", action="store_true", help="integrate what waits now, then end")

    def handle(self, *args: Any, once: bool = False, **options: Any) -> None:
        """Loop until SIGTERM or SIGINT. A store that is away is waited for; a broken log ends the process."""
        if once:
            head = log_integrate()
            self.stdout.write(f"signed {head.size} entries")
            return
        stop = threading.Event()

        def end(signum: int, frame: FrameType | None) -> None:
            stop.set()

        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)
        size = -1
        while not stop.is_set():
            try:
                head = log_integrate()
            except LogBroken:
                # Nothing is signed in this state, and nobody should have to read a log file to learn of it.
                raise
            except SequencerBusy:
                stop.wait(WAIT_S)
                continue
            except (OperationalError, Unavailable) as error:
                log.warning("sequencer waits", extra={"error": type(error).__name__})
                close_old_connections()
                stop.wait(WAIT_S)
                continue
            if head.size == size:
                stop.wait(IDLE_S)
            size = head.size
