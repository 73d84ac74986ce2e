"""What the vocoder shapes: a pulse train that follows the pitch, and noise that never changes.

For giving the vocoder its phases, so that it need not invent them. It has no parameters and
no random state: the noise is one fixed circular sound, and a seed only says where it starts,
so the same seed gives the same samples whole or in chunks.

Shapes: B batch, L frames, F bins, T = 256 L samples.
Source: Wang et al., "Neural source-filter waveform models", 2019.
"""

import functools
import math

import numpy as np
import torch
from torch import Tensor

from synthesis.tts.features import FFT, HOP, RATE_HZ

PAD = 2  # frames that the spectrum of a frame reaches to each side
NOISE_FRAMES = 2048  # 22 s, then it repeats
PULSE_SUM = FFT / 2  # magnitudes of one harmonic, summed over the bins of its Hann main lobe
_NOISE_MEAN = math.sqrt(0.375 * FFT) * math.sqrt(math.pi) / 2  # mean magnitude of unit white noise


def advance(f0: Tensor) -> Tensor:
    """Turns between neighbouring frame centres, float64: (..., L) Hz -> (..., L - 1)."""
    exact = f0.double()
    return (exact[..., 1:] + exact[..., :-1]) * (HOP / 2 / RATE_HZ)


def phases(f0: Tensor) -> Tensor:
    """Turns (mod 1) at every frame centre, starting at 0: (B, L) Hz -> (B, L) float64."""
    turns = torch.cumsum(advance(f0), -1)
    return torch.nn.functional.pad(turns, (1, 0)) % 1.0


def pulses(f0: Tensor, start: Tensor) -> Tensor:
    """Spectrum of a pulse train with equally strong harmonics up to 12 kHz.

    Args:
        f0: Hz above 0, (B, L + 2 PAD); the outer frames are context and get no output.
        start: turns at every frame centre, (B, L + 2 PAD), as `phases` gives them.

    Returns:
        complex (B, L, F), mean magnitude near 1.
    """
    ramp = torch.arange(HOP, device=f0.device, dtype=f0.dtype) / RATE_HZ
    here, slope = f0[:, :-1, None], (f0[:, 1:, None] - f0[:, :-1, None]) / (2 * HOP)
    turns = start[:, :-1, None].to(f0.dtype) + here * ramp + slope * ramp * ramp * RATE_HZ
    angle = 2 * math.pi * (turns - torch.round(turns))  # in [-pi, pi]
    count = torch.floor(RATE_HZ / 2 / here)
    half = torch.sin(angle / 2)
    near = half.abs() < 2e-3  # the quotient below loses its digits here; its limit is `count`
    train = torch.sin((count + 0.5) * angle) / (2 * torch.where(near, torch.ones_like(half), half)) - 0.5
    train = torch.where(near, count.expand_as(train), train)
    frames = train.reshape(f0.shape[0], -1).unfold(1, FFT, HOP) * _window(f0.device)
    level = f0[:, PAD:-PAD, None] * (FFT / RATE_HZ / PULSE_SUM)
    return torch.fft.rfft(frames) * level


@functools.cache
def _noise_table() -> Tensor:
    wave = np.random.default_rng(20_261_121).standard_normal(NOISE_FRAMES * HOP).astype(np.float32)
    looped = torch.from_numpy(np.concatenate([wave, wave[: FFT - HOP]]))
    return torch.fft.rfft(looped.unfold(0, FFT, HOP) * torch.hann_window(FFT)) / _NOISE_MEAN


def noise(first: int, frames: int, device: torch.device) -> Tensor:
    """Frames of the fixed noise from number `first` on, circular: complex (frames, F)."""
    rows = (torch.arange(frames) + first) % NOISE_FRAMES
    return _noise_table()[rows].to(device)


def _window(device: torch.device) -> Tensor:
    return torch.hann_window(FFT, device=device)
