"""A line through the pattern, and what it sees of a clip.

Shapes: K symbol times, B bands.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from watermark.codec.evidence import Evidence
from watermark.codec.keys import MarkKey
from watermark.codec.pattern import BANDS, LENGTH, NARROW, SYMBOL_S, Chips, Pattern, Signs
from watermark.codec.payload import word_of

# How much each band is listened to: everything, the telephone, or mostly the low bands that coarse codecs keep.
PROFILES = {
    "wide": np.repeat([1.0, 0.75], [NARROW, BANDS - NARROW]).astype(np.float32),
    "narrow": np.repeat([1.0, 0.0], [NARROW, BANDS - NARROW]).astype(np.float32),
    "low": np.concatenate([np.linspace(1.0, 0.2, NARROW), np.zeros(BANDS - NARROW)]).astype(np.float32),
}

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Scale:
    """How the clip may have been changed: time and frequencies multiplied."""

    tempo: float = 1.0
    pitch: float = 1.0


@dataclass(frozen=True)
class Line:
    """A hypothesis about a whole clip: at `first_s` the pattern stands at `place` and runs on from there."""

    place: int
    first_s: float
    scale: Scale = Scale()

    def shifted(self, by_s: float) -> "Line":
        """The same line, its symbols `by_s` later in the clip."""
        return Line(self.place, self.first_s + by_s, self.scale)

    def from_symbol(self, symbols: int) -> "Line":
        """The same line, counted from a later (or earlier) symbol."""
        return Line((self.place + symbols) % LENGTH, self.first_s + symbols * SYMBOL_S * self.scale.tempo, self.scale)

    def covering(self, start_s: float, end_s: float) -> tuple["Line", int]:
        """The same line from the first symbol at or after `start_s`, and how many there are before `end_s`."""
        period = SYMBOL_S * self.scale.tempo
        skip = int(np.ceil((start_s - self.first_s) / period - 1e-9))
        line = self.from_symbol(skip)
        return line, max(int(np.ceil((end_s - line.first_s) / period - 1e-9)), 0)


@dataclass(frozen=True)
class Reading:
    """What a line sees of a clip: values, the chips of the pattern, and the signs that should be heard (0: none)."""

    line: Line
    values: Floats  # (K, B)
    chips: Chips
    claims: Signs  # (K, B)

    def score(self, profile: str, signs: Signs | None = None) -> float:
        """T of what is claimed, or of the given signs (K, B), in one profile."""
        claims = self.claims if signs is None else signs
        heard = self.values * PROFILES[profile]
        norm = float(np.sqrt((heard**2 * (claims != 0)).sum()))
        return float((heard * claims).sum()) / norm if norm > 0 else 0.0


@dataclass(frozen=True)
class Claim:
    """What a line is said to carry: anybody's pilots, every symbol of a record, or its payload symbols alone."""

    record: int | None = None
    pilots: bool = True

    def signs(self, key: MarkKey, place: int, count: int) -> Signs:
        """What should be heard from `place` on, and zeros where nothing is claimed: (count, B)."""
        if self.record is None:
            return Pattern(key).pilots(place, count)
        chips = Pattern(key).chips(place, count)
        signs = chips.carrying(word_of(key, self.record))
        return signs if self.pilots else signs * ~chips.pilot


ANYBODYS = Claim()


def read(
    key: MarkKey, evidence: Evidence, line: Line, start_s: float, end_s: float, claim: Claim = ANYBODYS
) -> Reading:
    """Lay a line over part of a clip; it claims its pilots when nothing else is said."""
    line, count = line.covering(start_s, end_s)
    values = evidence.at(line.first_s, count, line.scale.tempo)
    claims = claim.signs(key, line.place, count)
    return Reading(line, values, Pattern(key).chips(line.place, count), claims)
