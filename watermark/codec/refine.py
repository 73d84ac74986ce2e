"""A closer look: how well a line agrees exactly, and which of its neighbours agrees best.

Shapes: K symbol times, B bands, C lines scored together.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from watermark.codec.bounds import log_tail
from watermark.codec.evidence import Evidence
from watermark.codec.keys import MarkKey
from watermark.codec.pattern import SYMBOL_S, Pattern
from watermark.codec.plan import FINE_PITCH, FINE_TEMPO, SHIFTS_NEAR, TEMPOS_NEAR, Family
from watermark.codec.search import PROFILES, Line, Scale

Floats = npt.NDArray[np.float32]
Window = tuple[float, float]  # start_s, end_s
EvidenceAt = Callable[[float], Evidence]  # by pitch

HOPE = 1.5  # ln p may become so much better in a pitch looked at 2 % off; what has no hope of meaning anything is left
_WEIGHTS = np.stack(list(PROFILES.values())).T  # (B, profiles)
# In quarters of the window: all of it, then halves and quarters of it.
_STARTS = (0.0, 0, 1, 2, *np.arange(0, 3.5, 0.5))
_LENGTHS = (4.0, 2, 2, 2, *[1.0] * 7)
_PARTS = len(_STARTS) - 1


@dataclass(frozen=True)
class Candidate:
    """A line, the key and the window it was found with, and ln of its p-value."""

    line: Line
    key: MarkKey
    window: Window
    log_p: float


def candidate(evidence: EvidenceAt, line: Line, key: MarkKey, window: Window) -> Candidate:
    """A line scored exactly on one window."""
    line, count = line.covering(*window)
    values = evidence(line.scale.pitch).at(line.first_s, count, line.scale.tempo)
    return Candidate(line, key, window, float(log_p_of(values, Pattern(key).pilots(line.place, count))))


def refined(evidence: EvidenceAt, found: Candidate, family: Family, price: float) -> Candidate:
    """The line moved by quarters of a symbol and, when the clip may be changed, to finer tempos and pitches."""
    neighbours, scale = _Neighbours.of(evidence, found), found.line.scale
    tempos, pitches = family.tempos(scale.tempo), family.pitches(scale.pitch)
    quarters = range(-SHIFTS_NEAR, SHIFTS_NEAR + 1)
    best, shift = neighbours.best(tempos, [scale.pitch], quarters)
    if len(pitches) > 1 and HOPE * best.log_p + price < 0:
        best, _ = neighbours.best([best.line.scale.tempo], pitches, [shift])
        best, _ = neighbours.best(tempos, [best.line.scale.pitch], quarters)
    return min(found, best, key=lambda one: one.log_p)


def settled(evidence: EvidenceAt, found: Candidate) -> Line:
    """The line through a mark that was found at a changed tempo or pitch, at the scale its pilots like best.

    A clip that was played faster is found at its tempo alone, too, only less clearly: good enough for a verdict, not
    for the payload, which is read on this line. Nothing is paid for it: the pilots know nothing of payload signs, and
    the p-value of the mark stays that of the line that was found.
    """
    neighbours, tempo = _Neighbours.of(evidence, found), found.line.scale.tempo
    around = [found.line.scale.pitch, *(1 + 0.02 * step for step in range(-7, 8))]
    coarse, _ = neighbours.best([tempo], around, [0])
    tempos = [tempo + FINE_TEMPO * step for step in range(-TEMPOS_NEAR, TEMPOS_NEAR + 1)]
    pitches = [coarse.line.scale.pitch + FINE_PITCH * step for step in (-2, -1, 0, 1, 2)]
    fine, shift = neighbours.best([tempo], pitches, range(-SHIFTS_NEAR, SHIFTS_NEAR + 1))
    best, _ = neighbours.best(tempos, [fine.line.scale.pitch], [shift])
    as_found = candidate(evidence, found.line, found.key, found.window)
    return min(as_found, coarse, fine, best, key=lambda one: one.log_p).line


@dataclass(frozen=True)
class _Neighbours:
    """Lines that run through the middle of a window at the same place of the pattern, or nearly so."""

    evidence: EvidenceAt
    found: Candidate
    middle: Line
    half: int  # symbols before and after the middle
    pilots: npt.NDArray[np.int8]

    @classmethod
    def of(cls, evidence: EvidenceAt, found: Candidate) -> "_Neighbours":
        start_s, end_s = found.window
        middle, _ = found.line.covering((start_s + end_s) / 2, (start_s + end_s) / 2)
        half = int(0.5 * (end_s - start_s) / (SYMBOL_S * middle.scale.tempo)) + 1
        return cls(evidence, found, middle, half, Pattern(found.key).pilots(middle.place - half, 2 * half))

    def best(self, tempos: Sequence[float], pitches: Sequence[float], quarters: Sequence[int]) -> tuple[Candidate, int]:
        """The best of all combinations, and by how many quarters of a symbol it is shifted."""
        scales = list(product(tempos, pitches, quarters))
        lines = [self._line(*one) for one in scales]
        heard = [self.evidence(one.scale.pitch).at(one.first_s, 2 * self.half, one.scale.tempo) for one in lines]
        log_p = log_p_of(np.stack(heard), self.pilots)
        least = int(log_p.argmin())
        return Candidate(lines[least], self.found.key, self.found.window, float(log_p[least])), scales[least][2]

    def _line(self, tempo: float, pitch: float, quarters: int) -> Line:
        shift_s = quarters * SYMBOL_S / 4 * self.middle.scale.tempo
        return Line(self.middle.place, self.middle.first_s + shift_s, Scale(tempo, pitch)).from_symbol(-self.half)


def log_p_of(values: Floats, pilots: npt.NDArray[np.int8]) -> npt.NDArray[np.float64]:
    """Natural logarithm of the bound for each line (C, K, B) on one window, over all profiles and parts of the window.

    The whole window has half of the allowance, ten halves and quarters share the rest (a mark may fill only
    part of it). The number of profiles is paid by the caller (`plan.py`).
    """
    agree = np.cumsum((values * pilots) @ _WEIGHTS, axis=-2, dtype=np.float64)
    power = np.cumsum((values**2 * (pilots != 0)) @ _WEIGHTS**2, axis=-2, dtype=np.float64)
    count = agree.shape[-2]
    if count < 8:
        return np.zeros(values.shape[:-2])
    quarter = count / 4
    low = (np.array(_STARTS) * quarter).astype(np.intp)
    high = np.minimum(low + (np.array(_LENGTHS) * quarter).astype(np.intp), count) - 1
    score = (agree[..., high, :] - agree[..., low, :]) / np.sqrt(power[..., high, :] - power[..., low, :] + 1e-9)
    log_p = log_tail(score).min(axis=-1)
    return np.asarray(np.minimum(log_p[..., 0] + math.log(2), log_p[..., 1:].min(axis=-1) + math.log(2 * _PARTS)))
