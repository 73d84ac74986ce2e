"""Sound to spectrum and back, and sound to the log energies the detector reads.

Analysis sees what 16 kHz show, whatever the rate of the clip; a telephone clip simply has nothing above 4 kHz.

Shapes: T samples, L frames, F bins, C cells (70 Hz wide, two per band).
"""

from functools import lru_cache
from math import gcd

import numpy as np
import numpy.typing as npt
from scipy import fft
from scipy.signal import resample_poly

from watermark.codec.pattern import BAND_HZ, BANDS, LOWEST_HZ

ANALYSIS_HZ = 16_000
FRAME = 640
BINS = FRAME // 2 + 1
HOP = 160  # 10 ms: two frames per symbol
FRAMES_HZ = ANALYSIS_HZ / HOP
CELL_HZ = BAND_HZ / 2
CELLS = 2 * BANDS
_BLOCK = 128  # frames at once, which fit a processor's cache

Floats = npt.NDArray[np.float32]


def resampled(samples: Floats, rate_hz: int, to_hz: int) -> Floats:
    """Mono float32 (T,) at another rate; the same object when the rates agree."""
    if rate_hz == to_hz:
        return samples
    common = gcd(rate_hz, to_hz)
    return np.asarray(resample_poly(samples, to_hz // common, rate_hz // common), np.float32)


@lru_cache(maxsize=8)
def hann(size: int) -> Floats:
    """A periodic Hann window."""
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)).astype(np.float32)


def power(samples: Floats, rate_hz: int) -> Floats:
    """Power spectrum (L, 321) at 100 frames a second, as at 16 kHz; zero above half the rate of the clip.

    Where a frame of 40 ms is a whole number of samples, its bins are 25 Hz apart at any rate, and nothing needs
    to be resampled.
    """
    samples = np.asarray(samples, np.float32)
    if rate_hz % 100:
        samples, rate_hz = resampled(samples, rate_hz, ANALYSIS_HZ), ANALYSIS_HZ
    frame, hop = rate_hz // 25, rate_hz // 100
    padded = np.pad(samples, (frame // 2, frame // 2 + hop))
    every = np.lib.stride_tricks.sliding_window_view(padded, frame)[: len(samples) + 1 : hop]
    bins, scale = min(BINS, frame // 2 + 1), np.float32((FRAME / frame) ** 2)
    found = np.zeros((len(every), BINS), np.float32)
    for first in range(0, len(every), _BLOCK):
        spectrum = fft.rfft(every[first : first + _BLOCK] * hann(frame), axis=1)[:, :bins]
        found[first : first + _BLOCK, :bins] = scale * (spectrum.real**2 + spectrum.imag**2)
    return found


@lru_cache(maxsize=256)
def cell_weights(pitch: float) -> Floats:
    """Which bins make up each cell when all frequencies were multiplied by `pitch`: (321, C)."""
    bins_hz = np.arange(FRAME // 2 + 1) * ANALYSIS_HZ / FRAME / pitch
    centres = LOWEST_HZ + CELL_HZ * (np.arange(CELLS) + 0.5)
    away = np.abs(bins_hz[:, None] - centres) / CELL_HZ
    weights = np.maximum(1.0 - away, 0.0)
    return weights.astype(np.float32)


def cell_energies(spectrum: Floats, pitch: float = 1.0) -> Floats:
    """Energy of each cell (L, C) of a power spectrum (L, 321), were all frequencies multiplied by `pitch`."""
    return np.asarray(spectrum @ cell_weights(round(pitch, 4)), np.float32)


def floors(energy: Floats) -> tuple[Floats, Floats]:
    """What keeps the noise of an empty patch from weighing as much as speech does, of each band (C,) and frame (L, 1).

    30 dB below a band's loud frames, and 12 dB below the mean of the frame.
    """
    loud, mean = np.quantile(energy, 0.9, axis=0), energy.mean(axis=1, keepdims=True)
    return loud * np.float32(1e-3), mean * np.float32(10**-1.2)


def log_cells(spectrum: Floats, pitch: float = 1.0) -> Floats:
    """Log energies (L, C) above floors that quiet frames and quiet bands do not cross."""
    energy = cell_energies(spectrum, pitch)
    loud, frame = floors(energy)
    return np.asarray(np.log(energy + loud + frame + 1e-12), np.float32)
