"""How the story is printed: numbered steps, indented facts, timings, a progress bar."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

_WIDTH = 30


class Console:
    """Numbered steps on a stream; colour and a moving bar only on a terminal."""

    def __init__(self, stream: TextIO = sys.stdout) -> None:
        self.stream = stream
        self.number = 0
        self.live = stream.isatty()
        self._last = ""

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """One step of the story; its time is printed when it ends."""
        self.number += 1
        bold, plain = ("\033[1m", "\033[0m") if self.live else ("", "")
        self._line(f"\n{bold}{self.number:2d}. {title}{plain}")
        began = time.perf_counter()
        yield
        self.fact(f"({time.perf_counter() - began:.2f} s)")

    def fact(self, text: str) -> None:
        """One indented line."""
        self._line(f"    {text}")

    def progress(self, part: float, text: str) -> None:
        """Draw the bar at `part` (0 to 1); on a file, only the end is printed."""
        filled = round(part * _WIDTH)
        line = f"    [{'#' * filled}{'.' * (_WIDTH - filled)}] {part:4.0%} {text}"
        if self.live:
            self.stream.write("\r" + line.ljust(90) + ("\n" if part >= 1 else ""))
            self.stream.flush()
        elif part >= 1 and line != self._last:
            self._line(line)
        self._last = line

    def _line(self, text: str) -> None:
        self.stream.write(text + "\n")
        self.stream.flush()
