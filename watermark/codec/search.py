"""Where in the pattern a clip lies: every place tried at once by FFT, and every try paid for.

The coarse pass correlates the narrow-band evidence of a window with all 2^20 places of the pilots at two
half-symbol shifts. It only proposes; what counts is the exact score of a proposal, and its p-value pays
for all places, shifts and scales there are, tried or not.

Shapes: K symbol times of a window, B bands, S sequences correlated together, N places.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import fft

from watermark.codec.evidence import Evidence
from watermark.codec.keys import MarkKey
from watermark.codec.pattern import BANDS, LENGTH, NARROW, PILOTS, SALTS, SYMBOL_S, Chips, Pattern

BLOCK = 4096
WINDOW = 1024  # symbol times (20.5 s) in one coarse window at most
STEP = BLOCK - WINDOW
_BLOCKS_AT_ONCE = 9
_SEQUENCES_AT_ONCE = 16
SHIFTS_S = (0.0, SYMBOL_S / 2)
FINE_SHIFTS_S = tuple(SYMBOL_S / 4 * part for part in range(-2, 3))
# How much each band is listened to: everything, the telephone, or mostly the low bands that coarse codecs keep.
PROFILES = {
    "wide": np.repeat([1.0, 0.5], [NARROW, BANDS - NARROW]).astype(np.float32),
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


def _spectra(key: MarkKey) -> npt.NDArray[np.complex64]:
    return _kept_spectra(key) if key.stretches == SALTS else _short_spectra(key)


def _spectra_of(key: MarkKey) -> npt.NDArray[np.complex64]:
    """Spectra of the narrow pilots in overlapping blocks: (frequency, block, band); 120 MB for a whole pattern."""
    pattern = Pattern(key)
    pilots = pattern.pilots(0, pattern.length + BLOCK)[:, :NARROW]
    firsts = np.arange(0, pattern.length, STEP)
    blocks = np.stack([pilots[first : first + BLOCK].T for first in firsts]).astype(np.float32)
    return np.ascontiguousarray(fft.rfft(blocks, axis=2).transpose(2, 0, 1))


_kept_spectra = lru_cache(maxsize=1)(_spectra_of)
_short_spectra = lru_cache(maxsize=128)(_spectra_of)  # 1 MB for a pattern of one stretch


def best_places(key: MarkKey, windows: Floats) -> tuple[Floats, npt.NDArray[np.intp]]:
    """Correlate windows (S, K, 22) with the pilots at every place.

    Returns:
        For each window and each run of 3,072 places the greatest sum of pilots times values and its
        place, (S, 342) both for a whole pattern: enough to propose from, and it keeps the work inside the
        processor's cache.
    """
    clip = np.zeros((BLOCK, NARROW, len(windows)), np.float32)
    clip[: windows.shape[1]] = windows.transpose(1, 2, 0)
    heard = np.conj(fft.rfft(clip, axis=0))
    spectra = _spectra(key)
    scores, places = [], []
    for first in range(0, spectra.shape[1], _BLOCKS_AT_ONCE):
        product = spectra[:, first : first + _BLOCKS_AT_ONCE] @ heard
        sums = fft.irfft(product, BLOCK, axis=0)[:STEP]
        best = sums.argmax(axis=0)
        scores.append(np.take_along_axis(sums, best[None], axis=0)[0])
        places.append(best + STEP * np.arange(first, first + len(best))[:, None])
    return np.concatenate(scores).T, np.concatenate(places).T % Pattern(key).length


@dataclass(frozen=True)
class Proposal:
    """A line worth a closer look, with the score that brought it up (not yet one to build a p-value on)."""

    score: float
    line: Line


def propose(
    key: MarkKey, evidence: Evidence, start_s: float, end_s: float, tempos: Sequence[float], keep: int
) -> list[Proposal]:
    """The `keep` likeliest lines through one window, over both half-symbol shifts and the given tempos."""
    starts = [(tempo, start_s + shift * tempo) for tempo in tempos for shift in SHIFTS_S]
    count = min(int((end_s - start_s) / (SYMBOL_S * min(tempos))) + 1, WINDOW)
    found: list[Proposal] = []
    for first in range(0, len(starts), _SEQUENCES_AT_ONCE):
        some = starts[first : first + _SEQUENCES_AT_ONCE]
        windows = np.stack([_sequence(evidence, at_s, tempo, end_s, count) for tempo, at_s in some])
        scores, places = best_places(key, windows)
        share = PILOTS[0] / NARROW
        scores /= np.sqrt(share * (windows**2).sum(axis=(1, 2)) + 1e-6)[:, None]
        for (tempo, at_s), row, where in zip(some, scores, places, strict=True):
            for index in np.argsort(row)[-keep:]:
                line = Line(int(where[index]), at_s, Scale(tempo, evidence.pitch))
                found.append(Proposal(float(row[index]), line))
    return sorted(found, key=lambda one: -one.score)[:keep]


def _sequence(evidence: Evidence, at_s: float, tempo: float, end_s: float, count: int) -> Floats:
    values = evidence.at(at_s, count, tempo)[:, :NARROW]
    values[max(int((end_s - at_s) / (SYMBOL_S * tempo)) + 1, 0) :] = 0.0
    return values


@dataclass(frozen=True)
class Reading:
    """What a line sees of a clip: values and the chips they should agree with, symbol by symbol."""

    line: Line
    values: Floats  # (K, B)
    chips: Chips

    def score(self, profile: str, signs: npt.NDArray[np.int8] | None = None) -> float:
        """T of the pilots, or of the given signs (K, B) (zero where nothing is claimed), in one profile."""
        claimed = self.chips.signs * self.chips.pilot if signs is None else signs
        heard = self.values * PROFILES[profile]
        norm = float(np.sqrt((heard**2 * (claimed != 0)).sum()))
        return float((heard * claimed).sum()) / norm if norm > 0 else 0.0


def read(key: MarkKey, evidence: Evidence, line: Line, start_s: float, end_s: float) -> Reading:
    """Lay a line over part of a clip."""
    line, count = line.covering(start_s, end_s)
    return Reading(line, evidence.at(line.first_s, count, line.scale.tempo), Pattern(key).chips(line.place, count))
