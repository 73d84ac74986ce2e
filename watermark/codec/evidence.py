"""From log energies to evidence: for each symbol a number that leans towards its sign.

One fixed two-dimensional filter does the first half: it matches the shape a symbol leaves in the log spectrum
and whitens what speech and codecs leave there. It was fitted once by least squares on speech through
codecs (`watermark/bench/front_end.py`). Each band is then scaled to its own spread and clipped, so that no single
patch outvotes the others. The second half is a small network (`network.py`) that says how much of this to believe.
Neither has ever seen a key, so they cannot disturb the p-value.

Shapes: L frames (100 a second), C cells, B bands.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.ndimage import correlate1d

from watermark.codec.frames import CELLS, FRAMES_HZ, cell_energies, floors, log_cells
from watermark.codec.network import PLANES, listened, released
from watermark.codec.pattern import BANDS, SYMBOL_S

CLIP = 3.0
LEAST_SPREAD = 0.02  # of the filter's output in dead bands and digital silence
_RANK = 3

Floats = npt.NDArray[np.float32]


@lru_cache(maxsize=1)
def separable() -> list[tuple[Floats, Floats]]:
    """The filter as pairs (taps over time (17,), matrix over frequency (C, B))."""
    kernel = np.load(Path(__file__).with_name("front_end.npy"))
    left, size, right = np.linalg.svd(kernel)
    half = kernel.shape[1] // 2
    pairs = []
    for rank in range(_RANK):
        matrix = np.zeros((CELLS + 2 * half, BANDS), np.float32)
        for band in range(BANDS):
            matrix[2 * band : 2 * band + kernel.shape[1], band] = right[rank]
        inner = matrix[half:-half]
        inner[0] += matrix[:half].sum(axis=0)  # beyond the edge the last cell is repeated
        inner[-1] += matrix[-half:].sum(axis=0)
        pairs.append(((left[:, rank] * size[rank]).astype(np.float32), inner.copy()))
    return pairs


@dataclass(frozen=True)
class Evidence:
    """What one clip says about every band at every 10 ms, were its pitch changed by `pitch`."""

    values: Floats  # (L, B), -1 to 1; by the filter alone clipped to +-3
    pitch: float = 1.0

    @property
    def length_s(self) -> float:
        """Seconds covered."""
        return len(self.values) / FRAMES_HZ

    def at(self, first_s: float, count: int, tempo: float = 1.0) -> Floats:
        """Values at `count` symbol times from `first_s` on, when time runs `tempo` times as long: (count, B).

        Times outside the clip give zeros, which weigh nothing.
        """
        frame = (first_s + np.arange(count) * SYMBOL_S * tempo) * FRAMES_HZ
        whole = np.floor(frame).astype(np.intp)
        part = (frame - whole).astype(np.float32)[:, None]
        inside = (whole >= 0) & (whole < len(self.values))
        low = self.values[np.where(inside, whole, 0)]
        high = self.values[np.where(inside, np.minimum(whole + 1, len(self.values) - 1), 0)]
        return np.asarray(((1 - part) * low + part * high) * inside[:, None], np.float32)


def evidence_of(spectrum: Floats, pitch: float = 1.0) -> Evidence:
    """Evidence from a power spectrum of `frames.power` (L, 321), by the filter alone: cheap."""
    cells = log_cells(spectrum, pitch)
    return Evidence(np.clip(_scaled(_filtered(cells - cells.mean(axis=0)).sum(axis=0))[0], -CLIP, CLIP), pitch)


def judged(spectrum: Floats, pitch: float = 1.0) -> Evidence:
    """Evidence from a power spectrum (L, 321), each patch as the network judges it: what a detector reads."""
    return Evidence(listened(*planes(cell_energies(spectrum, pitch)), released()), pitch)


def _filtered(cells: Floats) -> Floats:
    """What each rank of the filter says of cells (L, C) without their mean: (3, L, B)."""
    return np.stack([correlate1d(cells @ matrix, taps, axis=0, mode="nearest") for taps, matrix in separable()])


def _scaled(heard: Floats) -> tuple[Floats, Floats]:
    """Each band over its own spread (L, B), and the spreads (B,)."""
    spread = np.maximum(1.25 * np.abs(heard).mean(axis=0), LEAST_SPREAD)
    return heard / spread, spread


def planes(energy: Floats) -> tuple[Floats, Floats]:
    """What the network is shown of energies (L, C): planes (10, L, B), and the filter's evidence (L, B).

    The filter and two of its parts; the two cells of a band; how high the band stands over the frame and over its own
    floor; and of the whole clip, how much the filter's output spreads there, how high the band stands, and which it is.
    """
    loud, frame = floors(energy)
    cells = np.log(energy + loud + frame + np.float32(1e-12))
    heights = cells - np.log(frame + np.float32(1e-12)), cells - np.log(loud + np.float32(1e-12))
    over_frame, over_band = (_pairs(np.clip(height, 0.0, 10.0)).mean(axis=0) for height in heights)
    mean = cells.mean(axis=0)
    parts = _filtered(cells - mean)
    base, spread = _scaled(parts.sum(axis=0))
    shown = np.empty((PLANES, *base.shape), np.float32)
    shown[0] = base = np.clip(base, -CLIP, CLIP)
    shown[1:3] = np.clip(parts[:2] / spread, -2 * CLIP, 2 * CLIP)
    shown[3:5] = np.clip(_pairs(cells - mean), -5.0, 5.0)
    shown[5], shown[6] = 0.5 * over_frame - 1.0, 0.25 * over_band - 1.0
    shown[7], shown[8] = np.log(spread), 0.5 * over_frame.mean(axis=0) - 1.0
    shown[9] = np.linspace(-1.0, 1.0, BANDS)
    return shown, base


def _pairs(cells: Floats) -> Floats:
    """The lower and the upper cell of each band: (L, C) -> (2, L, B)."""
    return cells.reshape(len(cells), BANDS, 2).transpose(2, 0, 1)


def active(spectrum: Floats) -> npt.NDArray[np.bool_]:
    """Which frames (L,) hold sound that could carry a mark: within 40 dB of the loud ones, not silence.

    Full scale is 1; frames below about -75 dBFS are silence whatever their neighbours are.
    """
    level = spectrum[:, 12:136].sum(axis=1)
    if not level.any():
        return np.zeros(len(level), bool)
    return np.asarray(level > max(float(np.quantile(level, 0.95)) * 1e-4, 1e-3), np.bool_)


def markable_s(spectrum: Floats) -> float:
    """Seconds of `active` sound."""
    return float(active(spectrum).sum()) / FRAMES_HZ
