"""Which changes of tempo and pitch are searched, how finely, and what each costs in p-value.

A p-value must pay for every hypothesis, but the likely ones may pay less (a weighted union bound): half of
the allowance goes to a clip whose speed nobody touched, an eighth each to a pure change of tempo, of speed
and of pitch, and an eighth to any mixture of tempo and pitch.

The coarse lattice suits stretches of 5 s. There a mark seen with its tempo off by 0.35 % keeps 85 % of its score, off
by 5 ms 88 %, off by 2 % in pitch 87 %; neighbouring tempos look half a symbol apart, so that together they leave
no gap. What a coarse look loses, the fine one regains: it only has to bring the right place up.
"""

import itertools
import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from watermark.codec.pattern import SYMBOL_S
from watermark.codec.search import PROFILES

Search = Literal["none", "quick", "full"]

COARSE_TEMPO, FINE_TEMPO, TEMPOS_NEAR = 0.007, 0.001, 3  # a coarse step is seven fine ones: none is visited twice
COARSE_PITCH, FINE_PITCH = 0.04, 0.005
PITCHES_NEAR = 4
SHIFTS_NEAR = 2  # quarters of a symbol, to both sides; the outermost two are the same but for the place
# Lines that a closer look chooses among, at most, around one of a clip as it is and around one that may be changed.
NEIGHBOURS_AS_IS = 2 * SHIFTS_NEAR + 1
NEIGHBOURS = NEIGHBOURS_AS_IS * (2 * TEMPOS_NEAR + 1) * (2 * PITCHES_NEAR + 1)


@dataclass(frozen=True)
class Step:
    """One coarse hypothesis: time and frequencies multiplied, and the symbols `shift` of a symbol later."""

    tempo: float = 1.0
    pitch: float = 1.0
    shift: float = 0.0


@dataclass(frozen=True)
class Family:
    """One kind of change: the coarse steps that are walked, in order of pitch, and how far each is refined."""

    name: str
    share: float
    steps: tuple[Step, ...]
    fine: int  # different pairs of tempo and pitch that can be reached from the steps of the whole family
    tempos_near: int
    pitches_near: int

    @classmethod
    def of(cls, name: str, share: float, steps: list[Step], tempos: int, pitches: int) -> "Family":
        """A family whose price is that of its own steps."""
        family = cls(name, share, tuple(steps), 1, tempos, pitches)
        reached = (itertools.product(family.tempos(one.tempo), family.pitches(one.pitch)) for one in steps)
        pairs = {(round(tempo, 6), round(pitch, 6)) for some in reached for tempo, pitch in some}
        return replace(family, fine=len(pairs))

    def tempos(self, coarse: float) -> list[float]:
        """The fine grid around a coarse tempo."""
        return [coarse + FINE_TEMPO * step for step in range(-self.tempos_near, self.tempos_near + 1)]

    def pitches(self, coarse: float) -> list[float]:
        """The fine grid around a coarse pitch."""
        return [coarse + FINE_PITCH * step for step in range(-self.pitches_near, self.pitches_near + 1)]

    def log_cost(self, places: int, windows: int) -> float:
        """Natural logarithm of what one hypothesis of this family is multiplied by.

        Args:
            places: symbol times of the patterns of all keys together, or of the outputs of a list, in every channel.
        """
        lines = places * 2 * SHIFTS_NEAR * len(PROFILES)
        return math.log(lines * self.fine * max(windows, 1) / self.share)

    def symbols(self, length_s: float) -> int:
        """At most so many symbol times lie in a stretch of a clip, at the family's fastest tempo."""
        fastest = min(tempo for step in self.steps for tempo in self.tempos(step.tempo))
        return math.ceil(length_s / (SYMBOL_S * fastest)) + 1


def _still(share: float) -> Family:
    return Family.of("as it is", share, [Step(), Step(shift=0.5)], 0, 0)


def _tempos(reach: float) -> list[tuple[float, float]]:
    """Tempos around 1 and the shift each is looked at with."""
    count = round(reach / COARSE_TEMPO)
    return [(1.0 + COARSE_TEMPO * step, 0.5 * (step % 2)) for step in range(-count, count + 1)]


def _pitches(reach: float, step: float) -> list[float]:
    count = round(reach / step)
    return [1.0 + step * index for index in range(-count, count + 1)]


@lru_cache(maxsize=3)
def families(search: Search) -> list[Family]:
    """The families of a search, cheapest and likeliest first."""
    if search == "none":
        return [_still(1.0)]
    around = _tempos(0.126)
    # Played at another speed: the pitch nearest to the inverse of the tempo, out of few, as each costs an analysis.
    few = _pitches(0.14, COARSE_PITCH / 2)
    speeds = [Step(t, min(few, key=lambda pitch: abs(pitch - 1 / t)), shift) for t, shift in around]
    pitches = [pitch for pitch in _pitches(0.12, COARSE_PITCH) if pitch != 1.0]
    shifted = [Step(1.0, pitch, shift) for pitch in pitches for shift in (0.0, 0.5)]
    plain = [
        _still(0.5),
        Family.of("tempo", 0.125, [Step(tempo, 1.0, shift) for tempo, shift in _tempos(0.252)], TEMPOS_NEAR, 0),
        Family.of("speed", 0.125, speeds, TEMPOS_NEAR, 2),
        Family.of("pitch", 0.125, shifted, TEMPOS_NEAR, PITCHES_NEAR),
    ]
    if search == "quick":
        return plain
    mixed = [Step(tempo, pitch, shift) for pitch in pitches for tempo, shift in around]
    return [*plain, Family.of("tempo and pitch", 0.125, mixed, TEMPOS_NEAR, PITCHES_NEAR)]
