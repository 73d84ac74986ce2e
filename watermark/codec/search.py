"""Where in the pattern a clip lies: every place tried at once by FFT, and every try paid for.

The coarse pass correlates the narrow-band evidence of a window with all 2^20 places of the pilots at two
half-symbol shifts. It only proposes; what counts is the exact score of a proposal, and its p-value pays
for all places, shifts and scales there are, tried or not.

Shapes: K symbol times of a window, B bands, S sequences correlated together, N places.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import fft

from watermark.codec.evidence import Evidence
from watermark.codec.keys import MarkKey
from watermark.codec.pattern import BANDS, LENGTH, NARROW, SYMBOL_S, Chips, Pattern

BLOCK = 4096
WINDOW = 1024  # symbol times (20.5 s) in one coarse window at most
STEP = BLOCK - WINDOW
SHIFTS_S = (0.0, SYMBOL_S / 2)
FINE_SHIFTS_S = tuple(SYMBOL_S / 4 * part for part in range(-2, 3))
# Which bands may be heard: all, those of the telephone, the low ones a coarse speech codec keeps.
PROFILES = {"wide": slice(0, BANDS), "narrow": slice(0, NARROW), "low": slice(0, 12)}

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


@lru_cache(maxsize=1)
def _spectra(key: MarkKey) -> npt.NDArray[np.complex64]:
    """Spectra of the narrow pilots in overlapping blocks: (frequency, block, band); 120 MB, kept for one key."""
    pilots = Pattern(key).pilots(0, LENGTH + BLOCK)[:, :NARROW]
    firsts = np.arange(0, LENGTH, STEP)
    blocks = np.stack([pilots[first : first + BLOCK].T for first in firsts]).astype(np.float32)
    return np.ascontiguousarray(fft.rfft(blocks, axis=2).transpose(2, 0, 1))


def correlate(key: MarkKey, windows: Floats) -> Floats:
    """Sum of pilots times values at every place: (S, K, 22) -> (S, LENGTH)."""
    clip = np.zeros((BLOCK, NARROW, len(windows)), np.float32)
    clip[: windows.shape[1]] = windows.transpose(1, 2, 0)
    product = _spectra(key) @ np.conj(fft.rfft(clip, axis=0))
    at_places = fft.irfft(product, BLOCK, axis=0)[:STEP]
    return at_places.transpose(2, 1, 0).reshape(len(windows), -1)[:, :LENGTH]


def propose(
    key: MarkKey, evidence: Evidence, start_s: float, end_s: float, tempos: list[float], keep: int
) -> list[Line]:
    """The `keep` likeliest lines through one window, over both half-symbol shifts and the given tempos."""
    found: list[tuple[float, Line]] = []
    for tempo in tempos:
        count = min(int((end_s - start_s) / (SYMBOL_S * tempo)) + 1, WINDOW)
        windows = np.stack([evidence.at(start_s + shift * tempo, count, tempo)[:, :NARROW] for shift in SHIFTS_S])
        scores = correlate(key, windows)
        norms = np.sqrt((windows**2).sum(axis=(1, 2)) / 2) + 1e-6
        for shift, row in zip(SHIFTS_S, scores / norms[:, None], strict=True):
            best = np.argpartition(row, -keep)[-keep:]
            scale = Scale(tempo, evidence.pitch)
            found += [(float(row[i]), Line(int(i), start_s + shift * tempo, scale)) for i in best]
    found.sort(key=lambda item: -item[0])
    return [line for _, line in found[:keep]]


@dataclass(frozen=True)
class Reading:
    """What a line sees of a clip: values and the chips they should agree with, symbol by symbol."""

    line: Line
    values: Floats  # (K, B)
    chips: Chips

    def score(self, profile: str, signs: npt.NDArray[np.int8] | None = None) -> float:
        """T of the pilots, or of the given signs (K, B) (zero where nothing is claimed), in one profile."""
        bands = PROFILES[profile]
        claimed = (self.chips.signs * self.chips.pilot if signs is None else signs)[:, bands]
        values = self.values[:, bands]
        norm = float(np.sqrt((values**2 * (claimed != 0)).sum()))
        return float((values * claimed).sum()) / norm if norm > 0 else 0.0


def read(key: MarkKey, evidence: Evidence, line: Line, start_s: float, end_s: float) -> Reading:
    """Lay a line over part of a clip."""
    line, count = line.covering(start_s, end_s)
    return Reading(line, evidence.at(line.first_s, count, line.scale.tempo), Pattern(key).chips(line.place, count))
