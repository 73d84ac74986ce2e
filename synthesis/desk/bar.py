"""A progress bar for people: one line on the error stream, only where somebody is watching."""

from __future__ import annotations

import sys
import time
from typing import TextIO

from work.remaining import Remaining

_WIDTH = 30


class Bar:
    """Shows the part that is done and about how long the rest will take.

    Args:
        title: what is being done.
        stream: where to; nothing is written unless it is a terminal.
    """

    def __init__(self, title: str, stream: TextIO | None = None) -> None:
        self._title, self._stream = title, stream or sys.stderr
        self._started, self._left = time.monotonic(), Remaining()
        self._left(0.0)
        self._shown = self._stream.isatty()

    def __call__(self, done: float) -> None:
        """Show `done`, 0 to 1."""
        if not self._shown:
            return
        filled = round(_WIDTH * done)
        self._stream.write(f"\r{self._title} [{'#' * filled:<{_WIDTH}}] {done:4.0%} {self._rest(done)}")
        if done >= 1:
            self._stream.write("\n")
        self._stream.flush()

    def _rest(self, done: float) -> str:
        if done >= 1:
            return f"{time.monotonic() - self._started:.0f} s     "
        left = self._left(done)
        return "" if left is None else f"about {left:.0f} s left  "
