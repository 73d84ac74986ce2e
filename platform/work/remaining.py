"""How long the rest of some work will take."""

from __future__ import annotations

import time
from collections.abc import Callable

_LEAST = 0.02  # of the work: before so much of it is done, nothing can be said


class Remaining:
    """Tells seconds from shares, as if the work went on as it went since its first share was told.

    A worker that takes up what another has begun tells a first share above 0, and is judged by its own pace.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._first: tuple[float, float] | None = None

    def __call__(self, done: float) -> float | None:
        """Seconds until all is done when `done` of it is, 0 to 1; None while too little has been seen."""
        now = self._clock()
        if self._first is None:
            self._first = (now, done)
        began_at, before = self._first
        if done - before < _LEAST:
            return None
        return (now - began_at) * (1 - done) / (done - before)
