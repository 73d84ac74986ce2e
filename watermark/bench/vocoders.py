"""Resynthesis without a network: WORLD, and a mel spectrogram inverted by Griffin and Lim."""

import numpy as np
import numpy.typing as npt
from scipy.signal import istft, stft

from watermark.codec.frames import resampled

Floats = npt.NDArray[np.float32]
Sound = tuple[Floats, int]

_ROUNDS = 32


def world_and_back(samples: Floats, rate_hz: int) -> Sound:
    """Pitch, envelope and aperiodicity by WORLD (pyworld), then its synthesis, at 16 kHz."""
    import pyworld  # in the extra `train`

    at_16k = resampled(samples, rate_hz, 16000).astype(np.float64)
    pitch, times = pyworld.harvest(at_16k, 16000)
    envelope = pyworld.cheaptrick(at_16k, pitch, times, 16000)
    breath = pyworld.d4c(at_16k, pitch, times, 16000)
    return pyworld.synthesize(pitch, envelope, breath, 16000)[: len(at_16k)].astype(np.float32), 16000


def _mel(rate_hz: int, n_fft: int, bands: int) -> npt.NDArray[np.float64]:
    edges = 700 * (10 ** (np.linspace(0, 2595 * np.log10(1 + rate_hz / 1400), bands + 2) / 2595) - 1)
    bins = np.arange(n_fft // 2 + 1) * rate_hz / n_fft
    up = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    down = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    return np.maximum(np.minimum(up, down), 0.0)


def mel_and_back(samples: Floats, rate_hz: int, bands: int) -> Sound:
    """Mel magnitudes (1024 / 256 at the clip's rate), pseudo-inverted, phases by 32 rounds of Griffin-Lim."""
    n_fft, hop = 1024, 256
    options = {"nperseg": n_fft, "noverlap": n_fft - hop}
    magnitude = np.abs(stft(samples, **options)[2])
    basis = _mel(rate_hz, n_fft, bands)
    magnitude = np.maximum(np.linalg.pinv(basis) @ (basis @ magnitude), 1e-7)
    phase = np.exp(2j * np.pi * np.random.default_rng(0).random(magnitude.shape))
    for _ in range(_ROUNDS):
        sound = istft(magnitude * phase, **options)[1]
        again = stft(sound, **options)[2][:, : magnitude.shape[1]]
        again = np.pad(again, ((0, 0), (0, magnitude.shape[1] - again.shape[1])))
        phase = np.exp(1j * np.angle(again))
    return istft(magnitude * phase, **options)[1][: len(samples)].astype(np.float32), rate_hz
