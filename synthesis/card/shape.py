"""How far two readings of one text are apart in spectrum, after their timing has been matched.

Mel-cepstral distortion of 12 coefficients of the 40 bands of `hearing`, dynamic time warping, levels removed.

Shapes: L frames, C coefficients.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct

from synthesis.hearing import FRAME, bands_of, frames_of

Floats = NDArray[np.float32]
_COEFFICIENTS, _EVERY = 12, 2  # frames of 20 ms
_HUSHED_DB = 40.0  # below the loudest frames nothing is compared


def distortion_db(pairs: Sequence[tuple[Floats, Floats]], rates_hz: tuple[int, int]) -> float | None:
    """Mean distortion in dB over pairs of readings (T,), the first of each at the first rate; None without speech."""
    found = [one for left, right in pairs
             if (one := _pair(_cepstra(left, rates_hz[0]), _cepstra(right, rates_hz[1]))) is not None]  # fmt: skip
    return float(np.mean(found)) if found else None


def _cepstra(samples: Floats, rate_hz: int) -> NDArray[np.float64]:
    """(L, C) of the frames that are not hushed, in decibels."""
    frames = frames_of(samples, rate_hz)[::_EVERY]
    if not len(frames):
        return np.zeros((0, _COEFFICIENTS))
    levels = bands_of(np.asarray(frames * np.hanning(FRAME), np.float32))
    loud = levels.mean(axis=1)
    levels = levels[loud > loud.max() - _HUSHED_DB]
    cepstra: NDArray[np.float64] = dct(levels.astype(np.float64), axis=1, norm="ortho")[:, 1 : _COEFFICIENTS + 1]
    return np.asarray(cepstra / np.sqrt(levels.shape[1]), np.float64)


def _pair(left: NDArray[np.float64], right: NDArray[np.float64]) -> float | None:
    if len(left) < 10 or len(right) < 10:
        return None
    apart = np.sqrt(2 * np.square(left[:, None] - right[None]).sum(-1))
    total, steps = apart.copy(), np.ones_like(apart)
    for row in range(len(left)):
        for column in range(len(right)):
            before = [(total[i, j], steps[i, j]) for i, j in
                      ((row - 1, column - 1), (row - 1, column), (row, column - 1)) if i >= 0 and j >= 0]  # fmt: skip
            if before:
                cost, count = min(before)
                total[row, column] += cost
                steps[row, column] += count
    return float(total[-1, -1] / steps[-1, -1])
