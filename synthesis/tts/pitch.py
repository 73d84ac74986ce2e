"""Fundamental frequency of speech, frame by frame, on the model's hop.

For training and enrolment, so that both see the same pitch. Normalised autocorrelation with a
Viterbi path over candidates; it does not handle singing, music or several speakers at once.

Shapes: T samples, L frames, K candidates.
Source: P. Boersma, "Accurate short-term analysis of the fundamental frequency", 1993.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from synthesis.tts.features import HOP, RATE_HZ

LOWEST_HZ, HIGHEST_HZ = 60.0, 500.0
_DOWN = 2
_RATE = RATE_HZ // _DOWN
_WIDTH = 600  # 50 ms: three periods of the lowest pitch
_FFT = 2048
_CANDIDATES = 6
_UNVOICED_STRENGTH = 0.45
_SILENCE = 0.03
_OCTAVE_COST = 0.06
_JUMP_COST = 0.8
_SWITCH_COST = 0.18

Floats = NDArray[np.float32]
Track = tuple[Floats, Floats]  # f0 in Hz and voicing, (L,) each


def track(wave: Floats) -> Track:
    """Pitch of mono sound at 24 kHz.

    Args:
        wave: float32 (T,) in [-1, 1].

    Returns:
        f0 in Hz, above 0 everywhere (bridged in a straight line of log pitch where there is no
        voice; 150 Hz when there is none at all), and voiced, 1 or 0; both float32 (L,).
    """
    lags_hz, strength = _candidates(wave)
    chosen = _path(lags_hz, strength)
    rows = np.arange(len(chosen))
    voiced = chosen < _CANDIDATES
    raw = np.where(voiced, lags_hz[rows, np.minimum(chosen, _CANDIDATES - 1)], 0.0)
    return bridge(raw), voiced.astype(np.float32)


def bridge(raw: NDArray[np.floating]) -> Floats:
    """Fill the zeros of a pitch track from both sides, straight in log pitch."""
    known = np.flatnonzero(raw > 0)
    if known.size == 0:
        return np.full(len(raw), 150.0, np.float32)
    filled = np.interp(np.arange(len(raw)), known, np.log(raw[known]))
    return np.exp(filled).astype(np.float32)


def _candidates(wave: Floats) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Pitch candidates in Hz and their strengths, (L, K) and (L, K + 1); the last is silence."""
    frames = len(wave) // HOP + 1
    low = resample_poly(wave.astype(np.float64), 1, _DOWN)
    low = np.pad(low, (_WIDTH // 2, _WIDTH))
    starts = (np.arange(frames) * HOP) // _DOWN
    cut = np.lib.stride_tricks.sliding_window_view(low, _WIDTH)[starts]
    cut = cut - cut.mean(1, keepdims=True)
    peak = np.abs(cut).max(1)
    window = np.hanning(_WIDTH)
    power = np.abs(np.fft.rfft(cut * window, _FFT)) ** 2
    auto = np.fft.irfft(power)[:, : _WIDTH // 2]
    shape = np.fft.irfft(np.abs(np.fft.rfft(window, _FFT)) ** 2)[: _WIDTH // 2]
    auto = auto / np.maximum(auto[:, :1], 1e-12) / (shape / shape[0])
    return _peaks(auto, peak / max(float(peak.max(initial=0.0)), 1e-6))


def _peaks(
    auto: NDArray[np.float64], loudness: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    first, last = int(_RATE / HIGHEST_HZ), int(_RATE / LOWEST_HZ)
    middle = auto[:, first:last]
    is_peak = (middle > auto[:, first - 1 : last - 1]) & (middle >= auto[:, first + 1 : last + 1])
    lag_hz = _RATE / np.arange(first, last)
    score = np.where(is_peak, middle + _OCTAVE_COST * np.log2(lag_hz / LOWEST_HZ), -1.0)
    best = np.argsort(-score, axis=1, kind="stable")[:, :_CANDIDATES]
    rows = np.arange(len(auto))[:, None]
    left, mid, right = (auto[rows, best + first + k] for k in (-1, 0, 1))
    bend = 2 * mid - left - right
    shift = np.where(bend > 1e-9, np.clip((right - left) / (2 * np.maximum(bend, 1e-9)), -0.5, 0.5), 0.0)
    hz = _RATE / (best + first + shift)
    quiet = np.clip(2.0 - loudness / _SILENCE, 0.0, 2.0)
    unvoiced = _UNVOICED_STRENGTH + quiet
    return hz, np.concatenate([score[rows, best], unvoiced[:, None]], 1)


def _path(hz: NDArray[np.float64], strength: NDArray[np.float64]) -> NDArray[np.int64]:
    """The best way through the candidates; the number K stands for unvoiced."""
    octaves = np.log2(hz)
    total = strength[0].copy()
    came_from = np.zeros(strength.shape, np.int64)
    cost = np.empty((_CANDIDATES + 1, _CANDIDATES + 1))
    cost[-1, :], cost[:, -1] = _SWITCH_COST, _SWITCH_COST
    cost[-1, -1] = 0.0
    for frame in range(1, len(strength)):
        cost[:-1, :-1] = _JUMP_COST * np.abs(octaves[frame - 1][:, None] - octaves[frame][None])
        reach = total[:, None] - cost
        came_from[frame] = reach.argmax(0)
        total = reach.max(0) + strength[frame]
    path = np.empty(len(strength), np.int64)
    path[-1] = int(total.argmax())
    for frame in range(len(strength) - 1, 0, -1):
        path[frame - 1] = came_from[frame, path[frame]]
    return path
