"""How loud a clip is: peak, level, and loudness as broadcasting measures it.

Shape letters: T samples, C channels. Nothing here changes a clip but `to_loudness`.
Source: ITU-R BS.1770-4, annex 1 (K-weighting, gating at -70 LUFS and 10 LU below the ungated mean). The two filters
are given there for 48 kHz only; for other rates the analogue prototypes behind them are used again.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from .clip import Clip

SILENCE_DB = -120.0  # what digital silence is reported as: no level is below
_BLOCK_S, _HOP_S = 0.4, 0.1
_GATE_LUFS, _GATE_RELATIVE_LU = -70.0, -10.0
_OFFSET_LUFS = -0.691  # makes a full-scale 997 Hz sine on one channel read -3.01 LUFS

Biquad = tuple[NDArray[np.float64], NDArray[np.float64]]


def peak_db(clip: Clip) -> float:
    """The largest sample, in dB under full scale (0 is full scale)."""
    return _db(float(np.max(np.abs(clip.samples), initial=0.0)) ** 2)


def level_db(clip: Clip) -> float:
    """Root mean square over all samples and channels, in dB under full scale; a full-scale sine is -3.01."""
    samples = clip.samples.astype(np.float64)
    return _db(float(np.mean(samples**2)) if samples.size else 0.0)


def loudness_lufs(clip: Clip) -> float:
    """Integrated loudness in LUFS; SILENCE_DB when nothing passes the gate.

    A clip shorter than one block of 0.4 s is measured as a single block.
    """
    blocks = _block_powers(clip)
    loud = blocks[_lufs(blocks) > _GATE_LUFS]
    if loud.size == 0:
        return SILENCE_DB
    gate = _lufs(loud.mean()) + _GATE_RELATIVE_LU
    return float(_lufs(loud[_lufs(loud) > gate].mean()))


def to_loudness(clip: Clip, target_lufs: float, ceiling_db: float = -1.0) -> Clip:
    """The clip at `target_lufs`, or as near as its peak may rise to `ceiling_db`; silence stays silence."""
    now = loudness_lufs(clip)
    if now <= SILENCE_DB:
        return clip
    gain_db = min(target_lufs - now, ceiling_db - peak_db(clip))
    return Clip(clip.samples * np.float32(10 ** (gain_db / 20)), clip.rate_hz)


def _block_powers(clip: Clip) -> NDArray[np.float64]:
    weighted = np.atleast_2d(clip.samples).astype(np.float64)
    for numerator, denominator in (_shelf(clip.rate_hz), _high_pass(clip.rate_hz)):
        weighted = lfilter(numerator, denominator, weighted, axis=-1)
    power = (weighted**2).sum(axis=0)  # (T,): channels add up
    size, hop = round(_BLOCK_S * clip.rate_hz), round(_HOP_S * clip.rate_hz)
    if power.size <= size:
        return np.array([power.mean()] if power.size else [])
    total = np.concatenate([[0.0], np.cumsum(power)])
    starts = np.arange(0, power.size - size + 1, hop)
    return np.asarray((total[starts + size] - total[starts]) / size)


def _lufs(power: NDArray[np.float64] | np.float64) -> NDArray[np.float64]:
    return np.asarray(_OFFSET_LUFS + 10 * np.log10(np.maximum(power, 1e-30)))


def _db(power: float) -> float:
    return max(SILENCE_DB, float(10 * np.log10(max(power, 1e-30))))


def _shelf(rate_hz: int) -> Biquad:
    # The head's effect: +4 dB above 1.7 kHz. Constants are the prototype that yields the standard's 48 kHz table.
    k = np.tan(np.pi * 1681.974450955533 / rate_hz)
    high, q = 10 ** (3.999843853973347 / 20), 0.7071752369554196
    mid = high**0.4996667741545416
    a0 = 1 + k / q + k * k
    numerator = np.array([high + mid * k / q + k * k, 2 * (k * k - high), high - mid * k / q + k * k]) / a0
    return numerator, np.array([1.0, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0])


def _high_pass(rate_hz: int) -> Biquad:
    k = np.tan(np.pi * 38.13547087602444 / rate_hz)
    q = 0.5003270373238773
    a0 = 1 + k / q + k * k
    return np.array([1.0, -2.0, 1.0]), np.array([1.0, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0])
