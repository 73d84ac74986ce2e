"""Where log lines go: to the standard error stream, each with one call of the system."""

from __future__ import annotations

import logging
import os

_STDERR = 2  # the descriptor, and no file object of Python's: that has a lock of its own


class _Lines:
    """Text straight to the standard error stream."""

    def write(self, text: str) -> None:
        """All of it, in one piece unless the system takes only a part."""
        left = text.encode(errors="backslashreplace")
        while left:
            left = left[os.write(_STDERR, left) :]

    def flush(self) -> None:
        """Nothing is held back."""


class LineHandler(logging.StreamHandler[_Lines]):
    """Python's own, without a lock around it.

    Whoever writes gives up the interpreter while they hold that lock, so that under load every thread of a server
    stands in line there; one write keeps a line whole without.
    """

    def __init__(self) -> None:
        super().__init__(_Lines())

    def createLock(self) -> None:
        """None; see the class."""
        self.lock = None
