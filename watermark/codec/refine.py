"""A closer look: how well a line agrees exactly, and which of its neighbours agrees best.

A line alone claims its pilots. A line that is said to be of one output claims that output's payload symbols, too.

Shapes: K symbol times, B bands, C lines scored together, P profiles, R records.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import numpy.typing as npt

from watermark.codec.bounds import log_tail
from watermark.codec.evidence import Evidence
from watermark.codec.keys import MarkKey
from watermark.codec.outputs import Outputs
from watermark.codec.pattern import SYMBOL_S, Chips, Pattern
from watermark.codec.payload import WORD, words_of
from watermark.codec.plan import FINE_PITCH, FINE_TEMPO, SHIFTS_NEAR, TEMPOS_NEAR, Family
from watermark.codec.search import ANYBODYS, PROFILES, Claim, Line, Scale

Floats = npt.NDArray[np.float32]
Window = tuple[float, float]  # start_s, end_s
EvidenceAt = Callable[[float], Evidence]  # by pitch

HOPE = 1.5  # ln p may become so much better in a pitch looked at 2 % off; what has no hope of meaning anything is left
_WEIGHTS = np.stack(list(PROFILES.values())).T  # (B, profiles)
_EIGHTHS = np.arange(8)
# Which eighths of the window a part of it holds: all of it, then three halves and seven quarters. (11, 8)
_PARTS = np.array(
    [(first <= _EIGHTHS) & (first + size > _EIGHTHS) for size, step in ((8, 1), (4, 2), (2, 1))
     for first in range(0, 9 - size, step)], np.float64,
)  # fmt: skip


@dataclass(frozen=True)
class Candidate:
    """A line, the key and the window it was found with, what it claims, and ln of its p-value."""

    line: Line
    key: MarkKey
    window: Window
    log_p: float
    claim: Claim = ANYBODYS


def candidate(
    evidence: EvidenceAt, line: Line, key: MarkKey, window: Window, claim: Claim = ANYBODYS
) -> Candidate:
    """A line scored exactly on one window; by its pilots when nothing else is claimed."""
    line, count = line.covering(*window)
    values = evidence(line.scale.pitch).at(line.first_s, count, line.scale.tempo)
    return Candidate(line, key, window, float(log_p_of(values, claim.signs(key, line.place, count))), claim)


def likeliest_output(evidence: EvidenceAt, line: Line, outputs: Outputs, window: Window) -> Candidate | None:
    """A line scored exactly as one of each output of a list that it meets: the best; None when it meets none."""
    line, count = line.covering(*window)
    records = outputs.meeting(line.place, count)
    if not records:
        return None
    values = evidence(line.scale.pitch).at(line.first_s, count, line.scale.tempo)
    chips = Pattern(outputs.key).chips(line.place, count)
    log_p = log_p_of_words(values, chips, words_of(outputs.key, records))
    least = int(log_p.argmin())
    return Candidate(line, outputs.key, window, float(log_p[least]), Claim(records[least]))


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
    claimed: npt.NDArray[np.int8]

    @classmethod
    def of(cls, evidence: EvidenceAt, found: Candidate) -> "_Neighbours":
        start_s, end_s = found.window
        middle, _ = found.line.covering((start_s + end_s) / 2, (start_s + end_s) / 2)
        half = int(0.5 * (end_s - start_s) / (SYMBOL_S * middle.scale.tempo)) + 1
        return cls(evidence, found, middle, half, found.claim.signs(found.key, middle.place - half, 2 * half))

    def best(self, tempos: Sequence[float], pitches: Sequence[float], quarters: Sequence[int]) -> tuple[Candidate, int]:
        """The best of all combinations, and by how many quarters of a symbol it is shifted."""
        scales = list(product(tempos, pitches, quarters))
        lines = [self._line(*one) for one in scales]
        heard = [self.evidence(one.scale.pitch).at(one.first_s, 2 * self.half, one.scale.tempo) for one in lines]
        log_p = log_p_of(np.stack(heard), self.claimed)
        least = int(log_p.argmin())
        return replace(self.found, line=lines[least], log_p=float(log_p[least])), scales[least][2]

    def _line(self, tempo: float, pitch: float, quarters: int) -> Line:
        shift_s = quarters * SYMBOL_S / 4 * self.middle.scale.tempo
        return Line(self.middle.place, self.middle.first_s + shift_s, Scale(tempo, pitch)).from_symbol(-self.half)


def log_p_of(values: Floats, signs: npt.NDArray[np.int8]) -> npt.NDArray[np.float64]:
    """Natural logarithm of the bound for each line (C, K, B) on one window, over all profiles and parts of the window.

    The whole window has half of the allowance, ten halves and quarters share the rest (a mark may fill only
    part of it). The number of profiles is paid by the caller (`plan.py`).

    Args:
        signs: what is claimed, (K, B); zeros are not listened to.
    """
    if len(signs) < len(_EIGHTHS):
        return np.zeros(values.shape[:-2])
    agree = _over_eighths((values * signs) @ _WEIGHTS)
    power = _over_eighths((values**2 * (signs != 0)) @ _WEIGHTS**2)
    return _log_p_of_parts(_PARTS @ agree / np.sqrt(_PARTS @ power + 1e-9))


def log_p_of_words(values: Floats, chips: Chips, words: npt.NDArray[np.int8]) -> npt.NDArray[np.float64]:
    """`log_p_of` of one line (K, B) as one of each of some payload words (R, 512): every symbol is claimed, (R,)."""
    if len(values) < len(_EIGHTHS):
        return np.zeros(len(words))
    weighted = (values * chips.signs)[..., None] * _WEIGHTS
    slot = np.where(chips.pilot, WORD, chips.code)  # pilots add up behind the payload signs
    slot = slot + (WORD + 1) * np.searchsorted(_edges(len(values))[1:], np.arange(len(values)), "right")[:, None]
    size = len(_EIGHTHS) * (WORD + 1)
    sums = [np.bincount(slot.ravel(), weighted[..., profile].ravel(), size) for profile in range(len(PROFILES))]
    parts = _PARTS @ np.stack(sums).reshape(len(sums), -1, WORD + 1)  # (P, 11, 513)
    agree = parts[..., :WORD] @ words.T.astype(np.float64) + parts[..., WORD:]
    power = _PARTS @ _over_eighths(values**2 @ _WEIGHTS**2)
    return _log_p_of_parts((agree / np.sqrt(power.T[..., None] + 1e-9)).transpose(2, 1, 0))


def _edges(count: int) -> npt.NDArray[np.intp]:
    return (np.arange(len(_EIGHTHS) + 1) * count / len(_EIGHTHS)).astype(np.intp)


def _over_eighths(values: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Sums over each eighth of the symbol times: (..., K, P) -> (..., 8, P)."""
    return np.add.reduceat(values, _edges(values.shape[-2])[:-1], axis=-2, dtype=np.float64)


def _log_p_of_parts(score: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The best of all parts and profiles (..., 11, P), the parts paid for."""
    log_p = log_tail(score).min(axis=-1)
    parts = len(_PARTS) - 1
    return np.asarray(np.minimum(log_p[..., 0] + math.log(2), log_p[..., 1:].min(axis=-1) + math.log(2 * parts)))
