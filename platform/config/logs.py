"""Where log lines go: to the standard error stream, each with one call of the system."""

from __future__ import annotations

import logging
import os
import sys


class LineHandler(logging.Handler):
    """One line a record, and no lock around it.

    Python's own handler formats and writes under a lock. Whoever writes gives up the interpreter while they hold it, so
    that under load every thread of a server stands in line there; one write keeps a line whole without.
    """

    def createLock(self) -> None:
        """None; see the class."""
        self.lock = None

    def emit(self, record: logging.LogRecord) -> None:
        """Format and write."""
        try:
            line = (self.format(record) + "\n").encode(errors="backslashreplace")
            while line:
                line = line[os.write(sys.__stderr__.fileno(), line) :]  # type: ignore[union-attr]  # a server has one
        except Exception:  # noqa: BLE001  # as in Python's own: a line that cannot be written ends nobody's request
            self.handleError(record)
