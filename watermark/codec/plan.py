"""Which changes of tempo and pitch are searched, how finely, and what each costs in p-value.

A p-value must pay for every hypothesis, but the likely ones may pay less (a weighted union bound): half of
the allowance goes to a clip whose speed nobody touched, an eighth each to a pure change of tempo, of speed
and of pitch, and an eighth to any mixture of tempo and pitch.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from watermark.codec.pattern import STRETCH
from watermark.codec.search import FINE_SHIFTS_S, PROFILES

Search = Literal["none", "quick", "full"]

FINE_TEMPO = 0.001
FINE_PITCH = 0.005


@dataclass(frozen=True)
class Family:
    """One kind of change: the coarse grid that is walked and the number of hypotheses that is paid for."""

    name: str
    share: float
    grid: tuple[tuple[float, tuple[float, ...]], ...]  # (pitch, tempos at that pitch)
    fine: int  # different (tempo, pitch) pairs after refining

    def log_cost(self, stretches: int, windows: int) -> float:
        """Natural logarithm of what one hypothesis of this family is multiplied by.

        Args:
            stretches: of the patterns of all keys together, in every channel.
        """
        places = stretches * STRETCH * (len(FINE_SHIFTS_S) - 1) * len(PROFILES)
        return math.log(places * self.fine * max(windows, 1) / self.share)


def _around(middle: float, reach: float, step: float) -> tuple[float, ...]:
    count = round(reach / step)
    return tuple(float(middle + step * index) for index in range(-count, count + 1))


def families(search: Search) -> list[Family]:
    """The families of a search, cheapest and likeliest first.

    The coarse steps suit stretches of 5 s: 1 % of tempo moves the ends of one by 25 ms.
    """
    if search == "none":
        return [Family("as it is", 1.0, ((1.0, (1.0,)),), 1)]
    plain = [
        Family("as it is", 0.5, ((1.0, (1.0,)),), 1),
        Family("tempo", 0.125, ((1.0, _around(1.0, 0.25, 0.01)),), round(0.52 / FINE_TEMPO)),
        Family("speed", 0.125, tuple((p, (1 / p,)) for p in _around(1.0, 0.12, 0.01)), 260 * 9),
        Family("pitch", 0.125, tuple((p, (1.0,)) for p in _around(1.0, 0.14, 0.02)), 60 * 9),
    ]
    if search == "quick":
        return plain
    mixed = tuple((p, _around(1.0, 0.12, 0.01)) for p in _around(1.0, 0.12, 0.02) if p != 1.0)
    return [*plain, Family("tempo and pitch", 0.125, mixed, round(0.26 / FINE_TEMPO * 0.26 / FINE_PITCH))]


def tempos_near(tempo: float) -> list[float]:
    """The fine grid around a coarse tempo."""
    return [float(tempo + FINE_TEMPO * step) for step in np.arange(-4, 5)]


def pitches_near(pitch: float) -> list[float]:
    """The fine grid around a coarse pitch."""
    return [float(pitch + FINE_PITCH * step) for step in (-1, 0, 1)]
