"""Pitch and long-term spectrum of a recording: what the humming voice knows of a person.

Plain statistics in numpy, over the voiced frames only. They tell very different voices apart and are
no substitute for a trained speaker encoder.

Shapes: T samples, L frames, N bands (40).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

Floats = NDArray[np.float32]
RATE_HZ, FRAME, HOP = 16_000, 640, 160  # 40 ms and 10 ms: two periods of the lowest voice fit
BANDS = 40
LEAST_VOICED_S = 0.5
_EDGES_HZ = np.concatenate([np.linspace(80, 1000, 13)[:-1], np.geomspace(1000, 7600, BANDS - 10)])
CENTRES_HZ = np.sqrt(_EDGES_HZ[:-2] * _EDGES_HZ[2:])


def generic_db() -> Floats:
    """The spectrum of nobody in particular: level to 500 Hz, then 9 dB less per octave."""
    return np.asarray(-9.0 * np.log2(np.maximum(CENTRES_HZ, 500) / 500), np.float32)


@dataclass(frozen=True, slots=True)
class Traits:
    """What is kept of a person.

    Args:
        f0_hz: median pitch, 50 to 500.
        f0_spread: half the usual range of pitch, natural log, 0 to 0.5.
        spectrum_db: level per band of `CENTRES_HZ`, mean of the first twelve bands at 0.
    """

    f0_hz: float
    f0_spread: float
    spectrum_db: tuple[float, ...]

    @classmethod
    def checked(cls, f0_hz: float, f0_spread: float, spectrum_db: Sequence[float]) -> Traits:
        """From values that come from outside.

        Raises:
            ValueError: a value outside its range or another number of bands.
        """
        bands = tuple(float(level) for level in spectrum_db)
        if not (50 <= f0_hz <= 500 and 0 <= f0_spread <= 0.5 and len(bands) == BANDS):
            raise ValueError("traits out of range")
        if not all(abs(level) <= 120 for level in bands):
            raise ValueError("levels out of range")
        return cls(float(f0_hz), float(f0_spread), bands)

    @classmethod
    def median(cls, heard: Sequence[Traits]) -> Traits:
        """The middle of several; takes that went wrong do not pull it away."""
        bands = np.median([traits.spectrum_db for traits in heard], axis=0)
        return cls(
            f0_hz=float(np.median([traits.f0_hz for traits in heard])),
            f0_spread=float(np.median([traits.f0_spread for traits in heard])),
            spectrum_db=tuple(np.round(bands, 3).tolist()),
        )

    def corrected(self, wanted: Traits, heard: Traits) -> Traits:
        """These traits moved by what is missing between `heard` and `wanted`."""
        bands = np.asarray(self.spectrum_db) + np.asarray(wanted.spectrum_db) - np.asarray(heard.spectrum_db)
        f0_hz = float(np.clip(self.f0_hz * wanted.f0_hz / heard.f0_hz, 50, 500))
        return Traits(f0_hz, wanted.f0_spread, tuple(np.round(np.clip(bands, -110, 40), 3).tolist()))

    def vector(self) -> Floats:
        """Differences from an average voice as a unit vector (N + 1,)."""
        pitch = 12.0 * np.log2(self.f0_hz / 155.0) * 2.5
        shape = np.asarray(self.spectrum_db) - generic_db()
        whole = np.append(shape, pitch)
        return np.asarray(whole / np.linalg.norm(whole), np.float32)


def traits_of(samples: Floats, rate_hz: int) -> Traits | None:
    """Traits of a mono clip (T,), or None with less than half a second of voice in it."""
    frames = _frames(_at_16k(samples, rate_hz))
    if not len(frames):
        return None
    f0, clarity = _pitch(frames)
    power = (frames**2).mean(axis=1)
    voiced = (clarity > 0.5) & (power > 1e-2 * np.quantile(power, 0.95)) & (power > 1e-9)
    if voiced.sum() * HOP < LEAST_VOICED_S * RATE_HZ:
        return None
    logs = np.log(f0[voiced])
    spread = float(np.clip(np.subtract(*np.quantile(logs, [0.85, 0.15])) / 2, 0.02, 0.5))
    return Traits(float(np.clip(np.exp(np.median(logs)), 50, 500)), spread, _bands(frames[voiced]))


def frames_of(samples: Floats, rate_hz: int) -> Floats:
    """Frames of 40 ms every 10 ms, (L, FRAME), of a mono clip (T,) of any rate."""
    return _frames(_at_16k(samples, rate_hz))


def bands_of(frames: Floats) -> Floats:
    """Levels in dB of the bands around CENTRES_HZ of windowed frames, (L, N)."""
    power = np.abs(np.fft.rfft(frames)) ** 2
    shape = _shapes()
    return np.asarray(10 * np.log10(power @ (shape / np.sum(shape, axis=1, keepdims=True)).T + 1e-9), np.float32)


def _at_16k(samples: Floats, rate_hz: int) -> Floats:
    common = gcd(rate_hz, RATE_HZ)
    if rate_hz == RATE_HZ:
        return samples
    return np.asarray(resample_poly(samples, RATE_HZ // common, rate_hz // common), np.float32)


def _frames(samples: Floats) -> Floats:
    if len(samples) < FRAME:
        return np.zeros((0, FRAME), np.float32)
    every: Floats = np.lib.stride_tricks.sliding_window_view(samples, FRAME)
    return every[::HOP]


def _pitch(frames: Floats) -> tuple[Floats, Floats]:
    """Pitch in Hz and its clarity, 0 to 1, of each frame (L,), by autocorrelation from 60 to 400 Hz."""
    centred = (frames - frames.mean(axis=1, keepdims=True)) * np.hanning(FRAME)
    power = np.abs(np.fft.rfft(centred, 2 * FRAME)) ** 2
    correlation = np.fft.irfft(power)[:, : FRAME // 2 + 1]
    hann = np.fft.irfft(np.abs(np.fft.rfft(np.hanning(FRAME), 2 * FRAME)) ** 2)[: FRAME // 2 + 1]
    normal = correlation / np.maximum(correlation[:, :1], 1e-12) / (hann / hann[0])
    low, high = RATE_HZ // 400, RATE_HZ // 60
    range_ = normal[:, low:high]
    # The shortest period that is nearly as clear as the best: longer ones are its multiples.
    best = range_.max(axis=1, keepdims=True)
    lag = (range_ > 0.9 * best).argmax(axis=1)
    while (climb := (lag + 1 < range_.shape[1]) & (_at(range_, lag + 1) > _at(range_, lag))).any():
        lag = lag + climb
    return np.asarray(RATE_HZ / (lag + low), np.float32), np.asarray(best[:, 0], np.float32)


def _at(rows: Floats, columns: NDArray[np.int_]) -> Floats:
    found: Floats = rows[np.arange(len(rows)), np.minimum(columns, rows.shape[1] - 1)]
    return found


def _bands(frames: Floats) -> tuple[float, ...]:
    power = (np.abs(np.fft.rfft(frames * np.hanning(FRAME))) ** 2).mean(axis=0)
    shape = _shapes()
    levels = 10 * np.log10(shape @ power / np.sum(shape, axis=1) + 1e-12)
    return tuple(np.round(levels - levels[:12].mean(), 3).tolist())


def _shapes() -> NDArray[np.float64]:
    """The triangle of each band over the bins of a frame, (N, F)."""
    bins_hz = np.fft.rfftfreq(FRAME, 1 / RATE_HZ)
    return np.array([
        np.interp(bins_hz, [low, middle, high], [0.0, 1.0, 0.0])
        for low, middle, high in zip(_EDGES_HZ[:-2], CENTRES_HZ, _EDGES_HZ[2:], strict=True)
    ])  # fmt: skip
