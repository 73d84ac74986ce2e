"""What the model hears: log-mel frames and energy of a mono clip.

For training, enrolment and the tests, which must all measure sound in the same way. It does not
read files, resample or change levels.

Shapes: B batch, T samples, L frames, F bins (513), M mel bands (100).
"""

import functools

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

RATE_HZ = 24_000
FFT = 1024
HOP = 256
BINS = FFT // 2 + 1
MELS = 100
FLOOR = 1e-5  # log-mel never falls below log(FLOOR)
LEVEL_DB = -26.0  # the level that speech is brought to before anything is measured
NARROW_MELS = 78  # bands wholly below 7 kHz, which every recording carries
NARROW_BANDS = 81  # bands below 7.6 kHz: what a 16 kHz recording carries
_EMPTY_BANDS = 90  # from 8.5 kHz on: below lies the slope of whoever brought it to 16 kHz
_QUIET = -9.5  # log-mel there that says a recording ended at 8 kHz


@functools.cache
def mel_matrix() -> NDArray[np.float32]:
    """Triangular filters on the HTK mel scale, 0 to 12 kHz, peak 1, shape (M, F)."""
    edges_mel = np.linspace(0.0, 2595.0 * np.log10(1.0 + RATE_HZ / 2 / 700.0), MELS + 2)
    edges_hz = 700.0 * (10.0 ** (edges_mel / 2595.0) - 1.0)
    bins_hz = np.linspace(0.0, RATE_HZ / 2, BINS)
    rising = (bins_hz[None] - edges_hz[:-2, None]) / np.diff(edges_hz)[:-1, None]
    falling = (edges_hz[2:, None] - bins_hz[None]) / np.diff(edges_hz)[1:, None]
    return np.maximum(0.0, np.minimum(rising, falling)).astype(np.float32)


@functools.cache
def mel_spread() -> NDArray[np.float32]:
    """Weights that carry M band values back to F bins, each row summing to 1, shape (F, M)."""
    matrix = mel_matrix().T
    total = matrix.sum(1, keepdims=True)
    spread = np.where(total > 0, matrix / np.maximum(total, 1e-9), 0.0)
    spread[0, 0] = spread[-1, -1] = 1.0  # the two edge bins lie outside every triangle
    return spread.astype(np.float32)


def spectrum(wave: Tensor) -> Tensor:
    """Hann STFT of (B, T), one frame centred on every hop: complex (B, L, F), L = T // 256 + 1."""
    window = torch.hann_window(FFT, device=wave.device)
    return torch.stft(wave, FFT, HOP, window=window, center=True, pad_mode="constant",
                      return_complex=True).transpose(1, 2)


def log_mel(wave: Tensor) -> Tensor:
    """Natural-log mel magnitudes (B, L, M) of mono sound (B, T) in [-1, 1] at 24 kHz."""
    matrix = torch.from_numpy(mel_matrix()).to(wave.device)
    return torch.log(torch.clamp(spectrum(wave).abs() @ matrix.T, min=FLOOR))


def energy(mel: Tensor) -> Tensor:
    """Loudness per frame, (..., L): log of the mean mel magnitude in the bands all sources have."""
    return torch.logsumexp(mel[..., :NARROW_MELS], -1) - float(np.log(NARROW_MELS))


def is_narrow(mel: Tensor) -> bool:
    """Whether a recording (L, M) has nothing to say above NARROW_BANDS: nothing above 8.5 kHz but for clicks."""
    return float(mel[:, _EMPTY_BANDS:].quantile(0.9, 0).mean()) < _QUIET


def levelled(clip: NDArray[np.float32], level_db: float = LEVEL_DB) -> NDArray[np.float32]:
    """`clip` (T,) with its speech at `level_db` dBFS RMS, below full scale; silence is left alone.

    Speech is what lies within 35 dB of the loudest 11 ms.
    """
    usable = clip[: len(clip) // HOP * HOP].reshape(-1, HOP).astype(np.float64)
    power = np.square(usable).mean(1)
    loud = power[power > power.max(initial=0.0) * 10**-3.5]
    if loud.size == 0 or loud.mean() < 1e-10:
        return clip
    gain = 10 ** (level_db / 20) / float(np.sqrt(loud.mean()))
    return np.ascontiguousarray(clip * np.float32(min(gain, 0.97 / max(float(np.abs(clip).max()), 1e-9))))
